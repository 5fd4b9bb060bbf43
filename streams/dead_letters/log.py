"""The dead letters' topic on the brokers: read to its end, and single records fetched from it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.brokers import connected
from streams.dead_letters.letters import Standing
from streams.engine.clients import Clients, close_reader
from streams.engine.records import SourceRecord, hand_out_as_made
from streams.failures import Failure
from streams.security import client_security
from streams.settings import Settings
from streams.topics import DEAD, full_name
from streams.topics_admin import found_topics, partition_counts

STALL_SECONDS = 30.0
"""Longer than any transaction keeps readers waiting, unless a client left one open."""

NEAR = 2_000
"""So many records further on are sooner read over than sought."""

Ends = Mapping[int, int]
"""Partition to offset."""


class DeadLetterLog:
    """A reader of the topic; made by `opened`.

    Attributes
    ----------
    partitions : mapping of str to int
        How many partitions each topic of the brokers has, by full name.
    clients : Clients
    """

    def __init__(
        self, reader: AIOKafkaConsumer, clients: Clients, name: str, partitions: Mapping[str, int], *, exact: bool
    ) -> None:
        self.partitions = partitions
        self.clients = clients
        self._reader = reader
        self._name = name
        self._exact = exact

    async def read(self, standing: Standing, only: Iterable[int] | None = None) -> Ends:
        """Take all that is committed now into `standing`; return where that ends.

        Parameters
        ----------
        only : iterable of int, optional
            The partitions to read; all by default.
        """
        numbers = range(self.partitions[self._name]) if only is None else sorted(only)
        places = [TopicPartition(self._name, number) for number in numbers]
        self._reader.assign(places)
        starts = await self._reader.beginning_offsets(places)
        ends = await self._reader.end_offsets(places)
        return await self._read(standing, starts, ends)

    async def read_on(self, standing: Standing, since: Ends) -> None:
        """Take what came after `since` into `standing`, open transactions included once they have ended.

        Raises
        ------
        Failure
            A transaction stays open.
        """
        async with _started(self.clients.reader(committed_only=False)) as uncommitted:
            places = [TopicPartition(self._name, number) for number in since]
            ends = await uncommitted.end_offsets(places)
        self._reader.assign(places)
        starts = {place: since[place.partition] for place in places}
        try:
            await self._read(standing, starts, ends)
        except TimeoutError:
            raise Failure(
                f"{self._name}: a transaction on it has been open for {STALL_SECONDS:g} s, so it is not known what was "
                "replayed; nothing was sent: try again when it has ended (transaction.max.timeout.ms)"
            ) from None

    async def _read(
        self, standing: Standing, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> Ends:
        reader, ends = self._reader, dict(ends)
        for place, start in starts.items():
            reader.seek(place, start)
        left = {place for place, start in starts.items() if start < ends[place]} if self._exact else set(starts)
        reader.pause(*starts.keys() - left)
        async with asyncio.timeout(STALL_SECONDS) as stalled:
            while left:
                before = {place: await reader.position(place) for place in left}
                fetched = await reader.getmany(*left, timeout_ms=200)
                for place, records in fetched.items():
                    for record in records:
                        if record.offset < ends[place] or not self._exact:
                            standing.take(place.partition, record)
                for place in tuple(left):
                    position = await reader.position(place)
                    if not self._exact:
                        ends[place] = max(ends[place], reader.highwater(place) or 0)
                    if position != before[place]:
                        stalled.reschedule(asyncio.get_running_loop().time() + STALL_SECONDS)
                    if position >= ends[place]:
                        left.remove(place)
                        reader.pause(place)
        return {place.partition: end for place, end in ends.items()}

    async def records(self, places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], SourceRecord]:
        """Return the records at these partitions and offsets; what compaction has removed is left out."""
        found: dict[tuple[int, int], SourceRecord] = {}
        wanted: dict[int, list[int]] = {}
        for partition, offset in sorted(places):
            wanted.setdefault(partition, []).append(offset)
        for partition, offsets in wanted.items():
            place = TopicPartition(self._name, partition)
            self._reader.assign([place])
            for some in _runs(offsets):
                for record in await self._run(place, some):
                    found[partition, record.offset] = record
        return found

    async def _run(self, place: TopicPartition, offsets: list[int]) -> list[SourceRecord]:
        reader, wanted = self._reader, frozenset(offsets)
        found: list[SourceRecord] = []
        reader.seek(place, offsets[0])
        async with asyncio.timeout(STALL_SECONDS) as stalled:
            while await reader.position(place) <= offsets[-1]:
                fetched = await reader.getmany(place, timeout_ms=200, max_records=NEAR)
                if fetched:
                    stalled.reschedule(asyncio.get_running_loop().time() + STALL_SECONDS)
                found += [record for record in fetched.get(place, ()) if record.offset in wanted]
        return found


def _runs(offsets: list[int]) -> Iterator[list[int]]:
    """Split sorted offsets where the next one is far."""
    run: list[int] = []
    for offset in offsets:
        if run and offset - run[-1] > NEAR:
            yield run
            run = []
        run.append(offset)
    if run:
        yield run


@asynccontextmanager
async def _started(reader: AIOKafkaConsumer) -> AsyncIterator[AIOKafkaConsumer]:
    try:
        await reader.start()
        yield reader
    finally:
        await close_reader(reader)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[DeadLetterLog]:
    """Give the log for the length of an ``async with`` block.

    Raises
    ------
    BrokerUnreachable
        No broker answers in time, or none lets us in.
    NotAllowed
        In the block, something was asked that we have no right to.
    Failure
        The topic does not exist.
    """
    name, exact = full_name(settings.namespace, DEAD.name), settings.guarantee == "exactly_once"
    clients = Clients(
        bootstrap=settings.broker,
        group=full_name(settings.namespace, DEAD.name),
        transaction_timeout_s=settings.transaction_timeout_s,
        idempotent=exact,
        security=client_security(settings),
    )
    async with connected(settings) as admin:
        partitions = await partition_counts(admin)
        if name not in partitions:
            await found_topics(settings)  # tells when it is only hidden from us
            raise Failure(f"topic {name}: does not exist; check --namespace, or make it: goldstream topics create")
        async with _started(clients.reader(committed_only=exact)) as reader:
            hand_out_as_made(reader)
            yield DeadLetterLog(reader, clients, name, partitions, exact=exact)

"""The dead letters' topic on the brokers: read to its end, and single records fetched from it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager

from aiokafka import TopicPartition

from streams import namespace, reading
from streams.dead_letters.letters import Standing
from streams.engine.records import SourceRecord
from streams.failures import Failure
from streams.namespace import Namespace
from streams.reading import Ends, TopicReader
from streams.settings import Settings
from streams.topics import DEAD

NEAR = 2_000
"""So many records further on are sooner read over than sought."""


class DeadLetterLog:
    """A reader of the topic; made by `opened`.

    Attributes
    ----------
    namespace : Namespace
    """

    def __init__(self, reader: TopicReader, namespace: Namespace) -> None:
        self.namespace = namespace
        self._reader = reader
        self._name = namespace.full(DEAD.name)

    @property
    def partitions(self) -> int:
        """How many the topic has."""
        return self.namespace.partitions[DEAD.name]

    async def read(self, standing: Standing, only: Iterable[int] | None = None) -> Ends:
        """Take all that is committed now into `standing`; return where that ends.

        Parameters
        ----------
        only : iterable of int, optional
            The partitions to read; all by default.
        """
        numbers = range(self.partitions) if only is None else sorted(only)
        return await self._reader.read(self._name, numbers, standing.take)

    async def read_on(self, standing: Standing, since: Ends) -> None:
        """Take what came after `since` into `standing`, open transactions included once they have ended.

        Raises
        ------
        Failure
            A transaction stays open.
        """
        try:
            await self._reader.read(self._name, since, standing.take, since=since, with_open=True)
        except TimeoutError:
            raise Failure(
                f"{self._name}: a transaction on it has been open for {reading.STALL_SECONDS:g} s, so it is not known "
                "what was replayed; nothing was sent: try again when it has ended (transaction.max.timeout.ms)"
            ) from None

    async def records(self, places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], SourceRecord]:
        """Return the records at these partitions and offsets; what compaction has removed is left out."""
        found: dict[tuple[int, int], SourceRecord] = {}
        wanted: dict[int, list[int]] = {}
        for partition, offset in sorted(places):
            wanted.setdefault(partition, []).append(offset)
        for partition, offsets in wanted.items():
            place = TopicPartition(self._name, partition)
            self._reader.consumer.assign([place])
            for some in _runs(offsets):
                for record in await self._run(place, some):
                    found[partition, record.offset] = record
        return found

    async def _run(self, place: TopicPartition, offsets: list[int]) -> list[SourceRecord]:
        reader, wanted = self._reader.consumer, frozenset(offsets)
        found: list[SourceRecord] = []
        reader.seek(place, offsets[0])
        async with asyncio.timeout(reading.STALL_SECONDS) as stalled:
            while await reader.position(place) <= offsets[-1]:
                fetched = await reader.getmany(place, timeout_ms=200, max_records=NEAR)
                if fetched:
                    stalled.reschedule(asyncio.get_running_loop().time() + reading.STALL_SECONDS)
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
async def opened(settings: Settings) -> AsyncIterator[DeadLetterLog]:
    """Give the log for the length of an ``async with`` block; raises what `streams.namespace.opened` does."""
    async with namespace.opened(settings, DEAD.name, [DEAD.name]) as there, there.reading() as reader:
        yield DeadLetterLog(reader, there)

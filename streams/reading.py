"""Topics on the brokers, read to where they end, whatever clients have put in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.engine.clients import Clients, close_reader
from streams.engine.records import SourceRecord, hand_out_as_made

STALL_SECONDS = 30.0
"""Longer than any transaction keeps readers waiting, unless a client left one open."""

Ends = Mapping[int, int]
"""Partition to offset."""

Take = Callable[[int, SourceRecord], None]
"""Takes a record and the partition that it is in."""


class TopicReader:
    """A consumer without a group; made by `reading`.

    Attributes
    ----------
    consumer : AIOKafkaConsumer
        Started; what it reads is bounded, as `streams.engine.fetched` has it.
    """

    def __init__(self, consumer: AIOKafkaConsumer, clients: Clients, *, exact: bool) -> None:
        self.consumer = consumer
        self._clients = clients
        self._exact = exact

    async def read(
        self,
        topic: str,
        partitions: Iterable[int],
        take: Take,
        *,
        since: Ends | None = None,
        with_open: bool = False,
    ) -> Ends:
        """Hand all that is committed now to `take`, in the order of each partition; return where that ends.

        Parameters
        ----------
        topic : str
            Its full name.
        since : mapping of int to int, optional
            Where to begin; at the beginning by default.
        with_open : bool
            Whether to wait for transactions that are open now, and take what they commit.

        Raises
        ------
        TimeoutError
            Nothing came for `STALL_SECONDS`: with open transactions, one of them has not ended.
        """
        places = [TopicPartition(topic, number) for number in partitions]
        self.consumer.assign(places)
        if since is None:
            starts = await self.consumer.beginning_offsets(places)
        else:
            starts = {place: since[place.partition] for place in places}
        if with_open and self._exact:
            async with _started(self._clients.reader(committed_only=False)) as uncommitted:
                ends = await uncommitted.end_offsets(places)
        else:
            ends = await self.consumer.end_offsets(places)
        return await self._read(take, starts, ends)

    async def _read(self, take: Take, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]) -> Ends:
        reader, ends = self.consumer, dict(ends)
        for place, start in starts.items():
            reader.seek(place, start)
        # A broker without transactions may tell an end that is before the last record: what it fetches tells more.
        left = {place for place, start in starts.items() if start < ends[place]} if self._exact else set(starts)
        reader.pause(*starts.keys() - left)
        async with asyncio.timeout(STALL_SECONDS) as stalled:
            while left:
                before = {place: await reader.position(place) for place in left}
                fetched = await reader.getmany(*left, timeout_ms=200)
                for place, records in fetched.items():
                    for record in records:
                        if record.offset < ends[place] or not self._exact:
                            take(place.partition, record)
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


@asynccontextmanager
async def reading(clients: Clients, *, exact: bool) -> AsyncIterator[TopicReader]:
    """Give a reader for the length of an ``async with`` block.

    Parameters
    ----------
    exact : bool
        Whether the brokers have transactions, and tell where a partition ends.
    """
    async with _started(clients.reader(committed_only=exact)) as consumer:
        hand_out_as_made(consumer)
        yield TopicReader(consumer, clients, exact=exact)


@asynccontextmanager
async def _started(reader: AIOKafkaConsumer) -> AsyncIterator[AIOKafkaConsumer]:
    try:
        await reader.start()
        yield reader
    finally:
        await close_reader(reader)

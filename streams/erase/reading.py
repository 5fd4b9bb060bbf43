"""Topics read from their beginning to where they end now."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

from aiokafka import TopicPartition

from streams.erase.namespace import Namespace


async def records(namespace: Namespace, topic: str, partitions: Iterable[int]) -> AsyncIterator[list[Any]]:
    """Yield the committed records of some partitions, in the order of each, some at a time.

    Raises
    ------
    aiokafka.errors.TopicAuthorizationFailedError
        We may not read the topic.
    """
    async with namespace.reader() as reader:
        places = [TopicPartition(namespace.full(topic), number) for number in partitions]
        reader.assign(places)
        begins, ends = await reader.beginning_offsets(places), await reader.end_offsets(places)
        for place in places:
            reader.seek(place, begins[place])
        left = {place for place in places if begins[place] < ends[place]}
        while left:
            for place, some in (await reader.getmany(*left, timeout_ms=200)).items():
                yield [record for record in some if record.offset < ends[place]]
            left = {place for place in left if await reader.position(place) < ends[place]}

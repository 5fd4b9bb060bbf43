"""What the sides do not write: dead letters that name the id, and what producers and gold keepers wrote."""

from __future__ import annotations

import asyncio

from aiokafka import errors as kafka

from streams.engine.routing import partition_of
from streams.erase.namespace import Namespace
from streams.erase.naming import Names
from streams.erase.reading import records
from streams.events import DEAD_LETTERS


async def erase_letters(namespace: Namespace, names: Names) -> int:
    """Write a null over every dead letter that names the id, and return how many there were."""
    found: dict[tuple[int, bytes], bool] = {}
    async for some in records(namespace, DEAD_LETTERS, range(namespace.partitions[DEAD_LETTERS])):
        for record in some:
            place = (record.partition, record.key or b"")
            if record.value is None:
                found.pop(place, None)
            elif not found.get(place):  # the mark that it was replayed comes after it, and may not name the id
                found[place] = names.in_letter(record.headers, record.value)
    naming = [place for place, named in found.items() if named]
    topic = namespace.full(DEAD_LETTERS)
    sent = [await namespace.producer.send(topic, None, key, partition=partition) for partition, key in naming]
    await asyncio.gather(*sent)
    return len(naming)


async def may_not_withdraw(namespace: Namespace, topic: str, names: Names) -> bool:
    """Write a null over what a compacted topic holds of a task; return whether our login is not allowed to."""
    partition = partition_of(names.key, namespace.partitions[topic])
    try:
        await namespace.producer.send_and_wait(namespace.full(topic), None, names.key, partition=partition)
    except kafka.TopicAuthorizationFailedError:
        return True
    return False

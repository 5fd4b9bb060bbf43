"""What the sides do not write: nulls over dead letters that name the id, and over what others wrote of a task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from aiokafka import errors as kafka

from streams.acls import replaying_id
from streams.engine.records import SourceRecord
from streams.engine.routing import partition_of
from streams.erase.naming import Names
from streams.events import DEAD_LETTERS
from streams.namespace import Namespace, transaction

BATCH = 500
"""Dead letters in one transaction."""

Letter = tuple[int, bytes]
"""A dead letter's partition and key."""


@asynccontextmanager
async def without_replays(namespace: Namespace) -> AsyncIterator[AIOKafkaProducer]:
    """Stop a replay of dead letters that runs, and give the producer that writes over them.

    What was replayed so far is from before an erasure that is asked for in the block, and a replay that starts in it
    fences the producer: none brings back unseen what is erased.
    """
    async with namespace.producing(replaying_id(namespace.name) if namespace.exact else None) as producer:
        yield producer


async def erase_letters(namespace: Namespace, producer: AIOKafkaProducer, names: Names) -> int:
    """Write a null over every dead letter that names the id, and return how many there were.

    Parameters
    ----------
    producer : AIOKafkaProducer
        As `without_replays` gives it.

    Raises
    ------
    aiokafka.errors.TopicAuthorizationFailedError
        We may not read or write them.
    TakenOver
        A replay was started.
    TimeoutError
        A transaction on them stays open.
    """
    found: dict[Letter, bool] = {}

    def take(partition: int, record: SourceRecord) -> None:
        letter = partition, record.key or b""
        if record.value is None:
            found.pop(letter, None)
        elif not found.get(letter):  # the mark that it was replayed comes after it, and may not name the id
            found[letter] = names.in_letter(record.headers, record.value)

    async with namespace.reading() as reader:
        everywhere = range(namespace.partitions[DEAD_LETTERS])
        await reader.read(namespace.full(DEAD_LETTERS), everywhere, take, with_open=True)
    naming = [letter for letter, is_named in found.items() if is_named]
    for start in range(0, len(naming), BATCH):
        batch = naming[start : start + BATCH]
        if namespace.exact:
            async with transaction(producer):
                await _write_over(namespace, producer, batch)
        else:
            await _write_over(namespace, producer, batch)
    return len(naming)


async def _write_over(namespace: Namespace, producer: AIOKafkaProducer, letters: Sequence[Letter]) -> None:
    topic = namespace.full(DEAD_LETTERS)
    sent = [await producer.send(topic, None, key, partition=partition) for partition, key in letters]
    await asyncio.gather(*sent)


async def withdraw_content(namespace: Namespace, producer: AIOKafkaProducer, topic: str, names: Names) -> bool:
    """Write a null over what a compacted topic holds of a task; return whether our login was allowed to."""
    partition = partition_of(names.key, namespace.partitions[topic])
    try:
        await producer.send_and_wait(namespace.full(topic), None, names.key, partition=partition)
    except kafka.TopicAuthorizationFailedError:
        return False
    return True

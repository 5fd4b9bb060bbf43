"""Putting messages into topics in bulk, with Kafka's own partitioner."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder

from benchmarks.workload import Message

_BATCH_BYTES = 500_000


async def publish(
    bootstrap: str,
    names: Callable[[str], str],
    partitions: int,
    messages: Iterable[Message],
    advance: Callable[[int], None] = lambda _: None,
) -> None:
    """Send `messages` and wait for all of them; per partition they keep their order.

    Parameters
    ----------
    names : callable
        Logical topic to its name on the broker.
    advance : callable
        Told how many more messages were sent.
    """
    async with _producer(bootstrap) as producer:
        await _send_all(producer, names, partitions, messages, advance)


@contextlib.asynccontextmanager
async def withheld(
    bootstrap: str, names: Callable[[str], str], partitions: int, messages: Iterable[Message]
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Send `messages` in one transaction; what is yielded commits it: then all of them can be read, at once.

    Until then they are in the log, and not there for consumers that read committed records only.
    """
    # Only one at a time is under way, so any of them may fence the last.
    async with _producer(bootstrap, transactional_id="benchmarks", transaction_timeout_ms=600_000) as producer:
        await producer.begin_transaction()
        await _send_all(producer, names, partitions, messages, lambda _: None)
        yield producer.commit_transaction


def _producer(bootstrap: str, **more: object) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        max_batch_size=_BATCH_BYTES,
        max_request_size=4 * _BATCH_BYTES,
        **more,
    )


async def _send_all(
    producer: AIOKafkaProducer,
    names: Callable[[str], str],
    partitions: int,
    messages: Iterable[Message],
    advance: Callable[[int], None],
) -> None:
    open_batches: dict[tuple[str, int], BatchBuilder] = {}
    sent: list[asyncio.Future[object]] = []

    async def send(place: tuple[str, int], batch: BatchBuilder) -> None:
        count = batch.record_count()
        sent.append(await producer.send_batch(batch, place[0], partition=place[1]))
        advance(count)

    for topic, key, value in messages:
        place = names(topic), (murmur2(key) & 0x7FFFFFFF) % partitions
        batch = open_batches.get(place)
        if batch is None:
            batch = open_batches[place] = producer.create_batch()
        if batch.append(key=key, value=value, timestamp=None) is None:
            await send(place, batch)
            batch = open_batches[place] = producer.create_batch()
            batch.append(key=key, value=value, timestamp=None)
    for place, batch in open_batches.items():
        await send(place, batch)
    await asyncio.gather(*sent)

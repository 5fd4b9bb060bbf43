"""How a processor's outputs, state and positions reach the broker as one: in a transaction, or by positions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import IllegalOperation, ProducerClosed
from aiokafka.producer.message_accumulator import BatchBuilder
from faust.types import TP

from streams.engine.clients import Clients, close_producer, failure
from streams.engine.errors import Fatal
from streams.engine.transport import Consumer
from streams.events import Output

Header = tuple[str, bytes]
_NO_HEADERS: list[Header] = []


class Message(msgspec.Struct, frozen=True, gc=False):
    """One record on its way out: key, value, milliseconds, headers."""

    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: tuple[Header, ...] = ()


Sendable = Message | Output
"""What has a key, a value, a timestamp and headers."""

Outgoing = Mapping[TopicPartition, Sequence[Sendable]]


class Writer(Protocol):
    """Makes a processor's work durable. One per partition; the last one opened is the only one that can write."""

    async def open(self) -> None:
        """Take the partition over from its previous owner."""
        ...

    async def commit(
        self, outputs: Outgoing, changelog: TopicPartition, state: Sequence[Sendable], positions: Mapping[str, int]
    ) -> int:
        """Write all of it, or none. Return where in the changelog the state begins; -1 when none was written.

        Reading a commit again changes nothing, so a restore may go on from there.
        """
        ...

    async def close(self) -> None:
        """Let go of the connections; never raises."""
        ...


def _fill(builder: BatchBuilder, messages: Sequence[Sendable], first: int = 0) -> int:
    """Append `messages` from `first` on to an empty `builder`; return the place of the first that did not fit.

    It goes past `BatchBuilder.append`, which takes as long as the record's encoding in C. An empty batch takes a
    record of any size.
    """
    append = builder._builder.append
    end = len(messages)
    for place in range(first, end):
        message = messages[place]
        headers = list(message.headers) if message.headers else _NO_HEADERS
        if append(place - first, message.timestamp, message.key, message.value, headers) is None:
            end = place
            break
    builder._relative_offset = end - first
    return end


def _take_note(delivery: asyncio.Future[object]) -> None:
    """Mark a failure as seen: the commit fails as a whole, by whichever of its parts failed first."""
    if not delivery.cancelled():
        delivery.exception()


async def _send(
    producer: AIOKafkaProducer, place: TopicPartition, messages: Sequence[Sendable]
) -> list[asyncio.Future]:  # type: ignore[type-arg]  # aiokafka has no type for delivery futures
    """Append `messages` to as few record batches as they fit in; one batch a partition beats a send a record."""
    futures = []
    done = 0
    while done < len(messages):
        builder = producer.create_batch()
        done = _fill(builder, messages, done)
        futures.append(await producer.send_batch(builder, place.topic, partition=place.partition))
    for future in futures:
        future.add_done_callback(_take_note)
    return futures


class _Owner:
    """Has one producer at a time."""

    def __init__(self, clients: Clients, partition: int) -> None:
        self._clients = clients
        self._partition = partition
        self._producer: AIOKafkaProducer | None = None

    async def _start(self, transactional_id: str | None) -> None:
        await self.close()
        producer = self._producer = self._clients.producer(transactional_id)
        await producer.start()

    async def close(self) -> None:
        """See `Writer.close`."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await close_producer(producer)

    def _opened(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise ProducerClosed
        return self._producer


class TransactionalWriter(_Owner):
    """Exactly-once: outputs, state and the group's offsets in one Kafka transaction.

    Parameters
    ----------
    clients : Clients
    transactional_id : str
        Opening a producer under it fences the previous owner and ends its transaction.
    partition : int
        The partition of every source topic.
    """

    def __init__(self, clients: Clients, transactional_id: str, partition: int) -> None:
        super().__init__(clients, partition)
        self._id = transactional_id

    async def open(self) -> None:
        """Start a new producer; see `Writer.open`."""
        await self._start(self._id)

    async def commit(
        self, outputs: Outgoing, changelog: TopicPartition, state: Sequence[Sendable], positions: Mapping[str, int]
    ) -> int:
        """One transaction; see `Writer.commit`."""
        producer = self._opened()
        try:
            return await self._commit(producer, outputs, changelog, state, positions)
        except (IllegalOperation, AssertionError) as error:
            # Its sender has met an error meanwhile: whoever calls is told only that there is no transaction.
            reason = failure(producer)
            if reason is None:
                raise
            raise reason from error

    async def _commit(
        self,
        producer: AIOKafkaProducer,
        outputs: Outgoing,
        changelog: TopicPartition,
        state: Sequence[Sendable],
        positions: Mapping[str, int],
    ) -> int:
        await producer.begin_transaction()
        deliveries = []
        for place, messages in outputs.items():
            deliveries += await _send(producer, place, messages)
        written = await _send(producer, changelog, state)
        offsets = {TopicPartition(topic, self._partition): offset for topic, offset in positions.items()}
        await asyncio.gather(producer.send_offsets_to_transaction(offsets, self._clients.group), *deliveries, *written)
        await producer.commit_transaction()
        return int(written[0].result().offset)


class PositionWriter(_Owner):
    """Effectively once, without transactions: the changelog batch is the commit, and it carries the outputs too.

    The state, the outbox and the positions go out as one record batch, which a broker appends whole or not at all.
    Then the outputs are sent, each with its place in this partition's sequence. What a crash kept from being sent is
    in the outbox and is sent again on opening; a receiver drops the numbers it has seen.
    """

    COMMIT_EVERY_S = 1.0

    def __init__(self, clients: Clients, consumer: Consumer, partition: int) -> None:
        super().__init__(clients, partition)
        self._consumer = consumer
        self._committed_at = 0.0

    async def open(self) -> None:
        """Start a producer; nothing fences on such a broker."""
        await self._start(None)
        self._committed_at = 0.0

    async def commit(
        self, outputs: Outgoing, changelog: TopicPartition, state: Sequence[Sendable], positions: Mapping[str, int]
    ) -> int:
        """State first, as one record batch, then the outputs; see `Writer.commit`."""
        producer = self._opened()
        begin = -1
        if state:
            builder = producer.create_batch()
            if _fill(builder, state) < len(state):
                raise Fatal(
                    f"{changelog.topic}: the state of one commit exceeds one record batch "
                    "(GOLDSTREAM_BATCH_RECORDS is too high for a broker without transactions)"
                )
            delivery = await producer.send_batch(builder, changelog.topic, partition=changelog.partition)
            begin = int((await delivery).offset)
        deliveries = []
        for place, messages in outputs.items():
            deliveries += await _send(producer, place, messages)
        await asyncio.gather(*deliveries)
        now = asyncio.get_running_loop().time()
        if now - self._committed_at >= self.COMMIT_EVERY_S:
            await self._consumer.commit_positions(
                {TP(topic, self._partition): offset for topic, offset in positions.items()}
            )
            self._committed_at = now
        return begin

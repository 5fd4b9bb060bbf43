"""The request to the sides, and their word that it is done."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas import Erasure, ErasureKind
from streams.engine.routing import partition_of
from streams.namespace import Namespace
from streams.quality.erasures import DONE, digest

Place = tuple[str, int]
"""A side and one of its partitions."""

CONTENT = ("tasks", "gold")
"""Where others write of a task."""

_TOPICS = {"annotators": "erasures.a", "tasks": "erasures.t"}


class _Told(msgspec.Struct):
    """What is read of an `erasures.done` record."""

    erasure_id: str
    side: str
    partition: int
    progress: str
    rows: int
    votes: int
    dropped: int
    left: list[str] | None = None


_told = msgspec.json.Decoder(_Told).decode


@dataclass
class Progress:
    """What the partitions have told so far; the counts are sums over all of them."""

    places: frozenset[Place]
    told: dict[Place, _Told] = field(default_factory=dict)
    late: int = 0

    def take(self, told: _Told) -> None:
        """Take in what a partition tells; each tells all that it has done."""
        if told.progress == "late":
            self.late += told.dropped
        else:
            self.told[told.side, told.partition] = told

    @property
    def missing(self) -> list[Place]:
        """The partitions that have not said that they are done."""
        return sorted(place for place in self.places if place not in self.told or self.told[place].progress != "done")

    @property
    def rows(self) -> int:
        """Entries of tables that were removed or emptied."""
        return sum(told.rows for told in self.told.values())

    @property
    def votes(self) -> int:
        """Votes that stand under the pseudonym now, or went with their task."""
        return sum(told.votes for told in self.told.values())

    @property
    def dropped(self) -> int:
        """Events that waited, or came late."""
        return self.late + sum(told.dropped for told in self.told.values())

    @property
    def left(self) -> frozenset[str]:
        """The topics that still hold what others wrote of a task; those that may, where a side does not tell."""
        return frozenset(
            topic for told in self.told.values() for topic in (CONTENT if told.left is None else told.left)
        )


def request(kind: ErasureKind, identity: str, actor: str, reason: str) -> Erasure:
    """Return a new request; its pseudonym is random, so nothing leads from it to the id."""
    return Erasure(
        erasure_id=secrets.token_hex(8),
        kind=kind,
        id=identity,
        pseudonym=f"erased-{secrets.token_hex(8)}",
        actor=actor,
        reason=reason,
    )


def places(erasure: Erasure, namespace: Namespace) -> frozenset[Place]:
    """Return who must act: a person's votes may lie in any partition, a task is in one, and only with the tasks."""
    key = erasure.id.encode()
    if erasure.kind is ErasureKind.task:
        return frozenset({("tasks", partition_of(key, namespace.partitions["erasures.t"]))})
    everywhere = {("tasks", number) for number in range(namespace.partitions["erasures.t"])}
    return frozenset({("annotators", partition_of(key, namespace.partitions["erasures.a"])), *everywhere})


def key_of(erasure: Erasure) -> bytes:
    """Return the key of the request's records: that of any other request for the same id, so that one stays at most."""
    return digest(erasure.kind.value, erasure.id).encode()


async def ask(
    namespace: Namespace,
    producer: AIOKafkaProducer,
    erasure: Erasure,
    timeout_s: float,
    tell: Callable[[Progress], None],
) -> Progress:
    """Send the request to all its places, and wait until they are done, `timeout_s` at most.

    It need not be a transaction: a part of it does no harm, and asking again does the rest.
    """
    progress = Progress(places(erasure, namespace))
    answers = TopicPartition(namespace.full(DONE), partition_of(erasure.pseudonym.encode(), namespace.partitions[DONE]))
    async with namespace.reading() as reader:
        consumer = reader.consumer
        consumer.assign([answers])
        consumer.seek(answers, (await consumer.end_offsets([answers]))[answers])
        await _send(namespace, producer, erasure, progress.places)
        try:
            async with asyncio.timeout(timeout_s):
                await _listen(consumer, erasure, progress, tell)
        except TimeoutError:
            pass  # what is missing is told
    return progress


async def withdraw(namespace: Namespace, producer: AIOKafkaProducer, erasure: Erasure, done: Iterable[Place]) -> None:
    """Take the request, which names the id, out of the log again, and those before it that were not confirmed."""
    for side, partition in sorted(done):
        await producer.send_and_wait(namespace.full(_TOPICS[side]), None, key_of(erasure), partition=partition)


async def _send(namespace: Namespace, producer: AIOKafkaProducer, erasure: Erasure, where: Iterable[Place]) -> None:
    # The first record's time, which the broker gives it, is what all others go by: no clock here decides anything.
    for side, partition in sorted(where):
        sent = await producer.send_and_wait(
            namespace.full(_TOPICS[side]), erasure.model_dump_json().encode(), key_of(erasure), partition=partition
        )
        if erasure.at is None:
            erasure = erasure.model_copy(update={"at": sent.timestamp})


async def _listen(
    consumer: AIOKafkaConsumer, erasure: Erasure, progress: Progress, tell: Callable[[Progress], None]
) -> None:
    tell(progress)
    while progress.missing:
        fetched = await consumer.getmany(timeout_ms=200)
        for records in fetched.values():
            for record in records:
                told = _told(record.value)
                if told.erasure_id == erasure.erasure_id:
                    progress.take(told)
        if fetched:
            tell(progress)

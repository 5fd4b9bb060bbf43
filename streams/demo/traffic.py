"""The demo's side of the broker: a producer of events, and a reader of labels and quality events."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from schemas import Label, QualityEvent
from streams.engine.clients import Clients, close_producer
from streams.failures import Failure
from streams.security import client_security
from streams.settings import Settings
from streams.topics import LABELS, QUALITY_EVENTS, full_name

CLOSE_SECONDS: Final = 2.0
KEYS: Final = {
    "projects": "project",
    "annotators": "annotator_id",
    "tasks": "task_id",
    "gold": "task_id",
    "annotations": "annotator_id",
}
"""Which field of an event is its key."""


class Traffic:
    """Clients of one broker, connected for the length of an ``async with`` block.

    Raises
    ------
    Failure
        From every method: the broker does not take or give what it should.
    """

    def __init__(self, settings: Settings) -> None:
        self._namespace = settings.namespace
        clients = Clients(
            bootstrap=settings.broker,
            group=f"{settings.namespace}-demo",
            idempotent=settings.guarantee == "exactly_once",  # the embedded broker has no producer ids
            security=client_security(settings),
        )
        self._producer: AIOKafkaProducer = clients.producer()
        self._reader: AIOKafkaConsumer = clients.reader(committed_only=settings.guarantee == "exactly_once")
        self._read: dict[str, type[Label | QualityEvent]] = {
            full_name(self._namespace, LABELS.name): Label,
            full_name(self._namespace, QUALITY_EVENTS.name): QualityEvent,
        }
        self._partitions = range(settings.partitions)
        self._unacknowledged: set[asyncio.Future[Any]] = set()

    async def __aenter__(self) -> Self:
        try:
            await self._producer.start()
            await self._reader.start()
        except (KafkaError, OSError) as error:
            await self._close()
            raise Failure(f"the broker cannot be used: {_reason(error)}") from None
        except BaseException:
            await self._close()
            raise
        # No group: its join would take seconds, and nobody shares the reading.
        self._reader.assign([TopicPartition(name, number) for name in self._read for number in self._partitions])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def send(self, topic: str, events: Iterable[Mapping[str, Any]]) -> None:
        """Hand events to the producer, which sends them in order for each key."""
        name, key = full_name(self._namespace, topic), KEYS[topic]
        self._take_acknowledged()
        try:
            for event in events:
                sent = await self._producer.send(name, msgspec.json.encode(event), key=str(event[key]).encode())
                self._unacknowledged.add(sent)
        except KafkaError as error:
            raise Failure(f"the broker does not take {name}: {_reason(error)}") from None

    async def flush(self) -> None:
        """Return once the broker has everything."""
        if self._unacknowledged:
            await asyncio.wait(self._unacknowledged)
        self._take_acknowledged()

    async def arrivals(self) -> list[Label | QualityEvent]:
        """Return what has arrived since the last call, waiting for a moment when nothing has."""
        try:
            batches = await self._reader.getmany(timeout_ms=100, max_records=1000)
        except KafkaError as error:
            raise Failure(f"the broker does not give the labels: {_reason(error)}") from None
        return [
            self._read[place.topic].model_validate_json(record.value)
            for place, records in batches.items()
            for record in records
        ]

    def _take_acknowledged(self) -> None:
        done = {sent for sent in self._unacknowledged if sent.done()}
        self._unacknowledged -= done
        for sent in done:
            error = sent.exception()
            if error is not None:
                raise Failure(f"the broker did not take an event: {_reason(error)}")

    async def _close(self) -> None:
        # Not asked for any more, whatever became of them.
        for sent in self._unacknowledged:
            sent.cancel()
        # Each in a task of its own: what it fails at, its own cancellation included, must not become ours.
        closing = [
            asyncio.create_task(close_producer(self._producer, timeout_s=CLOSE_SECONDS)),
            asyncio.create_task(self._reader.stop()),
        ]
        await asyncio.wait(closing, timeout=CLOSE_SECONDS + 0.5)
        for task in closing:
            task.cancel()


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__

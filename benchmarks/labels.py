"""Reading labels as a consumer does, committed ones only, and holding them against the serial answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

STALL_SECONDS = 60.0
AFTERMATH_SECONDS = 1.0


class LabelReader:
    """Reads a labels topic from its beginning.

    Parameters
    ----------
    answer : callable
        A label's decoded value to its answer.
    """

    def __init__(self, bootstrap: str, topic: str, partitions: int, answer: Callable[[Any], object]) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
        )
        self._places = [TopicPartition(topic, number) for number in range(partitions)]
        self._answer = answer
        self._records: list[tuple[bytes, bytes]] = []

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        self._consumer.assign(self._places)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    async def read(self, count: int, is_running: Callable[[], bool], advance: Callable[[int], None]) -> float:
        """Read until there are `count` labels, and a moment longer for those that should not be there.

        Returns
        -------
        float
            When the last of `count` could be read (monotonic); when it ended or nothing came for a minute, now.
        """
        now = last = time.monotonic()
        while len(self._records) < count and is_running() and now - last < STALL_SECONDS:
            fresh = await self._fetch(500)
            now = time.monotonic()
            if fresh:
                last = now
                advance(fresh)
        until = time.monotonic() + AFTERMATH_SECONDS
        while time.monotonic() < until:
            await self._fetch(100)
        return now

    async def _fetch(self, timeout_ms: int) -> int:
        fetched = await self._consumer.getmany(timeout_ms=timeout_ms)
        records = [(record.key, record.value) for batch in fetched.values() for record in batch]
        self._records += records
        return len(records)

    def faults(self, expected: Mapping[str, str]) -> list[str]:
        """Return what is wrong with the labels read: anything but one label a task, equal to the expected one."""
        return compare([(key.decode(), self._answer(json.loads(value))) for key, value in self._records], expected)


def compare(labels: list[tuple[str, object]], expected: Mapping[str, str]) -> list[str]:
    """Return, in words, how `labels` (task, label) differ from one label a task as `expected`."""
    found = dict(labels)
    counts = {
        "missing": len(expected.keys() - found.keys()),
        "of unknown tasks": len(found.keys() - expected.keys()),
        "more than one a task": len(labels) - len(found),
        "wrong": sum(label != expected[task] for task, label in found.items() if task in expected),
    }
    return [f"{count:,} labels {what}" for what, count in counts.items() if count]

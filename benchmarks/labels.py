"""Reading labels as a consumer does, committed ones only, and holding them against the serial answer."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.reference import Label

Answer = tuple[str, float | None]

STALL_SECONDS = 60.0
AFTERMATH_SECONDS = 1.0


class LabelReader:
    """Reads a labels topic from its beginning.

    Parameters
    ----------
    answer : callable
        A label's decoded value to its class and, where it is to be compared, its share of the weight.
    """

    def __init__(self, bootstrap: str, topic: str, partitions: int, answer: Callable[[Any], Answer]) -> None:
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

    @property
    def count(self) -> int:
        """How many labels there are so far."""
        return len(self._records)

    async def read(
        self,
        count: int,
        is_running: Callable[[], bool],
        advance: Callable[[int], None],
        limit_s: float = math.inf,
    ) -> float:
        """Read on until there are `count` labels.

        Returns
        -------
        float
            When the last of `count` could be read (monotonic); now, when the process ended, nothing came for a
            minute, or `limit_s` are over.
        """
        now = last = began = time.monotonic()
        while self.count < count and is_running() and now - last < STALL_SECONDS and now - began < limit_s:
            fresh = await self._fetch(500)
            now = time.monotonic()
            if fresh:
                last = now
                advance(fresh)
        return now

    async def linger(self) -> None:
        """Read a moment longer: for labels that should not be there."""
        until = time.monotonic() + AFTERMATH_SECONDS
        while time.monotonic() < until:
            await self._fetch(100)

    async def _fetch(self, timeout_ms: int) -> int:
        fetched = await self._consumer.getmany(timeout_ms=timeout_ms)
        records = [(record.key, record.value) for batch in fetched.values() for record in batch]
        self._records += records
        return len(records)

    def faults(self, expected: Mapping[str, Label]) -> list[str]:
        """Return what is wrong with the labels read: anything but one label a task, equal to the expected one."""
        return compare([(key.decode(), self._answer(json.loads(value))) for key, value in self._records], expected)


def compare(labels: Sequence[tuple[str, Answer]], expected: Mapping[str, Label]) -> list[str]:
    """Return, in words, how `labels` (task, answer) differ from one label a task as `expected`."""
    found = dict(labels)
    counts = {
        "missing": len(expected.keys() - found.keys()),
        "of unknown tasks": len(found.keys() - expected.keys()),
        "more than one a task": len(labels) - len(found),
        "wrong": sum(not _is_right(answer, expected[task]) for task, answer in found.items() if task in expected),
    }
    return [f"{count:,} labels {what}" for what, count in counts.items() if count]


def _is_right(answer: Answer, expected: Label) -> bool:
    label, share = answer
    # The order of a sum of three weights may differ, and with it the last bits.
    return label == expected.label and (share is None or math.isclose(share, expected.vote_share, abs_tol=1e-9))

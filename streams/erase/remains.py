"""What of the topics still names the id, and until when at the latest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from aiokafka import errors as kafka

from schemas import ErasureKind
from streams.engine.routing import partition_of
from streams.erase.namespace import Namespace
from streams.erase.naming import Names
from streams.erase.reading import records

SEGMENT_MS = 7 * 86_400_000
"""Kafka's own bound on how long a segment is written to, where the brokers do not tell."""


class Found(Enum):
    """Where in a topic's records the id is."""

    key = "key"
    value = "value"


@dataclass(frozen=True)
class Remains:
    """What is left in one topic.

    Attributes
    ----------
    records : int or None
        Those that name the id; None where they were not counted.
    until_ms : int or None
        The latest time at which they are gone; None where nothing bounds it.
    why : str
        For people.
    """

    topic: str
    records: int | None
    until_ms: int | None
    why: str


WHERE: dict[ErasureKind, dict[str, Found]] = {
    ErasureKind.annotator: {
        "annotations": Found.key,
        "annotators": Found.key,
        "annotations.scored": Found.value,
        "outcomes": Found.key,
        "quality-events": Found.key,
    },
    ErasureKind.task: {
        "annotations": Found.value,
        "annotations.scored": Found.key,
        "outcomes": Found.value,
        "quality-events": Found.value,
        "labels": Found.key,
    },
}
"""Topics that keep what they have until its retention ends."""

COMPACTED: dict[ErasureKind, tuple[str, ...]] = {
    ErasureKind.annotator: ("dead-letters", "erasures.a", "erasures.t", "annotators-changelog", "tasks-changelog"),
    ErasureKind.task: ("dead-letters", "erasures.t", "tasks-changelog", "labels.latest", "tasks", "gold"),
}
"""Topics in which it was overwritten, or a null written over it: it is there until the brokers compact them."""


async def remaining(namespace: Namespace, names: Names, tell: Callable[[str], None]) -> list[Remains]:
    """Look through the topics that keep what they have, and reckon until when all of them do.

    Parameters
    ----------
    tell : callable
        Takes the name of each topic before it is read.
    """
    found = []
    for topic, where in WHERE[names.kind].items():
        tell(topic)
        found.append(await _kept(namespace, names, topic, where))
    return found + [_compacted(namespace, topic) for topic in COMPACTED[names.kind]]


async def _kept(namespace: Namespace, names: Names, topic: str, where: Found) -> Remains:
    count, newest = 0, 0
    partitions = [partition_of(names.key, namespace.partitions[topic])]
    if where is Found.value:
        partitions = list(range(namespace.partitions[topic]))

    def is_named(record: Any) -> bool:
        return record.key == names.key if where is Found.key else names.in_json(record.value)

    kept_ms = _milliseconds(namespace, topic, "retention.ms")
    why = "kept for ever (retention.ms)"
    if kept_ms is not None:
        why = f"kept {_days(kept_ms)}, and up to {_days(_segment_ms(namespace, topic))} more with its segment"
    try:
        async for some in records(namespace, topic, partitions):
            for record in some:
                if is_named(record):
                    count += 1
                    newest = max(newest, record.timestamp)
    except kafka.TopicAuthorizationFailedError:
        return Remains(topic, None, _end(namespace, topic, _now(), kept_ms), f"{why}; our login may not read it")
    return Remains(topic, count, _end(namespace, topic, newest, kept_ms) if count else 0, why if count else "nothing")


def _end(namespace: Namespace, topic: str, newest: int, kept_ms: int | None) -> int | None:
    """Return when a record of that time is deleted at the latest: with its segment, whose last record may be newer."""
    if kept_ms is None:
        return None
    return newest + kept_ms + _segment_ms(namespace, topic)


def _segment_ms(namespace: Namespace, topic: str) -> int:
    return _milliseconds(namespace, topic, "segment.ms") or SEGMENT_MS


def _compacted(namespace: Namespace, topic: str) -> Remains:
    lag_ms = _milliseconds(namespace, topic, "max.compaction.lag.ms")
    if lag_ms is None:
        return Remains(
            topic, None, None, "no max.compaction.lag.ms bounds when it is compacted (goldstream topics check)"
        )

    return Remains(topic, None, _now() + lag_ms, f"overwritten; compacted by its first write {_days(lag_ms)} from now")


def _milliseconds(namespace: Namespace, topic: str, config: str) -> int | None:
    """Return a topic's configured time; None for one that the brokers do not tell, or that is for ever."""
    told = namespace.configs[topic].get(config)
    return None if told is None or not 0 <= int(told) < 2**53 else int(told)


def _days(milliseconds: int) -> str:
    hours = milliseconds / 3_600_000
    return f"{hours / 24:g} d" if hours >= 24 else f"{hours:g} h"


def _now() -> int:
    return int(time.time() * 1000)

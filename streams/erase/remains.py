"""What of the topics still names the id, and until when at the latest."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from aiokafka import errors as kafka

from schemas import ErasureKind
from streams.engine.fetched import UnreadKey
from streams.engine.records import SourceRecord
from streams.engine.routing import partition_of
from streams.erase.naming import Names
from streams.namespace import Namespace

Configs = Mapping[str, Mapping[str, str]]
"""What the brokers tell of each topic's configuration, by its logical name."""

SEGMENT_MS = 7 * 86_400_000
"""Kafka's own bound on how long a segment is written to, where the brokers do not tell."""


class Found(Enum):
    """Where in a topic's records the id is."""

    key = "key"
    value = "value"
    anywhere = "key or value, as clients wrote it"


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
        "annotations": Found.anywhere,
        "annotators": Found.anywhere,
        "annotations.scored": Found.value,
        "outcomes": Found.key,
        "retractions": Found.key,
        "quality-events": Found.key,
    },
    ErasureKind.task: {
        "annotations": Found.anywhere,
        "reviews": Found.key,
        "annotations.scored": Found.key,
        "outcomes": Found.value,
        "project-deltas": Found.value,
        "quality-events": Found.value,
        "labels": Found.key,
    },
}
"""Topics that keep what they have until its retention ends."""

REQUESTS = frozenset({"erasures.a", "erasures.t"})
"""Topics whose records are requests to erase."""

COMPACTED: dict[ErasureKind, tuple[str, ...]] = {
    ErasureKind.annotator: ("dead-letters", "erasures.a", "erasures.t", "annotators-changelog", "tasks-changelog"),
    ErasureKind.task: (
        "dead-letters",
        "erasures.t",
        "tasks-changelog",
        "projects-changelog",
        "agreement",
        "labels.latest",
        "tasks",
        "gold",
    ),
}
"""Topics in which it was overwritten, or a null written over it: it is there until the brokers compact them."""


@dataclass
class _Search:
    """Looks for the id in the records of one topic."""

    names: Names
    where: Found
    count: int = 0
    unread: int = 0
    newest: int = 0

    def take(self, _partition: int, record: SourceRecord) -> None:
        """Look at a record, or at what stands for a batch that cannot be read."""
        is_unread = isinstance(record.key, UnreadKey)
        is_named = not is_unread and self._is_named(record)
        self.unread += is_unread
        self.count += is_named
        if is_unread or is_named:
            self.newest = max(self.newest, record.timestamp)

    def _is_named(self, record: SourceRecord) -> bool:
        match self.where:
            case Found.key:
                return record.key == self.names.key
            case Found.value:
                return self.names.in_json(record.value)
            case Found.anywhere:
                return record.key == self.names.key or self.names.in_any(record.value)


async def remaining(
    namespace: Namespace, configs: Configs, names: Names, tell: Callable[[str], None], *, is_confirmed: bool
) -> list[Remains]:
    """Look through the topics that keep what they have, and reckon until when all of them do.

    Parameters
    ----------
    tell : callable
        Takes the name of each topic before it is read.
    is_confirmed : bool
        Whether the request was taken out of the log.
    """
    found = []
    for topic, where in WHERE[names.kind].items():
        tell(topic)
        found.append(await _kept(namespace, configs, names, topic, where))
    for topic in COMPACTED[names.kind]:
        is_asked = topic in REQUESTS and not is_confirmed
        found.append(_asked(configs, topic) if is_asked else _compacted(configs, topic))
    return found


async def _kept(namespace: Namespace, configs: Configs, names: Names, topic: str, where: Found) -> Remains:
    partitions = range(namespace.partitions[topic])
    if where is Found.key:
        own = partition_of(names.key, namespace.partitions[topic])
        partitions = range(own, own + 1)
    kept_ms = _milliseconds(configs, topic, "retention.ms")
    why = "kept for ever (retention.ms)"
    if kept_ms is not None:
        why = f"kept {_days(kept_ms)}, and up to {_days(_segment_ms(configs, topic))} more with its segment"
    search = _Search(names, where)
    unknown = _end(configs, topic, _now(), kept_ms)
    try:
        async with namespace.reading() as reader:
            await reader.read(namespace.full(topic), partitions, search.take)
    except kafka.TopicAuthorizationFailedError:
        return Remains(topic, None, unknown, f"{why}; our login may not read it")
    except (kafka.KafkaError, OSError, TimeoutError) as error:
        # What is in the other topics is to be told all the same, and what was done.
        return Remains(topic, None, unknown, f"{why}; could not be read to its end ({type(error).__name__})")
    if not (search.count or search.unread):
        return Remains(topic, 0, 0, "nothing")
    if search.unread:
        why += f"; batches that nobody can read, so not searched: {search.unread:,}"
    return Remains(topic, search.count, _end(configs, topic, search.newest, kept_ms), why)


def _end(configs: Configs, topic: str, newest: int, kept_ms: int | None) -> int | None:
    """Return when a record of that time is deleted at the latest: with its segment, whose last record may be newer."""
    if kept_ms is None:
        return None
    return newest + kept_ms + _segment_ms(configs, topic)


def _segment_ms(configs: Configs, topic: str) -> int:
    return _milliseconds(configs, topic, "segment.ms") or SEGMENT_MS


def _asked(configs: Configs, topic: str) -> Remains:
    kept_ms = _milliseconds(configs, topic, "retention.ms")
    until = _end(configs, topic, _now(), kept_ms)
    return Remains(topic, None, until, "the request, which names the id: there until a run of this is confirmed")


def _compacted(configs: Configs, topic: str) -> Remains:
    lag_ms = _milliseconds(configs, topic, "max.compaction.lag.ms")
    if lag_ms is None:
        return Remains(
            topic, None, None, "no max.compaction.lag.ms bounds when it is compacted (goldstream topics check)"
        )

    return Remains(topic, None, _now() + lag_ms, f"overwritten; compacted by its first write {_days(lag_ms)} from now")


def _milliseconds(configs: Configs, topic: str, config: str) -> int | None:
    """Return a topic's configured time; None for one that the brokers do not tell, or that is for ever."""
    told = configs[topic].get(config)
    return None if told is None or not 0 <= int(told) < 2**53 else int(told)


def _days(milliseconds: int) -> str:
    hours = milliseconds / 3_600_000
    return f"{hours / 24:g} d" if hours >= 24 else f"{hours:g} h"


def _now() -> int:
    return int(time.time() * 1000)

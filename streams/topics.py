"""Every topic of goldstream, declared once: its key, who writes it, who reads it, and how long it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from streams.events import DEAD_LETTERS

if TYPE_CHECKING:
    from streams.settings import Settings

Cleanup = Literal["delete", "compact", "compact,delete"]
SideName = Literal["annotators", "tasks", "projects"]
Role = Literal[
    "administrator", "operator", "producer", "gold-keeper", "reviewer", "gateway", "worker", "reader", "auditor"
]
"""Who uses the topics; `streams.acls` says what each may do."""

HOUR = 3_600_000
DAY = 24 * HOUR
WEEK = 7 * DAY
MIB = 1024 * 1024

INPUT_BYTES = MIB
"""What clients may send in one batch."""
DERIVED_BYTES = 2 * MIB
"""What follows from an input repeats it and adds to it; a dead letter holds any original."""
CHANGELOG_BYTES = 4 * MIB
"""A task's state may hold many annotations that wait for it."""

SHORT, MEDIUM, LONG = HOUR, 30 * DAY, 365 * DAY


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic, apart from the namespace, the partitions and the replication it gets.

    Attributes
    ----------
    name : str
        Logical name, without the namespace.
    key : str
        What the key of a record is.
    writers, readers : str
        For people: who writes it, and who reads it beside `side`.
    side : str or None
        The side that takes it as a source.
    cleanup : str
        Kafka's ``cleanup.policy``.
    retention_ms : int or None
        How long records are kept; None for topics that only compact.
    max_message_bytes : int
        Largest batch of records the broker takes.
    tombstones_ms : int
        How long a compacted topic still shows that a key was deleted: the longest its reader may be away.
    compaction_ms : int
        How long a compacted topic may hold what was overwritten or deleted before the broker must compact it.
    segment_ms, segment_bytes : int or None
        When the broker closes a segment; only closed ones are deleted or compacted. None: its default.
    written_by, read_by : tuple of str
        The roles that may, beside the workers, which write what is not from clients and read their sides' sources.
        Operators write what they replay dead letters to: every source but gold and reviews.
    from_clients : bool
        Whether other programs write it. The broker then stamps the records itself: a client's clock must not
        decide how long they, or what follows from them, are kept.
    """

    name: str
    key: str
    writers: str
    cleanup: Cleanup
    side: SideName | None = None
    readers: str = ""
    retention_ms: int | None = None
    max_message_bytes: int = DERIVED_BYTES
    tombstones_ms: int = DAY
    compaction_ms: int = WEEK
    segment_ms: int | None = None
    segment_bytes: int | None = None
    written_by: tuple[Role, ...] = ()
    read_by: tuple[Role, ...] = ()
    from_clients: bool = False

    def configs(self, replication: int) -> dict[str, str]:
        """Return the broker's configuration of this topic, by Kafka's names.

        With three copies or more a write must reach all but one: losing a broker then neither loses it nor
        stops the topic.
        """
        wanted = {
            "cleanup.policy": self.cleanup,
            "max.message.bytes": self.max_message_bytes,
            "min.insync.replicas": max(1, replication - 1),
            "message.timestamp.type": "LogAppendTime" if self.from_clients else "CreateTime",
            "retention.ms": self.retention_ms,
            "delete.retention.ms": self.tombstones_ms if "compact" in self.cleanup else None,
            "max.compaction.lag.ms": self.compaction_ms if "compact" in self.cleanup else None,
            "segment.ms": self.segment_ms,
            "segment.bytes": self.segment_bytes,
        }
        return {name: str(value) for name, value in wanted.items() if value is not None}


@dataclass(frozen=True, slots=True)
class PlannedTopic:
    """A topic as its brokers should have it: `name` with the namespace, `configs` by Kafka's names."""

    name: str
    topic: Topic
    partitions: int
    replication: int
    configs: Mapping[str, str]


def _input(
    name: str,
    *,
    key: str,
    writers: str,
    written_by: tuple[Role, ...],
    cleanup: Cleanup,
    side: SideName,
    read_by: tuple[Role, ...] = (),
    retention_ms: int | None = None,
) -> Topic:
    return Topic(
        name=name,
        key=key,
        writers=writers,
        cleanup=cleanup,
        side=side,
        retention_ms=retention_ms,
        max_message_bytes=INPUT_BYTES,
        tombstones_ms=MEDIUM,
        written_by=written_by,
        read_by=read_by,
        from_clients=True,
    )


def _ticks(name: str, side: SideName) -> Topic:
    return Topic(
        name=name,
        key="a partition of its side",
        writers="the partition's owner, about one a second",
        cleanup="delete",
        side=side,
        retention_ms=SHORT,
        segment_ms=SHORT,
    )


def _erasures(name: str, side: SideName) -> Topic:
    """Return a topic whose records name what is erased: nulls take them out again, as soon as all is done."""
    return Topic(
        name=name,
        key="a digest of what is erased, a copy to each partition",
        writers="administrators; a null value once it is done",
        cleanup="compact,delete",
        side=side,
        retention_ms=MEDIUM,
        max_message_bytes=INPUT_BYTES,
        compaction_ms=HOUR,
        segment_ms=HOUR,
        written_by=("administrator", "operator"),
        from_clients=True,
    )


def _globals(name: str, side: SideName, read_by: tuple[Role, ...] = ()) -> Topic:
    return Topic(
        name=name,
        key="project",
        writers="the project side: a copy to every partition",
        cleanup="compact",
        side=side,
        tombstones_ms=MEDIUM,
        written_by=("operator",),
        read_by=read_by,
    )


PROJECTS = _input(
    "projects",
    key="project",
    writers="administrators",
    written_by=("administrator", "operator"),
    read_by=("gateway", "auditor"),
    cleanup="compact",
    side="projects",
)
TASKS = _input(
    "tasks",
    key="task_id",
    writers="producers; a null value withdraws",
    written_by=("producer", "operator"),
    read_by=("gateway", "auditor"),
    cleanup="compact,delete",
    side="tasks",
    retention_ms=LONG,
)
GOLD = _input(
    "gold",
    key="task_id",
    writers="the gold right only; a null value withdraws",
    written_by=("gold-keeper",),
    cleanup="compact",
    side="tasks",
    read_by=("auditor",),
)
REVIEWS = _input(
    "reviews",
    key="task_id",
    writers="reviewers: accept, fix, reject, return; a named actor and a reason",
    written_by=("reviewer",),
    cleanup="delete",
    side="tasks",
    retention_ms=LONG,
    read_by=("auditor",),
)
ANNOTATORS = _input(
    "annotators",
    key="annotator_id",
    writers="administrators",
    written_by=("administrator", "operator"),
    cleanup="delete",
    side="annotators",
    retention_ms=LONG,
    read_by=("auditor",),
)
ANNOTATIONS = _input(
    "annotations",
    key="annotator_id",
    writers="frontends",
    written_by=("gateway", "operator"),
    cleanup="delete",
    side="annotators",
    retention_ms=LONG,
)
SCORED = Topic(
    name="annotations.scored",
    key="task_id",
    writers="the annotator side",
    cleanup="delete",
    side="tasks",
    retention_ms=MEDIUM,
    written_by=("operator",),
    read_by=("auditor",),
)
OUTCOMES = Topic(
    name="outcomes",
    key="annotator_id",
    writers="the task side",
    cleanup="delete",
    side="annotators",
    retention_ms=MEDIUM,
    written_by=("operator",),
    read_by=("auditor",),
)
RETRACTIONS = Topic(
    name="retractions",
    key="annotator_id, a copy to each partition",
    writers="the annotator side, when a person takes an annotator's votes back",
    cleanup="delete",
    side="tasks",
    retention_ms=MEDIUM,
    written_by=("operator",),
)
PROJECT_DELTAS = Topic(
    name="project-deltas",
    key="project",
    writers="the annotator and the task side",
    cleanup="delete",
    side="projects",
    retention_ms=MEDIUM,
    written_by=("operator",),
)
GLOBALS_A = _globals("globals.a", "annotators")
GLOBALS_T = _globals("globals.t", "tasks", read_by=("administrator", "auditor"))
TICKS_A = _ticks("ticks.a", "annotators")
TICKS_T = _ticks("ticks.t", "tasks")
ERASURES_A = _erasures("erasures.a", "annotators")
ERASURES_T = _erasures("erasures.t", "tasks")
ERASURES_DONE = Topic(
    name="erasures.done",
    key="pseudonym",
    writers="the annotator and the task side: how far each partition is",
    cleanup="delete",
    readers="administrators",
    read_by=("administrator",),
    retention_ms=LONG,
)
LABELS = Topic(
    name="labels",
    key="task_id",
    writers="the task side: every version",
    cleanup="delete",
    readers="ML engineers, exports",
    read_by=("reader", "auditor"),
    retention_ms=LONG,
)
LABELS_LATEST = Topic(
    name="labels.latest",
    key="task_id",
    writers="the task side",
    cleanup="compact",
    readers="ML engineers, exports",
    read_by=("reader", "auditor"),
)
QUALITY_EVENTS = Topic(
    name="quality-events",
    key="annotator_id",
    writers="the annotator and the task side; the project side about a project, whose key is the project's",
    cleanup="delete",
    readers="staff only",
    read_by=("administrator", "auditor"),
    retention_ms=LONG,
)
AGREEMENT = Topic(
    name="agreement",
    key="project",
    writers="the project side, when the figures have changed",
    cleanup="compact",
    readers="staff only",
    read_by=("administrator",),
)
DEAD = Topic(
    name=DEAD_LETTERS,
    key="the source record's place: topic/partition/offset",
    writers="any side: the original bytes as value, the rest in headers; a null value erases one",
    cleanup="compact,delete",
    readers="operators",
    written_by=("administrator", "operator"),
    read_by=("administrator", "operator", "auditor"),
    retention_ms=LONG,
)

TOPICS: Mapping[str, Topic] = MappingProxyType(
    {
        topic.name: topic
        for topic in (
            PROJECTS,
            TASKS,
            GOLD,
            REVIEWS,
            ANNOTATORS,
            ANNOTATIONS,
            SCORED,
            OUTCOMES,
            RETRACTIONS,
            PROJECT_DELTAS,
            GLOBALS_A,
            GLOBALS_T,
            TICKS_A,
            TICKS_T,
            ERASURES_A,
            ERASURES_T,
            ERASURES_DONE,
            LABELS,
            LABELS_LATEST,
            QUALITY_EVENTS,
            AGREEMENT,
            DEAD,
        )
    }
)
"""Every topic of the loop by its logical name; the tables' changelogs are apart, see `changelog`."""

SIDES: Mapping[SideName, tuple[str, ...]] = MappingProxyType(
    {
        "annotators": ("annotations", "annotators", "outcomes", "globals.a", "ticks.a", "erasures.a"),
        "tasks": (
            "tasks",
            "gold",
            "reviews",
            "annotations.scored",
            "retractions",
            "globals.t",
            "ticks.t",
            "erasures.t",
        ),
        "projects": ("projects", "project-deltas"),
    }
)
"""Each side and its source topics; a side's table has the side's name."""


def changelog(table: str) -> Topic:
    """Return the topic that a table is restored from."""
    return Topic(
        name=f"{table}-changelog",
        key="the table's key",
        writers="the partition's owner",
        cleanup="compact",
        readers="the partition's next owner",
        read_by=("auditor",) if table == "tasks" else (),
        max_message_bytes=CHANGELOG_BYTES,
        segment_bytes=64 * MIB,
    )


def full_name(namespace: str, topic: str) -> str:
    """Return a logical topic's name on the broker."""
    return f"{namespace}.{topic}"


def all_topics(settings: Settings) -> tuple[PlannedTopic, ...]:
    """Return every topic that the namespace of `settings` needs, changelogs included, in a fixed order."""
    return tuple(
        PlannedTopic(
            name=full_name(settings.namespace, topic.name),
            topic=topic,
            partitions=settings.partitions,
            replication=settings.replication,
            configs=MappingProxyType(topic.configs(settings.replication)),
        )
        for topic in (*TOPICS.values(), *map(changelog, SIDES))
    )

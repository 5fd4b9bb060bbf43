"""Does again, in this process and from the log alone, what a side did: every output byte must come out the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from streams.engine.changelog import COMMIT_KEY, Commit, decode_commit
from streams.engine.intake import Intake
from streams.engine.overlay import Overlay
from streams.engine.routing import partition_of
from streams.events import Event, Output, Rejected, Side
from streams.topics import full_name
from tests.kafka.cluster import Record, read_all

Written = tuple[bytes | None, bytes | None, int, tuple[tuple[str, bytes], ...]]
"""A record's key, value, timestamp and headers."""


@dataclass
class Replay:
    """What one partition's log says must have been written, and what in it cannot be."""

    side: str
    partition: int
    faults: list[str] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    table: dict[str, bytes] = field(default_factory=dict)
    logged: dict[str, bytes] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.side}-{self.partition}"


async def logged(bootstrap: str, namespace: str, side: Side, partitions: int) -> list[Replay]:
    """Read every partition of `side`'s changelog; nothing is applied."""
    changelog = f"{namespace}.{side.name}-changelog"
    logs = await read_all(bootstrap, [changelog])
    replays = []
    for partition in range(partitions):
        again = Replay(side.name, partition)
        for record in logs[TopicPartition(changelog, partition)]:
            if record.key == COMMIT_KEY:
                again.commits.append(decode_commit(record.value))
            elif record.value is None:
                again.logged.pop(record.key.decode(), None)
            else:
                again.logged[record.key.decode()] = record.value
        replays.append(again)
    return replays


async def replay(bootstrap: str, namespace: str, side: Side, partitions: int, max_value_bytes: int) -> list[Replay]:
    """Replay every partition of `side` from its changelog's ranges and the records of its sources."""
    replays = await logged(bootstrap, namespace, side, partitions)
    names = {full_name(namespace, source.topic): source.topic for source in side.sources}
    logs = await read_all(bootstrap, list(names))
    for partition, again in enumerate(replays):
        sources = {topic: logs[TopicPartition(name, partition)] for name, topic in names.items()}
        run(side, again, sources, Intake(side.sources, partition, partitions, max_value_bytes))
    return replays


def run(side: Side, again: Replay, sources: Mapping[str, Sequence[Record]], intake: Intake) -> None:
    """Apply what the commits of `again` say that was applied, in their order."""
    reached: Counter[str] = Counter()
    at: Counter[str] = Counter()
    for commit in again.commits:
        overlay = Overlay(again.table, side.state_version)
        for topic, start, end in commit.applied:
            if start < reached[topic]:
                again.faults.append(f"{again.name}: {topic} was applied from {start} on, again up to {reached[topic]}")
            reached[topic] = max(end, reached[topic])
            records = sources[topic]
            while at[topic] < len(records) and records[at[topic]].offset < end:
                record = records[at[topic]]
                at[topic] += 1
                if record.offset < start:
                    again.faults.append(f"{again.name}: {topic} offset {record.offset} was never applied")
                else:
                    again.outputs += _step(side, overlay, intake, topic, record)
        for key, value in overlay.changes().items():
            if value is None:
                again.table.pop(key, None)
            else:
                again.table[key] = value


def _step(side: Side, overlay: Overlay, intake: Intake, topic: str, record: Record) -> list[Output]:
    event = intake.gate(topic)(record)
    if not isinstance(event, Event):
        return [event]
    try:
        return side.step(overlay, event)
    except Rejected as rejected:
        return [intake.reject(event, rejected)]


def written_again(replays: Sequence[Replay], topic: str, partitions: int) -> dict[int, Counter[Written]]:
    """Return what the replays write to `topic`, by partition."""
    expected: dict[int, Counter[Written]] = {partition: Counter() for partition in range(partitions)}
    for again in replays:
        for output in again.outputs:
            if output.topic == topic:
                target = partition_of(output.key or b"", partitions) if output.partition is None else output.partition
                expected[target][written(output)] += 1
    return expected


def written(record: Record | Output) -> Written:
    """Return what of a record its writer decides."""
    return record.key, record.value, record.timestamp, tuple(record.headers)

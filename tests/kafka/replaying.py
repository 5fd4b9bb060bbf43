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

Written = tuple[bytes | None, bytes | None]


@dataclass
class Replay:
    """What one partition's log says must have been written."""

    commits: list[Commit] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    table: dict[str, bytes] = field(default_factory=dict)
    logged: dict[str, bytes] = field(default_factory=dict)


async def replay(bootstrap: str, namespace: str, side: Side, partitions: int, max_value_bytes: int) -> list[Replay]:
    """Replay every partition of `side` from its changelog's ranges and the records of its sources."""
    changelog = f"{namespace}.{side.name}-changelog"
    names = {full_name(namespace, source.topic): source.topic for source in side.sources}
    logs = await read_all(bootstrap, [changelog, *names])
    replays = []
    for partition in range(partitions):
        again = Replay()
        for record in logs[TopicPartition(changelog, partition)]:
            if record.key == COMMIT_KEY:
                again.commits.append(decode_commit(record.value))
            elif record.value is None:
                again.logged.pop(record.key.decode(), None)
            else:
                again.logged[record.key.decode()] = record.value
        sources = {topic: logs[TopicPartition(name, partition)] for name, topic in names.items()}
        _run(side, again, sources, Intake(side.sources, partition, partitions, max_value_bytes))
        replays.append(again)
    return replays


def _run(side: Side, again: Replay, sources: Mapping[str, Sequence[Record]], intake: Intake) -> None:
    reached: Counter[str] = Counter()
    for commit in again.commits:
        overlay = Overlay(again.table, side.state_version)
        for topic, start, end in commit.applied:
            assert start >= reached[topic], f"{topic}: {start} was applied before ({reached[topic]})"
            skipped = [r.offset for r in sources[topic] if reached[topic] <= r.offset < start]
            assert not skipped, f"{topic}: offsets {skipped} were never applied"
            reached[topic] = end
            for record in sources[topic]:
                if start <= record.offset < end:
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
                expected[target][output.key, output.value] += 1
    return expected

"""After a fault: what was promised against what the topics hold."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from streams.engine.routing import partition_of
from streams.events import Side
from streams.quality.agreement.gathering import Question
from streams.quality.agreement.telling import Pending, differences
from streams.quality.annotators import AnnotatorSide
from streams.quality.projects import ProjectSide
from streams.quality.task_state import Entry, Task, task_key
from streams.quality.tasks import TaskSide
from streams.topics import full_name
from tests.kafka.cluster import Record, read_all
from tests.kafka.replaying import Replay, replay, written, written_again
from tests.kafka.workload import Promise, Workload

PARTITIONS = 2
MAX_VALUE_BYTES = 262_144
OUTPUTS = (
    "annotations.scored",
    "outcomes",
    "retractions",
    "project-deltas",
    "labels",
    "labels.latest",
    "quality-events",
    "agreement",
    "dead-letters",
    "globals.a",
    "globals.t",
)

Outputs = Mapping[str, Sequence[Record]]
"""Logical topic to its committed records, partition after partition."""


async def reconcile(bootstrap: str, namespace: str, workload: Workload) -> None:
    """Assert that nothing was lost, nothing doubled, and that the log reproduces every output byte."""
    outputs = await read_outputs(bootstrap, namespace)
    replays = await replay_all(bootstrap, namespace, PARTITIONS)
    faults = [*promise_faults(outputs, replays, workload.promise), *replay_faults(outputs, replays, PARTITIONS)]
    assert not faults, "\n".join(faults)


async def read_outputs(bootstrap: str, namespace: str) -> Outputs:
    return await read_topics(bootstrap, namespace, OUTPUTS)


async def read_topics(bootstrap: str, namespace: str, topics: Sequence[str]) -> dict[str, list[Record]]:
    """Return the committed records of `topics` (logical names), partition after partition."""
    names = {full_name(namespace, topic): topic for topic in topics}
    found = await read_all(bootstrap, list(names))
    records: dict[str, list[Record]] = {topic: [] for topic in topics}
    for place in sorted(found):
        records[names[place.topic]] += found[place]
    return records


async def replay_all(bootstrap: str, namespace: str, partitions: int) -> list[Replay]:
    """Replay every partition of every side."""
    annotators = AnnotatorSide(partitions=partitions, partition_of=partial(partition_of, partitions=partitions))
    sides: tuple[Side, ...] = (annotators, TaskSide(), ProjectSide(partitions))
    return [again for side in sides for again in await replay(bootstrap, namespace, side, partitions, MAX_VALUE_BYTES)]


def promise_faults(outputs: Outputs, replays: Sequence[Replay], promise: Promise) -> list[str]:
    """Return what was promised for the inputs and did not come, came twice, or was never promised."""
    faults = []
    scored = Counter(json.loads(record.value)["annotation_id"] for record in outputs["annotations.scored"])
    faults += told("annotations.scored", scored, Counter(promise.scored))
    reasons = Counter(dict(record.headers)["reason"].decode() for record in outputs["dead-letters"])
    faults += told("dead letters by reason", reasons, promise.refused)
    events = Counter(json.loads(record.value)["event_id"] for record in outputs["quality-events"])
    faults += [f"quality-events: {event} came {count} times" for event, count in events.items() if count > 1]

    versions: dict[str, list[int]] = defaultdict(list)
    for record in outputs["labels"]:
        label = json.loads(record.value)
        versions[label["task_id"]].append(label["version"])
    faults += [
        f"labels: task {task} has versions {seen}"
        for task, seen in versions.items()
        if seen != list(range(1, len(seen) + 1))
    ]
    settled = {
        task: label["answers"]["q"]["label"]
        for task, label in latest_labels(outputs["labels"]).items()
        if task.startswith("frozen") and task not in promise.gold and label["status"] == "settled"
    }
    faults += told("settled labels", Counter(settled.items()), Counter(promise.labels.items()))
    votes = {task: {entry.annotation_id for entry in entries} for task, entries in votes_in(replays).items()}
    faults += told("votes", _pairs(votes), _pairs(promise.votes))
    return faults


def replay_faults(outputs: Outputs, replays: Sequence[Replay], partitions: int) -> list[str]:
    """Return where the tables or the outputs differ from what the logged source order makes of them."""
    faults = []
    for again in replays:
        faults += again.faults
        if again.table != again.logged:
            wrong = [
                key for key in again.table.keys() | again.logged.keys() if again.table.get(key) != again.logged.get(key)
            ]
            faults.append(f"{again.name}: {len(wrong)} keys are not what the source order makes of them: {wrong[:3]}")
    for topic in OUTPUTS:
        expected = written_again(replays, topic, partitions)
        for partition in range(partitions):
            actual = Counter(written(record) for record in outputs[topic] if record.partition == partition)
            faults += told(f"{topic}-{partition} against the replay", actual, expected[partition])
    return faults


def told(what: str, found: Counter, expected: Counter) -> list[str]:  # type: ignore[type-arg]  # of anything
    """Return a line for what is missing from `found`, and one for what is in it beyond `expected`."""
    missing, beyond = expected - found, found - expected
    faults = []
    if missing:
        faults.append(f"{what}: {missing.total()} missing, such as {_some(missing)}")
    if beyond:
        faults.append(f"{what}: {beyond.total()} too many, such as {_some(beyond)}")
    return faults


def _some(of: Iterable[object]) -> str:
    return ", ".join(repr(one)[:200] for one, _ in zip(of, range(3), strict=False))


def _pairs(votes: Mapping[str, set[str]]) -> Counter[tuple[str, str]]:
    return Counter((task, annotation) for task, annotations in votes.items() for annotation in annotations)


def latest_labels(labels: Iterable[Record]) -> dict[str, dict[str, Any]]:
    """Return each task's last label."""
    return {label["task_id"]: label for label in (json.loads(record.value) for record in labels)}


def votes_in(replays: Iterable[Replay]) -> dict[str, list[Entry]]:
    """Return the stored votes by task, from the task side's tables as they were logged: no task here has a bench."""
    prefix = task_key("")
    return {
        key.removeprefix(prefix): msgspec.json.decode(value[1:], type=Task).entries
        for again in replays
        if again.side == TaskSide.name
        for key, value in again.logged.items()
        if key.startswith(prefix)
    }


def agreement_in(replays: Iterable[Replay]) -> dict[str, dict[int, int]]:
    """Return the sums of agreement by project and question: what the project side has, and what is still to be told."""
    sums: dict[str, Counter[int]] = defaultdict(Counter)
    for again in replays:
        for key, value in again.logged.items():
            match again.side, key.split("\x1f"):
                case ProjectSide.name, ["g", project, number] if number.isdigit():
                    question = msgspec.json.decode(value[1:], type=Question)
                    sums[f"{project}/{question.name}"].update(question.sums)
                case TaskSide.name, ["g", project]:
                    for told in differences(msgspec.json.decode(value[1:], type=Pending)):
                        for (_, place), difference in told.sums().items():
                            sums[f"{project}/{told.leaf.name}"][place] += difference
    return {name: {place: n for place, n in of.items() if n} for name, of in sums.items() if any(of.values())}

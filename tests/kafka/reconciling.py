"""After a fault: what was promised against what the topics hold."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence

import msgspec
from aiokafka import TopicPartition

from streams.quality.annotators import AnnotatorSide
from streams.quality.task_state import Task, task_key
from streams.quality.tasks import TaskSide
from streams.topics import full_name
from tests.kafka.cluster import read_all
from tests.kafka.replaying import Replay, replay, written_again
from tests.kafka.workload import Workload

PARTITIONS = 2
MAX_VALUE_BYTES = 262_144
OUTPUTS = ("annotations.scored", "outcomes", "labels", "labels.latest", "quality-events", "dead-letters")


async def reconcile(bootstrap: str, namespace: str, workload: Workload) -> None:
    """Assert that nothing was lost, nothing doubled, and that the log reproduces every output byte."""
    found = await read_all(bootstrap, [full_name(namespace, topic) for topic in OUTPUTS])

    def records(topic: str) -> list[tuple[int, bytes, bytes]]:
        name = full_name(namespace, topic)
        return [(p, r.key, r.value) for p in range(PARTITIONS) for r in found[TopicPartition(name, p)]]

    scored = Counter(json.loads(value)["annotation_id"] for _, _, value in records("annotations.scored"))
    sent = {identity for identities in workload.votes.values() for identity in identities}
    assert set(scored) == sent, f"lost {len(sent - set(scored))}, unknown {len(set(scored) - sent)}"
    assert max(scored.values()) == 1, f"doubled: {[a for a, n in scored.items() if n > 1][:5]}"
    assert len(records("dead-letters")) == workload.duplicates

    events = Counter(json.loads(value)["event_id"] for _, _, value in records("quality-events"))
    assert max(events.values(), default=1) == 1

    versions: dict[str, list[int]] = defaultdict(list)
    latest: dict[str, str | None] = {}
    for _, _, value in records("labels"):
        label = json.loads(value)
        versions[label["task_id"]].append(label["version"])
        latest[label["task_id"]] = label["answers"]["q"]["label"] if label["status"] == "settled" else None
    assert all(seen == list(range(1, len(seen) + 1)) for seen in versions.values())
    settled = {task: label for task, label in latest.items() if task.startswith("frozen") and label is not None}
    assert settled == workload.labels

    annotators = await replay(bootstrap, namespace, AnnotatorSide(), PARTITIONS, MAX_VALUE_BYTES)
    tasks = await replay(bootstrap, namespace, TaskSide(), PARTITIONS, MAX_VALUE_BYTES)
    for again in (*annotators, *tasks):
        assert again.table == again.logged, "the table is not what its source order makes of it"
    both = [*annotators, *tasks]
    for topic in OUTPUTS:
        expected = written_again(both, topic, PARTITIONS)
        for partition in range(PARTITIONS):
            actual = Counter((key, value) for p, key, value in records(topic) if p == partition)
            assert actual == expected[partition], f"{topic}-{partition}: outputs differ from the replay's"

    assert votes_in(tasks) == workload.votes


def votes_in(replays: Sequence[Replay]) -> dict[str, set[str]]:
    """Return the annotation ids stored as votes, by task, from the task side's tables: no task here has a bench."""
    prefix = task_key("")
    votes = {}
    for again in replays:
        for key, value in again.logged.items():
            if key.startswith(prefix):
                task = msgspec.json.decode(value[1:], type=Task)
                votes[key.removeprefix(prefix)] = {entry.annotation_id for entry in task.entries}
    return votes

"""Votes taken back and reviews on a real broker: half-way through, the worker is killed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.kafka.cluster import make_topics, publish, read_topic, settings_for, until, workers
from tests.kafka.reconciling import latest_labels, read_outputs, replay_all, replay_faults, votes_in
from tests.kafka.workload import Message, annotation, encode, project, task

TASKS, PARTITIONS = 2_000, 2
FIXED = "t7"


def review(task_id: str, **more: object) -> Message:
    body = {"task_id": task_id, "project": "frozen", "actor": "mara", "reason": "looked at it", **more}
    return "reviews", task_id.encode(), encode(**body)


def retracted(annotator_id: str) -> Message:
    asked = {"project": "frozen"}
    body = {"annotator_id": annotator_id, "actor": "mara", "reason": "answers were bought", "retract_votes": asked}
    return "annotators", annotator_id.encode(), encode(**body)


async def test_votes_are_taken_back_exactly_though_the_worker_is_killed_half_way(
    bootstrap: str, namespace: str, tmp_path: Path
) -> None:
    settings = settings_for(bootstrap, namespace, partitions=PARTITIONS)
    await make_topics(settings)
    names = [f"t{number}" for number in range(TASKS)]

    async def labels() -> list[dict[str, Any]]:
        return [json.loads(record.value) for record in await read_topic(bootstrap, namespace, "labels")]

    async def are_settled() -> bool:
        settled = [label for label in await labels() if label["status"] == "settled"]
        return len(settled) >= TASKS + 1

    async def has_begun() -> bool:
        return "votes_retracted" in {label["reason"] for label in await labels()}

    async def done() -> Sequence[dict[str, Any]]:
        events = [json.loads(record.value) for record in await read_topic(bootstrap, namespace, "quality-events")]
        return [event for event in events if event["kind"] == "votes_retracted"]

    async def is_done() -> bool:
        return len(await done()) == PARTITIONS

    with workers(settings, tmp_path, 1) as (worker,):
        await until(worker.is_ready, seconds=60, what="ready")
        await publish(bootstrap, namespace, [project("frozen", redundancy=2, max_redundancy=2, weighting="uniform")])
        await publish(bootstrap, namespace, [task(name) for name in names])
        votes = [annotation(f"{who}-{name}", name, who) for name in names for who in ("ann", "bad")]
        await publish(bootstrap, namespace, votes)
        await publish(bootstrap, namespace, [review(FIXED, verdict="fix", answer="dog")])
        await until(are_settled, seconds=120, what="every label")
        await publish(bootstrap, namespace, [retracted("bad")])
        await until(has_begun, seconds=60, what="the first labels without the votes")
        worker.kill()
        worker.start()
        await until(is_done, seconds=120, what="the end in every partition")

    assert sum(event["n"] for event in await done()) == TASKS
    outputs = await read_outputs(bootstrap, namespace)
    replays = await replay_all(bootstrap, namespace, PARTITIONS)
    assert replay_faults(outputs, replays, PARTITIONS) == []
    assert {entry.annotator_id for entries in votes_in(replays).values() for entry in entries} == {"ann"}
    newest = latest_labels(outputs["labels"])
    assert {label["status"] for name, label in newest.items() if name != FIXED} == {"provisional"}
    assert (newest[FIXED]["reason"], newest[FIXED]["answers"]["q"]["label"]) == ("review_fix", "dog")
    # Two partitions of the task side were asked once, whatever was killed.
    assert len(outputs["retractions"]) == PARTITIONS

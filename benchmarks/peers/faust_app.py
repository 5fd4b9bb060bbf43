"""The reference job as a plain Faust app.

``python -m benchmarks.peers.faust_app worker`` runs it, at-least-once: Faust's exactly-once does not work.

It runs with Faust's defaults, as `pip install faust-streaming` leaves them. With `PEER_TUNED` set, it takes the two
settings that a backlog asks for, and orjson; `--loop uvloop` is the command line's part.
"""

from __future__ import annotations

import os
import sys
from typing import Any

TUNED = bool(os.environ.get("PEER_TUNED"))
if not TUNED:
    # Faust takes whichever of them can be imported, and json otherwise; its plain installation brings neither.
    sys.modules.update({"orjson": None, "simplejson": None})  # type: ignore[dict-item]  # None hides a module

import faust  # noqa: E402 - it looks for them when it is imported
from faust.types import StreamT  # noqa: E402 - as above

TOO_FAST_S, TOO_SLOW_S = 5.0, 600.0
TOO_FAST_FACTOR, TOO_SLOW_FACTOR = 0.3, 0.8
PRIOR = 10
REDUNDANCY = 3


class Annotation(faust.Record, serializer="json"):
    annotation_id: str
    task_id: str
    annotator_id: str
    project: str
    label: str
    time_spent_s: float
    submitted_at: str


class Annotator(faust.Record, serializer="json"):
    annotations: int = 0
    mean_time_s: float = 0.0
    too_fast: int = 0
    too_slow: int = 0
    quality_score: float = 1.0


class Scored(faust.Record, serializer="json"):
    annotation_id: str
    task_id: str
    annotator_id: str
    project: str
    label: str
    time_spent_s: float
    submitted_at: str
    flags: list[str]
    quality_score: float


class Task(faust.Record, serializer="json"):
    votes: dict[str, str]
    weights: dict[str, float]


class Label(faust.Record, serializer="json"):
    task_id: str
    label: str
    vote_share: float
    votes: int


def score(annotator: Annotator, annotation: Annotation) -> Scored:
    """Count the annotation towards its author's running figures, and flag it."""
    seconds = annotation.time_spent_s
    flags = []
    counted = 1.0
    if seconds < TOO_FAST_S:
        flags.append("too_fast")
        annotator.too_fast += 1
        counted = TOO_FAST_FACTOR
    elif seconds > TOO_SLOW_S:
        flags.append("too_slow")
        annotator.too_slow += 1
        counted = TOO_SLOW_FACTOR
    annotator.annotations += 1
    annotator.mean_time_s += (seconds - annotator.mean_time_s) / annotator.annotations
    annotator.quality_score += (counted - annotator.quality_score) / (PRIOR + annotator.annotations)
    return Scored(
        annotation_id=annotation.annotation_id,
        task_id=annotation.task_id,
        annotator_id=annotation.annotator_id,
        project=annotation.project,
        label=annotation.label,
        time_spent_s=seconds,
        submitted_at=annotation.submitted_at,
        flags=flags,
        quality_score=annotator.quality_score,
    )


def count(task: Task, vote: Scored) -> Label | None:
    """Count a vote of a task without a label; return the label when it is the one that completes the task."""
    task.votes[vote.annotator_id] = vote.label
    task.weights[vote.label] = task.weights.get(vote.label, 0.0) + vote.quality_score
    if len(task.votes) < REDUNDANCY:
        return None
    best = max(sorted(task.weights), key=task.weights.__getitem__)
    share = task.weights[best] / sum(task.weights.values())
    return Label(task_id=vote.task_id, label=best, vote_share=share, votes=REDUNDANCY)


def create_app(broker: str, namespace: str, partitions: int) -> faust.App:
    """Return the app, at-least-once as Faust is by default."""
    # Faust's own: no linger, and polls without a bound.
    tuning: dict[str, Any] = {"producer_linger": 0.02, "broker_max_poll_records": 500} if TUNED else {}
    app = faust.App(
        namespace,
        broker=f"kafka://{broker}",
        store="memory://",
        topic_partitions=partitions,
        **tuning,
    )
    annotations = app.topic(f"{namespace}.annotations", key_type=str, value_type=Annotation)
    scored = app.topic(f"{namespace}.scored", key_type=str, value_type=Scored)
    labels = app.topic(f"{namespace}.labels", key_type=str, value_type=Label)
    annotators = app.Table("annotators", key_type=str, value_type=Annotator, default=Annotator)
    tasks = app.Table("tasks", key_type=str, value_type=Task, default=lambda: Task(votes={}, weights={}))

    @app.agent(annotations)
    async def score_annotations(stream: StreamT[Annotation]) -> None:
        async for annotation in stream:
            annotator = annotators[annotation.annotator_id]
            result = score(annotator, annotation)
            annotators[annotation.annotator_id] = annotator
            await scored.send(key=annotation.task_id, value=result)

    @app.agent(scored)
    async def label_tasks(stream: StreamT[Scored]) -> None:
        async for vote in stream:
            task = tasks[vote.task_id]
            if len(task.votes) == REDUNDANCY:
                continue
            label = count(task, vote)
            tasks[vote.task_id] = task
            if label is not None:
                await labels.send(key=vote.task_id, value=label)

    return app


if __name__ == "__main__":
    create_app(os.environ["PEER_BROKER"], os.environ["PEER_NAMESPACE"], int(os.environ["PEER_PARTITIONS"])).main()

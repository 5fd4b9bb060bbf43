"""The reference job, which every implementation in `benchmarks.peers` does, and its serial answer.

Input: `annotations`, keyed by annotator, JSON.

1. **By annotator**: keep the count and the mean time of their annotations, how many were too fast (under 5 s) or too
   slow (over 600 s), and a quality score. An annotation counts 1, times .3 if too fast, .8 if too slow; the score is
   the running mean of that over `PRIOR` annotations that count 1 and the annotator's own. Write the annotation, its
   flags and the score to `scored`, keyed by task.
2. **By task**: keep the votes and the weight of each class, a vote weighing its author's score at the time. The third
   vote makes the label: the class with the most weight, of equal ones the first by name; write it, its share of the
   weight and the number of votes to `labels`, keyed by task. What comes later changes nothing.

Both states are keyed tables in memory, backed by a changelog topic; all values are JSON.

A score follows from its annotator's own annotations, which one partition keeps in order. A label does not depend on
the order of its three votes: at most two weights are added up for a class, and adding two numbers commutes. So the
labels are a pure function of the input; the share alone may differ in its last bits, by the order of a sum of three.

The functions here serve the serial answer, and the peers that know no objects but their own: the raw loop and the
engine. Faust, Quix Streams and Kafka Streams have theirs, as their users would write it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

TOO_FAST_S, TOO_SLOW_S = 5.0, 600.0
TOO_FAST_FACTOR, TOO_SLOW_FACTOR = 0.3, 0.8
PRIOR = 10
VOTES = 3


class Annotation(msgspec.Struct, gc=False):
    annotation_id: str
    task_id: str
    annotator_id: str
    project: str
    label: str
    time_spent_s: float
    submitted_at: str


class Annotator(msgspec.Struct, gc=False):
    annotations: int = 0
    mean_time_s: float = 0.0
    too_fast: int = 0
    too_slow: int = 0
    quality_score: float = 1.0


class Scored(msgspec.Struct, gc=False):
    annotation_id: str
    task_id: str
    annotator_id: str
    project: str
    label: str
    time_spent_s: float
    submitted_at: str
    flags: list[str]
    quality_score: float


class Task(msgspec.Struct):
    votes: dict[str, str] = {}  # msgspec copies it
    weights: dict[str, float] = {}  # as above


class Label(msgspec.Struct, gc=False):
    task_id: str
    label: str
    vote_share: float
    votes: int


def score(annotator: Annotator, annotation: Annotation) -> Scored:
    """Count the annotation towards its author's figures, and flag it."""
    seconds = annotation.time_spent_s
    flags, counted = [], 1.0
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
        annotation.annotation_id,
        annotation.task_id,
        annotation.annotator_id,
        annotation.project,
        annotation.label,
        seconds,
        annotation.submitted_at,
        flags,
        annotator.quality_score,
    )


def count(task: Task, vote: Scored) -> Label | None:
    """Count a vote of a task that has no label yet; return the label when this one makes it."""
    task.votes[vote.annotator_id] = vote.label
    weights = task.weights
    weights[vote.label] = weights.get(vote.label, 0.0) + vote.quality_score
    if len(task.votes) < VOTES:
        return None
    best = max(sorted(weights), key=weights.__getitem__)
    return Label(vote.task_id, best, weights[best] / sum(weights.values()), VOTES)


def serial_answer(values: Iterable[bytes]) -> dict[str, Label]:
    """Return task to label when the annotations are taken one after the other."""
    decode = msgspec.json.Decoder(Annotation).decode
    annotators: dict[str, Annotator] = {}
    tasks: dict[str, Task] = {}
    labels = {}
    for value in values:
        annotation = decode(value)
        scored = score(annotators.setdefault(annotation.annotator_id, Annotator()), annotation)
        task = tasks.setdefault(annotation.task_id, Task())
        label = count(task, scored) if len(task.votes) < VOTES else None
        if label is not None:
            labels[label.task_id] = label
    return labels

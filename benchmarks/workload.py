"""What is published: tasks, three votes for each, and the labels they must come to.

The reference job weighs votes by the annotators' scores. goldstream as a product learns its weights from outcomes,
which come back while it works, so what it would weigh depends on timing; it is told `weighting: uniform`. Both come to
the same labels by construction: two of a task's three votes agree at least, and the scores stay above .5, so that any
two outweigh any one. `serial_answer` checks that this holds for what was made.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Sequence

import msgspec

from benchmarks.reference import VOTES as VOTES  # noqa: PLC0414  # the form that says it is exported
from benchmarks.reference import Label
from benchmarks.reference import serial_answer as serial_answer_of

Message = tuple[str, bytes, bytes]
"""Logical topic, key, value."""

PROJECT = "animals"
CLASSES = ("cat", "dog", "fox", "owl")
ANNOTATORS = 200
BLOCK = 1000
"""Tasks whose votes are mixed with one another: a prefix of whole blocks holds whole tasks."""

_PROMPT = "Which animal is the main subject of the picture? Look at the whole picture before you answer."
_encode = msgspec.json.encode


class _Vote(msgspec.Struct):
    task_id: str
    label: str


def project(redundancy: int = VOTES) -> Message:
    """Return the project: every vote weighs the same, so a label is the plain majority by construction."""
    policy = {"redundancy": redundancy, "max_redundancy": max(5, redundancy), "weighting": "uniform"}
    return "projects", PROJECT.encode(), _encode({"project": PROJECT, "policy": policy})


def tasks(count: int) -> Iterator[Message]:
    """Yield `count` tasks."""
    for number in range(count):
        task_id = _task_id(number)
        space = {"type": "classification", "classes": CLASSES}
        body = {
            "task_id": task_id,
            "project": PROJECT,
            "task_type": "classification",
            "prompt": _PROMPT,
            "content": {"image": f"https://images.example/{task_id}.jpg"},
            "questions": [{"question_id": "animal", "label_space": space}],
            "guidelines_version": "1",
        }
        yield "tasks", task_id.encode(), _encode(body)


def votes(count: int, seed: int = 1, block: int = BLOCK) -> Iterator[Message]:
    """Yield three annotations for each of `count` tasks, two of which agree at least; mixed within blocks of tasks.

    One in fifty is too fast and one in a hundred too slow.
    """
    rng = random.Random(seed)
    for start in range(0, count, block):
        mixed: list[tuple[int, int, str]] = []
        for number in range(start, min(start + block, count)):
            truth = rng.choice(CLASSES)
            answers = [truth, truth, truth if rng.random() < 0.6 else rng.choice(CLASSES)]
            rng.shuffle(answers)
            mixed += zip([number] * VOTES, rng.sample(range(ANNOTATORS), VOTES), answers, strict=True)
        rng.shuffle(mixed)
        for number, annotator, label in mixed:
            luck = rng.random()
            seconds = 2.5 if luck < 0.02 else 900.0 if luck < 0.03 else round(rng.uniform(6, 90), 1)
            annotator_id = f"annotator-{annotator:04d}"
            body = {
                "annotation_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
                "task_id": _task_id(number),
                "annotator_id": annotator_id,
                "project": PROJECT,
                "label": label,
                "time_spent_s": seconds,
                "submitted_at": "2026-01-01T00:00:00Z",
            }
            yield "annotations", annotator_id.encode(), _encode(body)


def serial_answer(messages: Sequence[Message]) -> dict[str, Label]:
    """Return task to label when the annotations are taken one after the other.

    Raises
    ------
    ValueError
        Where the plain majority, which goldstream gives with uniform weighting, is another or a tie: then the
        implementations would not be asked for the same labels.
    """
    values = [value for _, _, value in messages]
    labels = serial_answer_of(values)
    decode = msgspec.json.Decoder(_Vote).decode
    given: dict[str, list[str]] = {}
    for value in values:
        vote = decode(value)
        given.setdefault(vote.task_id, []).append(vote.label)
    for task_id, label in labels.items():
        if given[task_id][:VOTES].count(label.label) * 2 <= VOTES:
            raise ValueError(f"task {task_id}: {label.label} by weight, but not by number, of {given[task_id]}")
    return labels


def _task_id(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"goldstream/{number}"))

"""What is published: tasks, three votes for each, and the labels they must come to."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

Message = tuple[str, bytes, bytes]
"""Logical topic, key, value."""

PROJECT = "animals"
CLASSES = ("cat", "dog", "fox", "owl")
VOTES = 3
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


def votes(count: int, seed: int = 1) -> Iterator[Message]:
    """Yield three annotations for each of `count` tasks, two of which agree at least; mixed within blocks of tasks.

    One in fifty is too fast and one in a hundred too slow.
    """
    rng = random.Random(seed)
    for start in range(0, count, BLOCK):
        mixed: list[tuple[int, int, str]] = []
        for number in range(start, min(start + BLOCK, count)):
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


def serial_answer(messages: Iterable[Message]) -> dict[str, str]:
    """Return task to label when the annotations are counted one after the other: the majority of the first three."""
    decode = msgspec.json.Decoder(_Vote).decode
    given: dict[str, list[str]] = {}
    for _, _, value in messages:
        vote = decode(value)
        given.setdefault(vote.task_id, []).append(vote.label)
    return {
        task_id: Counter(labels[:VOTES]).most_common(1)[0][0]
        for task_id, labels in given.items()
        if len(labels) >= VOTES
    }


def _task_id(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"goldstream/{number}"))

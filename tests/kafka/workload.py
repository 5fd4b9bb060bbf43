"""A seeded campaign for tests of delivery, and what it must come to."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field

CLASSES = ("cat", "dog", "fox", "owl")
WHEN = "2026-01-01T00:00:00Z"

Message = tuple[str, bytes, bytes | None]


def encode(**fields: object) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def project(name: str, **policy: object) -> Message:
    return "projects", name.encode(), encode(project=name, policy=policy)


def task(task_id: str, name: str = "frozen", classes: tuple[str, ...] = CLASSES) -> Message:
    question = {"question_id": "q", "label_space": {"type": "classification", "classes": classes}}
    value = encode(task_id=task_id, project=name, task_type="classification", prompt="which?", questions=[question])
    return "tasks", task_id.encode(), value


def gold(task_id: str, answer: object, name: str = "frozen") -> Message:
    return "gold", task_id.encode(), encode(task_id=task_id, project=name, answer=answer)


def annotation(
    annotation_id: str, task_id: str, annotator: str, label: object = "cat", *, name: str = "frozen", **more: object
) -> Message:
    fields: dict[str, object] = {
        "annotation_id": annotation_id,
        "task_id": task_id,
        "annotator_id": annotator,
        "project": name,
        "label": label,
        "time_spent_s": 12.5,
        "submitted_at": WHEN,
    } | more
    return "annotations", annotator.encode(), encode(**fields)


@dataclass
class Promise:
    """What some inputs must come to, whatever happens meanwhile."""

    scored: set[str]
    """The annotation ids that are scored."""
    votes: dict[str, set[str]]
    """Task to the annotation ids that count in the end."""
    labels: dict[str, str]
    """Task of the frozen project to its plain majority, where there is one."""
    refused: Counter[str]
    """How many dead letters there are, by reason."""
    gold: set[str] = field(default_factory=set)
    """Tasks whose label depends on whether the gold answer or the votes came first: nothing is promised of it."""


@dataclass
class Workload:
    """Tasks of two projects, one with reliability frozen and one live, and their annotations in order."""

    setup: list[Message] = field(default_factory=list)
    annotations: list[Message] = field(default_factory=list)
    votes: dict[str, set[str]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    gold: set[str] = field(default_factory=set)
    duplicates: int = 0

    @property
    def promise(self) -> Promise:
        scored = {annotation for annotations in self.votes.values() for annotation in annotations}
        return Promise(scored, self.votes, self.labels, Counter(duplicate=self.duplicates), self.gold)


def make(seed: int, annotations: int, annotators: int = 40, first: int = 0) -> Workload:
    """Three votes a task; 5% of the tasks are gold; 1% of the annotations are sent twice.

    Tasks are numbered from `first` on, their annotations from three times that.
    """
    rng = random.Random(seed)
    made = Workload([project("frozen", weighting="uniform"), project("live")])
    sequence: list[tuple[str, str, str]] = []
    for number in range(first, first + annotations // 3):
        name = "live" if number % 2 else "frozen"
        task_id = f"{name}-{number}"
        truth = rng.choice(CLASSES)
        made.setup.append(task(task_id, name))
        is_gold = rng.random() < 0.05
        if is_gold:
            made.gold.add(task_id)
            made.setup.append(gold(task_id, truth, name))
        answers = [truth if rng.random() < 0.75 else rng.choice(CLASSES) for _ in range(3)]
        for who, answer in zip(rng.sample(range(annotators), 3), answers, strict=True):
            sequence.append((task_id, f"worker-{who}", answer))
        leader, share = Counter(answers).most_common(1)[0]
        if name == "frozen" and not is_gold and share >= 2:
            made.labels[task_id] = leader
    rng.shuffle(sequence)
    for number, (task_id, annotator, answer) in enumerate(sequence, 3 * first):
        message = annotation(
            f"a{number}",
            task_id,
            annotator,
            answer,
            name=task_id.split("-")[0],
            time_spent_s=rng.choice([2.5, 20, 900]),
        )
        made.annotations.append(message)
        made.votes.setdefault(task_id, set()).add(f"a{number}")
        if rng.random() < 0.01:
            made.annotations.append(message)
            made.duplicates += 1
    return made

"""Builds the task side's source events the way its sources decode them, and reads back its outputs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from schemas import CONTRACTS, DeadLetter
from schemas import Task as Published
from streams.events import DEAD_LETTERS, Event, Output
from streams.quality.inference.model import strengths
from streams.quality.inference.statistics import base, unknown
from streams.quality.keys import FIXED
from streams.quality.spaces import questions, written
from streams.quality.task_state import Task, Totals
from streams.quality.tasks import TaskSide
from streams.replay.state import apply
from tests.quality.harness import MemoryState

CLASSES = ("cat", "dog", "fox")
ANIMALS = {"type": "classification", "classes": list(CLASSES)}
AT = 1_760_000_000_000
DAY = 86_400_000

_DECODE = {source.topic: source.decode for source in TaskSide().sources}


def event(topic: str, key: str, body: dict[str, Any] | None, *, offset: int = 0, timestamp: int = AT) -> Event:
    raw = None if body is None else json.dumps(body).encode()
    value = None if raw is None else _DECODE[topic](raw)
    return Event(topic, 0, offset, timestamp, key, value, raw)


def task(task_id: str = "t", space: Any = ANIMALS, **changed: Any) -> dict[str, Any]:
    body = {
        "task_id": task_id,
        "project": "p",
        "task_type": space["type"] if isinstance(space, dict) else "classification",
        "prompt": "Which animal?",
        "questions": [{"question_id": "q", "label_space": space}],
    }
    return body | changed


def scored(annotator_id: str, label: Any = None, task_id: str = "t", **changed: Any) -> dict[str, Any]:
    body = {
        "annotation_id": f"{annotator_id}-{task_id}-{changed.get('action', 'submit')}",
        "task_id": task_id,
        "annotator_id": annotator_id,
        "project": "p",
        "action": "submit",
        "label": label,
        "time_spent_s": 20,
        "submitted_at": "2026-01-01T00:00:00Z",
        "flags": [],
        "quality_score": 1.0,
        "reliability": 0.7,
        "reliability_n": 0,
        "tier": "crowd",
        "kind": "human",
        "policy_version": 1,
    }
    return body | changed


def space_id(space: Any = ANIMALS) -> str:
    """Return what identifies a label space's list of categories."""
    asked = questions(written(Published.model_validate(task(space=space))))
    assert asked is not None
    return asked[0].parts[0].space_id


def counted(right: int, wrong: int = 0, version: int = 1) -> list[dict[str, Any]]:
    """Return the counts of an annotator of animals: so many answers of each class right, and taken for the next."""
    cells = {k * 3 + y: n * FIXED for k in range(3) for y, n in ((k, right), ((k + 1) % 3, wrong)) if n}
    return [copy_of(cells, version)]


def copy_of(cells: dict[int, int], version: int = 1, space: Any = ANIMALS, classes: int = 3) -> dict[str, Any]:
    """Return a copy of an annotator's counts, as it is sent in a project of which nothing is known."""
    shares = strengths(base(unknown(classes)), cells)
    counts = sorted(cells.items())
    return {
        "space": space_id(space),
        "classes": classes,
        "version": version,
        "strengths": list(shares),
        "counts": counts,
    }


def settings(policy_version: int = 1, **changed: Any) -> dict[str, Any]:
    project = {"project": "p", "policy": {}, "thresholds": {}} | changed
    return {
        "project": project["project"],
        "version": 1,
        "policy_version": policy_version,
        "project_settings": project,
    }


class Campaign:
    """A task side with its table; each call applies one event, commits, and returns what came out."""

    def __init__(self, *, known: bool = True, side: TaskSide | None = None, **policy: Any) -> None:
        self.side = side or TaskSide()
        self.state = MemoryState()
        self.offset = 0
        self.outputs: list[Output] = []
        if known:
            self.settings(policy=policy)

    def apply(self, topic: str, key: str, body: dict[str, Any] | None, timestamp: int | None = None) -> list[Output]:
        at = AT + self.offset if timestamp is None else timestamp
        outputs = apply(self.side, self.state, event(topic, key, body, offset=self.offset, timestamp=at))
        self.state.commit()
        self.offset += 1
        for output in outputs:
            validate(output)
        self.outputs += outputs
        return outputs

    def settings(self, policy_version: int = 1, **changed: Any) -> list[Output]:
        body = settings(policy_version, **changed)
        return self.apply("globals.t", body["project"], body)

    def remove_project(self, policy_version: int) -> list[Output]:
        body = {"project": "p", "version": 1, "policy_version": policy_version, "removed": True}
        return self.apply("globals.t", "p", body)

    def publish(self, task_id: str = "t", space: Any = ANIMALS, **changed: Any) -> list[Output]:
        return self.apply("tasks", task_id, task(task_id, space, **changed))

    def withdraw_task(self, task_id: str = "t") -> list[Output]:
        return self.apply("tasks", task_id, None)

    def vote(self, annotator_id: str, label: Any, task_id: str = "t", **changed: Any) -> list[Output]:
        at = changed.pop("timestamp", None)
        return self.apply("annotations.scored", task_id, scored(annotator_id, label, task_id, **changed), at)

    def edit(self, annotator_id: str, label: Any, task_id: str = "t", **changed: Any) -> list[Output]:
        return self.vote(annotator_id, label, task_id, action="edit", **changed)

    def withdraw(self, annotator_id: str, task_id: str = "t", **changed: Any) -> list[Output]:
        return self.vote(annotator_id, None, task_id, action="withdraw", **changed)

    def refuse(self, annotator_id: str, non_answer: str, task_id: str = "t", **changed: Any) -> list[Output]:
        return self.vote(annotator_id, None, task_id, non_answer=non_answer, **changed)

    def gold(self, answer: Any, task_id: str = "t", **changed: Any) -> list[Output]:
        return self.apply("gold", task_id, {"task_id": task_id, "project": "p", "answer": answer} | changed)

    def withdraw_gold(self, task_id: str = "t") -> list[Output]:
        return self.apply("gold", task_id, None)

    def tick(self, at: int) -> list[Output]:
        return self.apply("ticks.t", "0", {"at": at}, timestamp=at)

    def task(self, task_id: str = "t") -> Task:
        found = self.state.get(f"t\x1f{task_id}", Task)
        self.state.commit()
        assert found is not None
        return found

    def totals(self) -> Totals:
        found = self.state.get("totals", Totals) or Totals()
        self.state.commit()
        return found


def validate(output: Output) -> None:
    """Hold an output against its contract."""
    if output.topic == DEAD_LETTERS:
        DeadLetter.from_headers(list(output.headers))
        return
    assert output.value is not None
    assert output.key is not None
    CONTRACTS[output.topic].model_validate_json(output.value, strict=False)


def bodies(outputs: Sequence[Output], topic: str) -> list[dict[str, Any]]:
    return [json.loads(output.value or b"null") for output in outputs if output.topic == topic]


def labels(outputs: Sequence[Output]) -> list[dict[str, Any]]:
    """Return the label versions; each must be in both topics, byte for byte."""
    history = [output for output in outputs if output.topic == "labels"]
    latest = [output for output in outputs if output.topic == "labels.latest"]
    assert [(one.key, one.value, one.tag) for one in history] == [(one.key, one.value, one.tag) for one in latest]
    return bodies(outputs, "labels")


def verdicts(outputs: Sequence[Output]) -> list[dict[str, Any]]:
    """Return the outcomes that compare an answer with something: not those that only say what it shows."""
    return [body for body in bodies(outputs, "outcomes") if body["kind"] != "posterior"]


def outcomes(outputs: Sequence[Output]) -> list[tuple[str, str, int, bool]]:
    """Return the verdicts as (annotator, kind, sign, correct)."""
    return [(body["annotator_id"], body["kind"], body["sign"], body["correct"]) for body in verdicts(outputs)]


def rejections(outputs: Sequence[Output]) -> list[tuple[str, str]]:
    """Return the dead letters as (reason, error)."""
    letters = [DeadLetter.from_headers(list(one.headers)) for one in outputs if one.topic == DEAD_LETTERS]
    return [(letter.reason, letter.error) for letter in letters]


def reasons(outputs: Sequence[Output]) -> list[str]:
    """Return the dead letters' reasons; nothing else may have come out."""
    assert all(output.topic == DEAD_LETTERS for output in outputs)
    return [output.tag for output in outputs]

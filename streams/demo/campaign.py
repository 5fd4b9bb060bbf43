"""A simulated campaign: one project of 4-class tasks with gold among them, and who annotates what.

Pure and seeded: the same calls give the same messages. Time is how often an annotation was asked for.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from streams.simulator.personas import Annotator, cast

PROJECT: Final = "camera-traps"
CLASSES: Final = ("badger", "boar", "deer", "fox")
REDUNDANCY: Final = 3
MAX_REDUNDANCY: Final = 5
GOLD_EVERY: Final = 20
"""One of so many annotations of an annotator is on gold; for so many tasks there is one gold task."""

_QUESTION: Final = "species"
_START: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
_STEP: Final = timedelta(milliseconds=500)


@dataclass(slots=True, eq=False)
class _Task:
    """An ordinary task while it is open: who has voted, and from which ask on it may get its next vote."""

    task_id: str
    voters: set[str] = field(default_factory=set)
    ripe_at: int = 0


@dataclass(slots=True)
class _Plan:
    """The gold an annotator is still to get, and where in the running twenty the next one falls."""

    gold: list[str]
    gold_at: int
    served: int = 0


class Campaign:
    """What `goldstream demo` plays.

    Parameters
    ----------
    seed : int
        Decides everything but what the caller does.
    tasks : int
        Ordinary tasks; a twentieth of that number of gold tasks comes on top.
    annotators : int
        At least 8.
    window : int
        How many tasks are worked on at a time, in the order of their publication.
    patience : int
        How many asks a task with enough votes waits for its label before it gets one vote more.

    Attributes
    ----------
    project : dict
        The project's settings.
    annotators : list of Annotator
        Who takes part; `annotator_messages` introduces them.
    tasks, gold : list of dict
        The tasks, gold tasks among them, and the gold answers.

    Raises
    ------
    ValueError
        Without any task, or with too few annotators.
    """

    def __init__(self, seed: int, tasks: int, annotators: int = 60, *, window: int = 200, patience: int = 2000) -> None:
        if tasks < 1:
            raise ValueError(f"tasks: {tasks} are too few, a campaign needs at least 1")
        self._random = Random(seed)
        self.annotators = cast(annotators, len(CLASSES), self._random)
        gold_count = max(len(CLASSES), tasks // GOLD_EVERY)
        ids = [f"task-{number:06d}" for number in range(tasks + gold_count)]
        gold = self._random.sample(ids, gold_count)
        self._truth = {task_id: self._random.randrange(len(CLASSES)) for task_id in ids}
        # Balanced, so that a favourite answer is right on a quarter of it.
        self._truth |= {task_id: number % len(CLASSES) for number, task_id in enumerate(gold)}
        self._gold = frozenset(gold)
        ordinary = [task_id for task_id in ids if task_id not in self._gold]

        self.project = _project()
        self.annotator_messages = [annotator.message() for annotator in self.annotators]
        self.tasks = [_task(task_id) for task_id in ids]
        self.gold = [
            {"task_id": task_id, "project": PROJECT, "answer": CLASSES[self._truth[task_id]]} for task_id in gold
        ]

        self._plans = {
            annotator.annotator_id: _Plan(self._random.sample(gold, len(gold)), self._random.randrange(GOLD_EVERY))
            for annotator in self.annotators
        }
        self._patience = patience
        self._window = window
        self._untouched = deque(ordinary)
        self._unlabelled = set(ordinary)
        self._fresh: list[_Task] = []
        self._extended: deque[_Task] = deque()
        self._asked = 0
        self._sent = 0

    @property
    def finished(self) -> bool:
        """Whether no annotation is to come any more, whatever labels arrive."""
        return not (self._untouched or self._fresh or self._extended)

    @property
    def unlabelled(self) -> int:
        """How many ordinary tasks have no label yet."""
        return len(self._unlabelled)

    @property
    def annotations_sent(self) -> int:
        """How many annotations were made, gold included."""
        return self._sent

    def truth(self, task_id: str) -> str:
        """Return the right answer; raises `KeyError` for a task that is not of this campaign."""
        return CLASSES[self._truth[task_id]]

    def is_gold(self, task_id: str) -> bool:
        """Tell whether the task is one of the gold tasks."""
        return task_id in self._gold

    def label_arrived(self, task_id: str) -> None:
        """Note that a task is closed: it gets no more votes."""
        self._unlabelled.discard(task_id)
        self._fresh = [task for task in self._fresh if task.task_id != task_id]

    def next_annotation(self) -> dict[str, Any] | None:
        """Return the next annotation, by a random annotator on a task that is open to them.

        Returns
        -------
        dict or None
            None when nobody has anything to do right now: ask again, unless `finished`.
            Asking passes the time.
        """
        self._asked += 1
        self._refill()
        if self.finished:
            return None
        first = self._random.randrange(len(self.annotators))
        for annotator in self.annotators[first:] + self.annotators[:first]:
            task_id = self._gold_due(annotator) or self._vote(annotator)
            if task_id:
                self._plans[annotator.annotator_id].served += 1
                return self._annotation(annotator, task_id)
        return None

    def _gold_due(self, annotator: Annotator) -> str | None:
        plan = self._plans[annotator.annotator_id]
        if plan.served % GOLD_EVERY != plan.gold_at or not plan.gold:
            return None
        return plan.gold.pop()

    def _vote(self, annotator: Annotator) -> str | None:
        task = self._extended_task(annotator.annotator_id) or self._fresh_task(annotator.annotator_id)
        if task is None:
            return None
        task.voters.add(annotator.annotator_id)
        if len(task.voters) >= REDUNDANCY:
            self._rest(task)
        return task.task_id

    def _extended_task(self, annotator_id: str) -> _Task | None:
        """Return the task that has waited longest for a label, if it has waited enough."""
        if not self._extended:
            return None
        task = self._extended[0]
        return task if task.ripe_at <= self._asked and annotator_id not in task.voters else None

    def _fresh_task(self, annotator_id: str) -> _Task | None:
        """Return the first open task, from a random one on, that the annotator has not done."""
        count = len(self._fresh)
        start = self._random.randrange(count) if count else 0
        for step in range(count):
            task = self._fresh[(start + step) % count]
            if annotator_id not in task.voters:
                return task
        return None

    def _rest(self, task: _Task) -> None:
        """Move a task with enough votes out of the window: to wait for its label, or for good."""
        if self._extended and self._extended[0] is task:
            self._extended.popleft()
        else:
            self._fresh.remove(task)
        if len(task.voters) < MAX_REDUNDANCY:
            task.ripe_at = self._asked + self._patience
            self._extended.append(task)

    def _refill(self) -> None:
        """Bring the window up to date with the labels that arrived."""
        while self._extended and self._extended[0].task_id not in self._unlabelled:
            self._extended.popleft()
        while self._untouched and len(self._fresh) < self._window:
            task_id = self._untouched.popleft()
            if task_id in self._unlabelled:
                self._fresh.append(_Task(task_id))

    def _annotation(self, annotator: Annotator, task_id: str) -> dict[str, Any]:
        self._sent += 1
        return {
            "annotation_id": f"annotation-{self._sent:07d}",
            "task_id": task_id,
            "annotator_id": annotator.annotator_id,
            "project": PROJECT,
            "label": CLASSES[annotator.answer(self._truth[task_id], self._random)],
            "time_spent_s": annotator.seconds(self._random),
            "submitted_at": (_START + self._sent * _STEP).isoformat(),
        }


def _project() -> dict[str, Any]:
    return {
        "project": PROJECT,
        "policy": {"redundancy": REDUNDANCY, "max_redundancy": MAX_REDUNDANCY, "min_agreement": 0.6},
        "thresholds": {},
        "actor": "demo",
        "reason": "simulated campaign",
    }


def _task(task_id: str) -> dict[str, Any]:
    return {
        "task_id": task_id,
        "project": PROJECT,
        "task_type": "classification",
        "prompt": "Which animal is in the picture?",
        "content": {"image": f"pictures/{task_id}.jpg"},
        "instructions": "One animal per picture; choose the one in front.",
        "questions": [{"question_id": _QUESTION, "label_space": {"type": "classification", "classes": list(CLASSES)}}],
    }

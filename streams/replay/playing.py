"""One replay of a history: the project, the tasks and the gold are published, then the annotations come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from time import perf_counter
from typing import Any, TypeAlias

import msgspec

from schemas import Policy
from streams.events import Output
from streams.quality.labels import LABELS
from streams.quality.records import instant
from streams.quality.task_state import CLOSED
from streams.replay.history import Answer, History
from streams.replay.labels import Asked
from streams.replay.loop import Loop
from streams.replay.orders import Order, arranged
from streams.replay.state import LiveState

PROJECT, QUESTION = "replay", "label"
START_MS = 1_767_225_600_000
STEP_MS = 20
"""Between two annotations, where the file's times do not tell."""
TICK_MS = 1_000
UNKNOWN_S = 60.0
"""The time an annotation takes where the file does not tell: neither fast nor slow."""
MOST_VOTES = 64
"""The largest redundancy a task may ask for."""
_QUIET_MS = (10_000, 60_000, 600_000, 3_600_000, 21_600_000, 86_400_000)
_MOST_TICKS = 10_000

Watch: TypeAlias = Callable[[str, int], Callable[[int], None]]
"""From what is done, and how many annotations it has, to what is told how many are done."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Plan:
    """How a history is replayed.

    Attributes
    ----------
    redundancy : int or None
        Votes a task gets at first; None for as many as the file has. No task asks for more than those.
    at_most : int
        No task asks for more votes than this.
    policy : mapping
        What else the project's policy says.
    gold_share : float
        The share of the tasks with known truth that are gold.
    """

    order: Order = Order.given
    redundancy: int | None = None
    at_most: int = MOST_VOTES
    policy: Mapping[str, Any] = field(default_factory=dict)
    gold_share: float = 0.0
    outcome_delay: int = 0


@dataclass(slots=True)
class Played:
    """What came out of one replay.

    Attributes
    ----------
    gold : frozenset of str
        The tasks that were gold.
    first, newest : dict of str to bytes
        By task, the first label that was settled or undecided, and the newest of all.
    events : list of bytes
        Quality events.
    refused : Counter
        Dead letters by reason.
    tables : mapping of str to LiveState
        What the sides know at the end.
    seconds, sides_seconds : float
        All of it, and the part that the sides' steps took.
    """

    gold: frozenset[str]
    first: dict[str, bytes] = field(default_factory=dict)
    newest: dict[str, bytes] = field(default_factory=dict)
    events: list[bytes] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    tables: Mapping[str, LiveState] = field(default_factory=dict)
    seconds: float = 0.0
    sides_seconds: float = 0.0

    def take(self, output: Output) -> None:
        """Keep what is looked at later."""
        if output.value is None:
            return
        if output.topic == LABELS:
            task = (output.key or b"").decode()
            if output.tag in CLOSED:
                self.first.setdefault(task, output.value)
            self.newest[task] = output.value
        elif output.topic == "quality-events":
            self.events.append(output.value)


def play(
    history: History, labels: Asked, plan: Plan, seed: int, progress: Callable[[int], None] = lambda _: None
) -> Played:
    """Replay a history once.

    Parameters
    ----------
    seed : int
        Of the order and of the choice of gold.
    progress : callable
        Told the number of annotations done, now and then.
    """
    played = Played(frozenset(gold_of(history, labels, plan.gold_share, seed)))
    answers = arranged(history.answers, plan.order, seed)
    times = _times(answers, plan.order)
    began = perf_counter()
    loop = Loop(played.take, outcome_delay=plan.outcome_delay)
    _publish(loop, history, labels, plan, played.gold)
    _annotate(loop, answers, times, labels, progress)
    loop.deliver()
    _come_to_rest(loop, times[-1])
    played.seconds = perf_counter() - began
    played.sides_seconds = sum(loop.seconds.values())
    played.refused, played.tables = loop.refused, loop.tables
    return played


def gold_of(history: History, labels: Asked, share: float, seed: int) -> list[str]:
    """Draw the tasks that are gold, from those whose truth is a label that may be given."""
    known = sorted(task for task, label in history.truth.items() if labels.allows(label))
    return Random(f"gold {seed}").sample(known, round(share * len(known)))


def project_of(plan: Plan) -> dict[str, Any]:
    """Return the project that a plan publishes."""
    redundancy = plan.redundancy or 1
    # Where all votes are wanted, a task's own redundancy is its most: no further vote will come.
    most = max(plan.redundancy, Policy().max_redundancy) if plan.redundancy else 1
    return {
        "project": PROJECT,
        "policy": {"redundancy": redundancy, "max_redundancy": most, **plan.policy},
        "actor": "replay",
        "reason": "replay of a history",
    }


def _publish(loop: Loop, history: History, labels: Asked, plan: Plan, gold: frozenset[str]) -> None:
    loop.send("projects", PROJECT, _encode(project_of(plan)), START_MS)
    for topic in ("ticks.a", "ticks.t"):
        loop.send(topic, "0", _encode({"at": START_MS}), START_MS)
    body: dict[str, Any] = {
        "project": PROJECT,
        "task_type": labels.task_type,
        "prompt": "As in the history.",
        "questions": [{"question_id": QUESTION, "label_space": labels.space}],
    }
    for task, votes in history.votes.items():
        asked = min(votes, plan.redundancy or votes, plan.at_most)
        own = {} if asked == plan.redundancy else {"redundancy": asked}
        loop.send("tasks", task, _encode({"task_id": task, **body, **own}), START_MS)
    for task in sorted(gold):
        known = {"task_id": task, "project": PROJECT, "answer": labels.answer(history.truth[task])}
        loop.send("gold", task, _encode(known), START_MS)


def _times(answers: list[Answer], order: Order) -> list[int]:
    """Return when each annotation comes, in ms: the file's times where they decide the order."""
    if order is not Order.time:
        return list(range(START_MS, START_MS + STEP_MS * len(answers), STEP_MS))
    latest, times = START_MS, []
    first = next((answer.at for answer in answers if answer.at is not None), 0)
    for answer in answers:
        # Counted from the start: what a side lets expire depends on the time that has passed, not on the year.
        latest = max(latest, START_MS + (answer.at or 0) - first)
        times.append(latest)
    return times


def _annotate(
    loop: Loop, answers: list[Answer], times: list[int], labels: Asked, progress: Callable[[int], None]
) -> None:
    seen = set[tuple[str, str]]()
    ticked = START_MS
    for number, (answer, at) in enumerate(zip(answers, times, strict=True)):
        if at - ticked >= TICK_MS:
            ticked = at
            _tick(loop, at)
            progress(number)
        pair = (answer.task, answer.worker)
        body = {
            "annotation_id": f"row-{answer.line}",
            "task_id": answer.task,
            "annotator_id": answer.worker,
            "project": PROJECT,
            "action": "edit" if pair in seen else "submit",
            "label": labels.answer(answer.label),
            "time_spent_s": UNKNOWN_S if answer.seconds is None else answer.seconds,
            "submitted_at": instant(at),
        }
        seen.add(pair)
        loop.send("annotations", answer.worker, _encode(body), at)
    progress(len(answers))


def _tick(loop: Loop, at: int) -> None:
    raw = _encode({"at": at})
    for topic in ("ticks.a", "ticks.t"):
        loop.send(topic, "0", raw, at)


def _come_to_rest(loop: Loop, ended: int) -> None:
    """Let time pass until a tick changes nothing any more: what the sides put off is done by then."""
    for after in _QUIET_MS:
        for again in range(_MOST_TICKS):
            before = loop.writes
            _tick(loop, ended + after + again)
            if loop.writes == before:
                break
        loop.deliver()

"""What a task's posterior shows of its voters: told when it has moved, and taken back exactly."""

from __future__ import annotations

from operator import sub
from typing import Any

from streams.events import Output
from streams.quality import marking, positions, stopping
from streams.quality.case import Case
from streams.quality.deciding import Decision, has_moved
from streams.quality.inference import constants
from streams.quality.keys import FIXED
from streams.quality.summing import gather
from streams.quality.task_state import Entry

Posteriors = list[list[int]]

_SILENT = frozenset({"unusable", "withdrawn"})


def target(case: Case, decision: Decision) -> Posteriors | None:
    """Return the posterior that voters should have been told, for each part; None for none.

    That is a known truth of gold; else what the votes come to once there are `constants.FEEDBACK_VOTES`, which a part
    is told anew only when it has moved by more than `constants.MOVED`.
    """
    task = case.task
    truth = task.known
    if truth is not None:
        return _indicators(case, truth.answers) if truth.kind == "gold" else None
    reading = decision.reading
    if decision.phase in _SILENT or reading is None:
        return None
    if len(reading.models) < min(constants.FEEDBACK_VOTES, stopping.redundancy(case)):
        return None
    told, found = task.posterior, reading.posteriors
    if not told:
        return found
    moved = list(map(has_moved, told, found))
    if not any(moved):
        return told
    return [new if is_new else old for old, new, is_new in zip(told, found, moved, strict=True)]


def _indicators(case: Case, truths: list[Any]) -> Posteriors:
    return [
        [FIXED * (place == part.place(truth)) for place in range(len(part.names))]
        for question, truth in zip(case.asked, truths, strict=True)
        for part in question.parts
    ]


def change(
    case: Case, entry: Entry, after: Posteriors | None, marks: dict[int, marking.Expected]
) -> list[list[dict[str, Any]]]:
    """Return the evidence that brings a vote's annotator from what the task stands at to `after`, by question.

    Parts of spans are brought to `marks`, where there is an `after`. The vote is marked as told, or as not.
    """
    before = case.task.posterior if entry.is_evidence else None
    entry.is_evidence = after is not None
    if before is after:
        return [[] for _ in case.asked]
    found: list[list[dict[str, Any]]] = []
    number = 0
    for place, question in enumerate(case.asked):
        own: list[dict[str, Any]] = []
        for part in question.parts:
            if part.is_spans and entry.answers is not None:
                wanted = None if after is None else marks.get(number)
                own += marking.change(entry, part, number, part.leaf.answer(entry.answers[place]), wanted)
            old = [] if before is None else before[number]
            new = [] if after is None else after[number]
            given = entry.places[number]
            number += 1
            if old == new or not part.names:
                continue
            moved = [
                [category, difference]
                for category in range(len(part.names))
                if (difference := (new[category] if new else 0) - (old[category] if old else 0))
            ]
            own.append({"space": part.space_id, "classes": len(part.names), "given": given, "change": moved})
            if entry.shown:
                own += positions.change(entry, number - 1, old, new)
        found.append(own)
    return found


def move(case: Case, after: Posteriors | None) -> list[Output]:
    """Let the task stand at `after`; return what that tells of how common the classes are. Gold tells nothing."""
    task = case.task
    before = task.posterior if task.is_counted else []
    task.is_counted = after is not None and task.known is None
    task.posterior = after or []
    now = task.posterior if task.is_counted else []
    if before is now or before == now:
        return []
    outputs: list[Output] = []
    for number, part in enumerate(case.parts):
        if part.names:
            classes = len(part.names)
            old = before[number] if before else [0] * classes
            new = now[number] if now else [0] * classes
            differences = {"tasks": list(map(sub, new, old))}
            outputs += gather(case.state, task.project, part.space_id, classes, differences, case.timestamp)
    return outputs

"""What a rule that runs in shadow would have done: when it would have closed a task, for how much, and how well.

Tasks close by redundancy, and their first votes are looked at again as they close. As the rule closes no task with more
votes than that, nothing is left to guess. What a task tells of it is taken back when the task is decided anew.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from streams.events import Output, State
from streams.quality import stopping
from streams.quality.aggregation.categorical import leader
from streams.quality.aggregation.votes import Aggregate
from streams.quality.case import Case
from streams.quality.deciding import Decision, early
from streams.quality.inferring import Reading
from streams.quality.keys import key, parts
from streams.quality.records import encode, instant
from streams.quality.summing import PROJECT_DELTAS
from streams.quality.task_state import CLOSED, Entry, Shadow

FIELDS: Final = (
    "tasks",
    "votes",
    "votes_by_rule",
    "paid",
    "paid_by_rule",
    "differing",
    "gold",
    "gold_right",
    "gold_right_by_rule",
)
"""What is told of a task: of `schemas.project_deltas.PolicyDelta`, in its order."""

TASKS: Final = 64
"""The changes of so many tasks are told at once; fewer with the next tick."""

_PENDING: Final = key("o")


class Pending(msgspec.Struct, array_like=True):
    """What was not told yet, by project and rule, and how many tasks that was."""

    sums: dict[str, list[int]] = {}
    changes: int = 0


def check(case: Case, decision: Decision | None = None) -> list[Output]:
    """Bring what the project has of a task up to date; a decision is needed only of a task without gold.

    On gold the votes are looked at as they came, before the task itself has taught anything.
    """
    task, state = case.task, case.state
    before = task.shadow
    if before is None and case.settings.adaptive != "shadow":
        return []
    found = _found(case, decision)
    if found == before:
        return []
    task.shadow = found
    pending = state.get(_PENDING, Pending) or Pending()
    for shadow, sign in ((before, -1), (found, 1)):
        if shadow is not None:
            place = key(task.project, shadow.kind, str(shadow.threshold), str(shadow.min_redundancy))
            sums = pending.sums.get(place, [0] * len(FIELDS))
            pending.sums[place] = [one + sign * other for one, other in zip(sums, shadow.sums, strict=True)]
    pending.changes += 1
    state.put(_PENDING, pending)
    return tell(state, case.timestamp) if pending.changes >= TASKS else []


def tell(state: State, timestamp: int) -> list[Output]:
    """Return the records that tell the projects what they were not told yet."""
    pending = state.get(_PENDING, Pending)
    if pending is None:
        return []
    state.delete(_PENDING)
    outputs: list[Output] = []
    for place, sums in pending.sums.items():
        if not any(sums):
            continue
        project, kind, threshold, least = parts(place)
        delta: dict[str, Any] = {"rule": kind, "threshold": int(threshold), "min_redundancy": int(least)}
        delta |= zip(FIELDS, sums, strict=True)
        body = {"schema_version": 1, "project": project, "policies": [delta], "at": instant(timestamp)}
        outputs.append(Output(PROJECT_DELTAS, project.encode(), encode(body), timestamp, tag="policies"))
    return outputs


def _found(case: Case, decision: Decision | None) -> Shadow | None:
    task, settings = case.task, case.settings
    if settings.adaptive != "shadow" or not settings.has_rule:
        return None
    if task.truth is not None:
        sums = _on_gold(case) if task.truth.kind == "gold" else None
    elif decision is None or decision.phase not in CLOSED:
        sums = None
    else:
        sums = _on_votes(case, decision)
    return None if sums is None else Shadow(*stopping.names(settings), sums)


def _on_votes(case: Case, decision: Decision) -> list[int]:
    votes = [entry for entry in case.task.entries[: case.task.counted] if entry.answers is not None]
    payment = case.task.terms.payment
    number, found, _ = _closed(case, votes) or (len(votes), decision.aggregates, None)
    differs = [one.label for one in found] != [one.label for one in decision.aggregates]
    return [1, len(votes), number, payment * len(votes), payment * number, int(differs), 0, 0, 0]


def _on_gold(case: Case) -> list[int] | None:
    votes = [entry for entry in case.task.entries if entry.answers is not None][: stopping.redundancy(case)]
    if len(votes) < stopping.redundancy(case) or not all(part.names for part in case.parts):
        return None
    reading = Reading(case)
    for entry in votes:
        reading.add(entry, as_it_came=True)
    closed = _closed(case, votes, as_it_came=True)
    right = _is_right(case, reading)
    return [0, 0, 0, 0, 0, 0, 1, int(right), int(right if closed is None else _is_right(case, closed[2]))]


def _closed(
    case: Case, votes: list[Entry], *, as_it_came: bool = False
) -> tuple[int, tuple[Aggregate, ...], Reading] | None:
    """Return with how many of the votes the rule would have closed the task, and with what; None if with all."""
    reading = Reading(case)
    for number, entry in enumerate(votes[: stopping.redundancy(case) - 1], 1):
        reading.add(entry, as_it_came=as_it_came)
        closed = early(case, votes[:number], reading)
        if closed is not None:
            return number, closed[1], reading
    return None


def _is_right(case: Case, reading: Reading) -> bool:
    truth = case.task.truth
    if truth is None:
        raise LookupError(f"task {case.task_id!r} is not gold")
    places = [
        part.place(right) for question, right in zip(case.asked, truth.answers, strict=True) for part in question.parts
    ]
    return [leader(posterior) for posterior in reading.posteriors] == places

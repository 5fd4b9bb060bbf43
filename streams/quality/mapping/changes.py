"""The changes of named label spaces as the task side keeps them for ever, each with what it came to."""

from __future__ import annotations

import msgspec

from schemas import ClassMapping, SpaceChange
from streams.events import Rejected, State
from streams.quality.keys import key
from streams.quality.mapping.classes import check
from streams.quality.spaces import space_text


class Tally(msgspec.Struct, array_like=True):
    """What a change came to: `schemas.quality_events.SpaceChanged`, without the label space's name."""

    tasks: int = 0
    votes: int = 0
    votes_taken_back: int = 0
    gold: int = 0
    gold_withdrawn: int = 0
    verdicts_withdrawn: int = 0
    labels: int = 0
    reopened: int = 0


class Change(msgspec.Struct, array_like=True):
    """A project's change of this `number`; `before` and `after` are label spaces as JSON text."""

    number: int
    space: str
    before: str
    after: str
    mapping: ClassMapping
    change_id: str
    actor: str
    reason: str
    tally: Tally


class Changes(msgspec.Struct, array_like=True):
    """How many changes of a project's label spaces have come."""

    count: int = 0


def count(state: State, project: str) -> int:
    """Return how many changes of a project's label spaces have come."""
    kept = state.get(key("k", project), Changes)
    return 0 if kept is None else kept.count


def change_of(state: State, project: str, number: int) -> Change:
    """Return a project's change of this number."""
    found = state.get(_place(project, number), Change)
    if found is None:
        raise LookupError(f"change {number} of the label spaces of project {project!r} is counted but not stored")
    return found


def keep(state: State, project: str, change: Change) -> None:
    """Store a change, or what it has come to."""
    state.put(_place(project, change.number), change)


def store(state: State, project: str, sent: SpaceChange) -> bool:
    """Keep a change that comes next; tell whether it is one, and not one that is known.

    Raises
    ------
    Rejected
        ``invalid`` where one before it is missing, or its mapping leads from neither space to the other.
    """
    known = count(state, project)
    if sent.number <= known:
        return False
    if sent.number > known + 1:
        raise Rejected("invalid", f"change.number: expected {known + 1}, got {sent.number}")
    try:
        check(sent.space, sent.before, sent.after, sent.mapping)
    except Rejected as rejected:
        raise Rejected("invalid", f"change: {rejected.error}") from None
    change = Change(
        number=sent.number,
        space=sent.space,
        before=space_text(sent.before),
        after=space_text(sent.after),
        mapping=sent.mapping,
        change_id=sent.change_id,
        actor=sent.actor,
        reason=sent.reason,
        tally=Tally(),
    )
    keep(state, project, change)
    state.put(key("k", project), Changes(sent.number))
    return True


def _place(project: str, number: int) -> str:
    return key("k", project, str(number))

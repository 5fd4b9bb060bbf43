"""What all annotators of a project share on a label space, as both sides keep it: the newest version they were sent."""

from __future__ import annotations

from schemas import Globals
from streams.events import Rejected, State
from streams.quality.inference import constants
from streams.quality.inference.statistics import Base, Statistics, unknown
from streams.quality.keys import key


def store(state: State, sent: Globals) -> None:
    """Keep a version of a project's sums, unless a newer one is kept.

    Raises
    ------
    Rejected
        ``invalid`` where a list has another length than the others, or than the inference has numbers of its kind.
    """
    told = sent.statistics
    if told is None:
        return
    classes = len(told.tasks)
    lengths = {"right": classes, "given": classes, "gold": 1}
    lengths |= {"strengths": len(constants.STRENGTHS), "losses": len(constants.SLIPS)}
    for name, length in {"tasks": max(classes, 2), **lengths}.items():
        found = len(getattr(told, name))
        if found != length:
            raise Rejected("invalid", f"statistics.{name}: expected {length} numbers, got {found}")
    place = key("g", sent.project, told.space)
    kept = state.get(place, Statistics)
    if kept is None or kept.version < told.version:
        sums = (told.tasks, told.right, told.given, told.strengths, told.losses, told.gold)
        state.put(place, Statistics(told.version, *map(tuple, sums)))


def statistics(state: State, project: str, space_id: str, classes: int) -> Statistics:
    """Return a project's sums on a label space; noughts before any were sent."""
    kept = state.get(key("g", project, space_id), Statistics)
    return unknown(classes) if kept is None or len(kept.tasks) != classes else kept


def shared(state: State, project: str, space_id: str, classes: int) -> Base:
    """Return what a project's annotators share on a label space."""
    return statistics(state, project, space_id, classes).base

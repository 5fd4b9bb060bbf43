"""What all annotators of a project share on a label space, as both sides keep it: the newest version they were sent."""

from __future__ import annotations

from schemas import Globals
from streams.events import State
from streams.quality.inference.statistics import Base, Statistics, base, unknown
from streams.quality.keys import key


def store(state: State, sent: Globals) -> None:
    """Keep a version of a project's sums, unless a newer one is kept."""
    told = sent.statistics
    if told is None:
        return
    place = key("g", sent.project, told.space)
    kept = state.get(place, Statistics)
    if kept is None or kept.version < told.version:
        sums = (told.tasks, told.right, told.given, told.strengths, told.losses, told.gold)
        state.put(place, Statistics(told.version, *map(tuple, sums)))


def shared(state: State, project: str, space_id: str, classes: int) -> Base:
    """Return what a project's annotators share on a label space."""
    return base(state.get(key("g", project, space_id), Statistics) or unknown(classes))

"""What the task side knows of annotators and classes, carried over into a changed label space.

Counts are told anew from the tasks, vote by vote; until that has come round, and for those who annotate no more, what
was known stands in for it: the same sums, in the new classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from streams.events import State
from streams.quality.inference.model import Copy, Models, written
from streams.quality.inference.statistics import Statistics
from streams.quality.inferring import counts_key, erased_key
from streams.quality.keys import key
from streams.quality.spaces import Part
from streams.quality.task_state import Entry

Seats = Sequence[int | None]
"""Where each category is among the new ones; None for one that has no place there."""

_cells = msgspec.json.Decoder(list[tuple[int, int]]).decode


def carry(state: State, project: str, entry: Entry, old: Part, new: Part, seats: Seats) -> None:
    """Let a vote's annotator be known in a part's new categories as in its old ones, unless there is word of it."""
    if old.space_id == new.space_id or not new.names:
        return
    _carry_shared(state, project, old, new, seats)
    place = (erased_key if entry.is_erased else counts_key)(entry.annotator_id, project)
    known = state.get(place, Models)
    if known is None or old.space_id not in known.spaces or new.space_id in known.spaces:
        return
    cells: dict[int, int] = {}
    before = known.spaces[old.space_id]
    for cell, mass in _cells(before.counts):
        truth, given = (seats[one] for one in divmod(cell, len(old.names)))
        if truth is not None and given is not None:
            at = truth * len(new.names) + given
            cells[at] = cells.get(at, 0) + mass
    # Version nought: the first copy of the counts told anew takes its place.
    state.put(place, Models({**known.spaces, new.space_id: Copy(0, written(cells), before.strengths)}))


def _carry_shared(state: State, project: str, old: Part, new: Part, seats: Seats) -> None:
    place = key("g", project, new.space_id)
    kept = state.get(key("g", project, old.space_id), Statistics)
    if kept is None or len(kept.tasks) != len(old.names) or state.get(place, Statistics) is not None:
        return

    def moved(values: Sequence[int]) -> tuple[int, ...]:
        found = [0] * len(new.names)
        for seat, value in zip(seats, values, strict=True):
            if seat is not None:
                found[seat] += value
        return tuple(found)

    tasks, right, given = moved(kept.tasks), moved(kept.right), moved(kept.given)
    state.put(place, Statistics(0, tasks, right, given, kept.strengths, kept.losses, kept.gold))

"""What the annotator side learns of how each annotator confuses classes, and when it tells the task side.

Counts of answers by truth are sums of what was told and not taken back. The task side works with copies of them, which
are renewed when enough has changed: so many copies as the logarithm of the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import sub
from typing import Any, Final, NamedTuple

import msgspec

from streams.events import Output, Rejected, State
from streams.quality.inference import constants
from streams.quality.inference.model import NOTHING, strengths, written
from streams.quality.keys import FIXED, key
from streams.quality.returning import Judgement, Shown
from streams.quality.shared import shared
from streams.quality.summing import gather

PartitionOf = Callable[[bytes], int]

MOST_SPACES: Final = 50
"""On so many label spaces an annotator's counts are kept in one project: they are one entry of the table."""


Sums = dict[str, list[int]]


class Counts(msgspec.Struct, array_like=True):
    """An annotator's counts on one label space, fixed-point (1e-6).

    `cells` has them by ``k * K + y`` and `mass` is their sum; `moved` is how much they have changed since the copy
    that is `told`, of that `version`. `sums` are what the project's sums have of this annotator: those of the copy.
    """

    classes: int
    cells: dict[int, int] = {}
    mass: int = 0
    moved: int = 0
    version: int = 0
    told: str = "[]"
    sums: Sums = {}

    @property
    def strengths(self) -> list[int]:
        """How well each strength explains the copy, fixed-point."""
        return self.sums.get("strengths") or list(NOTHING.strengths)


class Confusions(msgspec.Struct, array_like=True):
    """An annotator's counts in one project, by label space.

    `version` is the newest copy's; `sent` the newest that each partition of the task side was sent.
    """

    spaces: dict[str, Counts] = {}
    version: int = 0
    sent: dict[int, int] = {}


def confusions_key(annotator_id: str, project: str) -> str:
    """Return the table key of an annotator's counts in a project."""
    return key("m", annotator_id, project)


class Changed(NamedTuple):
    """What an outcome's evidence leads to: an annotator's counts, and of each label space the cells that change.

    None stands for a label space that is not kept; `place` is the table key of the counts.
    """

    place: str
    kept: Confusions
    cells: list[dict[int, int] | None]


_NOTHING: Final[dict[int, int]] = {}


def changed(state: State, outcome: Judgement) -> Changed | None:
    """Return what an outcome's evidence leads to; None without any.

    Raises
    ------
    Rejected
        ``outcome_underflow`` where it takes back what was never told, ``invalid`` where it names no category.
    """
    if not outcome.evidence:
        return None
    place = confusions_key(outcome.annotator_id, outcome.project)
    kept = state.get(place, Confusions) or Confusions()
    found: list[dict[int, int] | None] = []
    so_far: dict[str, tuple[int, dict[int, int]]] = {}
    for one in outcome.evidence:
        # Turns of a dialog may have the same label space: what one shows comes on top of the other.
        classes, before = so_far.get(one.space, (one.classes, _NOTHING))
        if classes != one.classes:
            raise _other_categories(one)
        cells = _changed(kept, one, before)
        found.append(cells)
        if cells is not None:
            so_far[one.space] = (classes, cells)
    return Changed(place, kept, found)


def learn(state: State, outcome: Judgement, found: Changed, timestamp: int) -> list[Output]:
    """Take over what `changed` has found; return what that tells the project, if it is time."""
    kept = found.kept
    outputs: list[Output] = []
    for one, cells in zip(outcome.evidence or (), found.cells, strict=True):
        if cells is None:
            continue
        counts = kept.spaces.get(one.space)
        if counts is None:
            counts = kept.spaces[one.space] = Counts(one.classes)
        own = counts.cells
        for cell, mass in cells.items():
            if mass:
                own[cell] = mass
            else:
                own.pop(cell, None)
        for _, difference in one.change:
            counts.mass += difference
            counts.moved += abs(difference)
        # The last answer that is taken back takes everything with it.
        if counts.moved > constants.RENEWED * (2 * FIXED + counts.mass) or not own:
            kept.version += 1
            changes = _renew(state, outcome.project, one.space, counts, kept.version)
            outputs += gather(state, outcome.project, one.space, one.classes, changes, timestamp)
    state.put(found.place, kept)
    return outputs


def _changed(kept: Confusions, shown: Shown, before: Mapping[int, int]) -> dict[int, int] | None:
    """Return the cells that evidence changes, `before` it too; None where there are too many label spaces for it."""
    counts = kept.spaces.get(shown.space)
    if counts is None and len(kept.spaces) >= MOST_SPACES:
        return None
    classes = shown.classes
    if shown.given >= classes or (counts is not None and counts.classes != classes):
        raise _other_categories(shown)
    cells = {} if counts is None else counts.cells
    found = dict(before)
    for truth, difference in shown.change:
        cell = truth * classes + shown.given
        mass = found.get(cell, cells.get(cell, 0)) + difference
        if truth >= classes:
            raise _other_categories(shown)
        if mass < 0:
            raise Rejected("outcome_underflow", "evidence: takes back what was never told")
        found[cell] = mass
    return found


def _other_categories(shown: Shown) -> Rejected:
    return Rejected("invalid", f"evidence: label space {shown.space} has other categories")


def _renew(state: State, project: str, space_id: str, counts: Counts, version: int) -> Sums:
    """Make a new copy of the counts; return by how much it changes the project's sums."""
    counts.told, counts.moved, counts.version = written(counts.cells), 0, version
    before, counts.sums = counts.sums, {}
    if counts.cells:
        given, right = [0] * counts.classes, [0] * counts.classes
        for cell, mass in counts.cells.items():
            truth, answer = divmod(cell, counts.classes)
            given[truth] += mass
            if truth == answer:
                right[truth] += mass
        own = strengths(shared(state, project, space_id, counts.classes), counts.cells)
        counts.sums = {"right": right, "given": given, "strengths": list(own)}
    if not before:
        return counts.sums
    after = counts.sums or {kind: [0] * len(sums) for kind, sums in before.items()}
    return {kind: list(map(sub, after[kind], sums)) for kind, sums in before.items()}


def untold(
    state: State, annotator_id: str, project: str, task_id: str, partitions: int, partition_of: PartitionOf
) -> list[dict[str, Any]] | None:
    """Return the counts that the task's partition does not have yet, and take them as sent; None where it has all."""
    place = confusions_key(annotator_id, project)
    kept = state.get(place, Confusions)
    if kept is None or not kept.version:
        return None
    sent = kept.sent
    if len(sent) == partitions and min(sent.values()) == kept.version:
        return None
    partition = partition_of(task_id.encode())
    known = sent.get(partition, 0)
    if known == kept.version:
        return None
    kept.sent = {**sent, partition: kept.version}
    state.put(place, kept)
    return [
        {
            "space": space_id,
            "classes": one.classes,
            "version": one.version,
            "counts": msgspec.Raw(one.told.encode()),
            "strengths": one.strengths,
        }
        for space_id, one in kept.spaces.items()
        if one.version > known
    ]

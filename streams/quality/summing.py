"""What a partition adds to a project's sums: gathered until it is worth a record, and told with every tick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import add
from typing import Any, Final

import msgspec

from streams.events import Output, State
from streams.quality.keys import FIXED, key
from streams.quality.records import encode, instant

PROJECT_DELTAS: Final = "project-deltas"
LEAST: Final = 5 * FIXED
"""So much has to change before it is told, outside of ticks."""
SHARE: Final = 50
"""Or one part in so many of all that a partition has told."""

_DIRTY: Final = key("d")
_BESIDE: Final = frozenset({"strengths", "losses", "gold"})


class Pending(msgspec.Struct, array_like=True):
    """Differences that were not told yet, by kind; `moved` is how much has changed since, `told` before."""

    classes: int
    sums: dict[str, list[int]] = {}
    moved: int = 0
    told: int = 0


class Dirty(msgspec.Struct, array_like=True):
    """The (project, label space) pairs of which something was not told."""

    pairs: list[tuple[str, str]] = []


def gather(
    state: State, project: str, space_id: str, classes: int, changes: Mapping[str, Sequence[int]], timestamp: int
) -> list[Output]:
    """Add differences to a project's sums; return the record that tells them, if it is time."""
    moved = sum([sum(map(abs, change)) for kind, change in changes.items() if kind not in _BESIDE])
    if not moved and not any(map(any, changes.values())):
        return []
    if "gold" in changes:
        moved = LEAST  # there is little of it, and it is worth a record
    place = key("d", project, space_id)
    pending = state.get(place, Pending) or Pending(classes)
    sums = pending.sums
    if not sums:
        dirty = state.get(_DIRTY, Dirty) or Dirty()
        state.put(_DIRTY, Dirty([*dirty.pairs, (project, space_id)]))
    for kind, change in changes.items():
        known = sums.get(kind)
        sums[kind] = list(change) if known is None else list(map(add, known, change))
    pending.moved += moved
    state.put(place, pending)
    if "gold" not in changes and pending.moved < max(LEAST, pending.told // SHARE):
        return []
    dirty = state.get(_DIRTY, Dirty) or Dirty()
    state.put(_DIRTY, Dirty([pair for pair in dirty.pairs if pair != (project, space_id)]))
    return [_tell(state, project, space_id, pending, timestamp)]


def tell_all(state: State, timestamp: int) -> list[Output]:
    """Return the records that tell everything that was not told yet."""
    dirty = state.get(_DIRTY, Dirty)
    if dirty is None or not dirty.pairs:
        return []
    state.put(_DIRTY, Dirty())
    outputs = []
    for project, space_id in dirty.pairs:
        pending = state.get(key("d", project, space_id), Pending)
        if pending is None:
            raise LookupError(f"project {project!r}: nothing is gathered for label space {space_id}")
        outputs.append(_tell(state, project, space_id, pending, timestamp))
    return outputs


def _tell(state: State, project: str, space_id: str, pending: Pending, timestamp: int) -> Output:
    delta: dict[str, Any] = {"space": space_id, "classes": pending.classes, **pending.sums}
    pending.told += pending.moved
    pending.sums, pending.moved = {}, 0
    state.put(key("d", project, space_id), pending)
    body = {"schema_version": 1, "project": project, "inference": [delta], "at": instant(timestamp)}
    return Output(PROJECT_DELTAS, project.encode(), encode(body), timestamp, tag="inference")

"""A project's sums for the label inference: added up from what partitions tell, sent to all when they have moved."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.inference import SpaceDelta
from streams.events import Rejected, State
from streams.quality.inference import constants
from streams.quality.keys import FIXED, key

GOLD = 10 * FIXED
LEAST = 10 * FIXED
"""So much has to change at first before anybody is sent anything."""


class Sums(msgspec.Struct, array_like=True):
    """Sums on one label space, as `schemas.inference.SpaceDelta` has them; `moved` since `version` was sent."""

    classes: int
    tasks: list[int]
    right: list[int]
    given: list[int]
    strengths: list[int]
    losses: list[int]
    gold: list[int]
    moved: int = 0
    version: int = 0


def add(state: State, project: str, deltas: Sequence[SpaceDelta]) -> list[tuple[str, Sums]]:
    """Add what a partition tells; return the sums that have moved by so much that they are sent, by label space.

    Raises
    ------
    Rejected
        ``invalid`` where a list has another length than the label space, ``delta_underflow`` where a sum would
        become negative.
    """
    changed = [(delta, _added(state.get(key("i", project, delta.space), Sums), delta)) for delta in deltas]
    sent: list[tuple[str, Sums]] = []
    for delta, sums in changed:
        if sums.moved > max(LEAST, constants.GROWTH * (sum(sums.tasks) + sum(sums.given))):
            sums.moved = 0
            sums.version += 1
            sent.append((delta.space, sums))
        state.put(key("i", project, delta.space), sums)
    return sent


def _added(kept: Sums | None, delta: SpaceDelta) -> Sums:
    none = [0] * delta.classes
    strengths, losses = [0] * len(constants.STRENGTHS), [0] * len(constants.SLIPS)
    sums = kept or Sums(delta.classes, none, none, none, strengths, losses, [0])
    if sums.classes != delta.classes:
        raise Rejected("invalid", f"inference: label space {delta.space} has {sums.classes} categories")
    return Sums(
        classes=sums.classes,
        tasks=_sum("tasks", sums.tasks, delta.tasks),
        right=_sum("right", sums.right, delta.right),
        given=_sum("given", sums.given, delta.given),
        strengths=_sum("strengths", sums.strengths, delta.strengths),
        losses=_sum("losses", sums.losses, delta.losses),
        gold=_sum("gold", sums.gold, delta.gold),
        # Gold counts as much as all the answers that it vouches for.
        moved=sums.moved + sum(map(abs, delta.tasks)) + sum(map(abs, delta.given)) + GOLD * sum(map(abs, delta.gold)),
        version=sums.version,
    )


def _sum(name: str, kept: list[int], change: list[int]) -> list[int]:
    if not change:
        return kept
    if len(change) != len(kept):
        raise Rejected("invalid", f"inference.{name}: expected {len(kept)} numbers, got {len(change)}")
    found = [one + other for one, other in zip(kept, change, strict=True)]
    if min(found) < 0:
        raise Rejected("delta_underflow", f"inference.{name}: takes back what was never told")
    return found

"""Which judges err together, as gold on this partition shows, and by how much their votes on a task are discounted.

The counts are of the votes on gold as they are now: what is taken back is subtracted. Of partitions that see a part of
the gold each, each knows its own part; until it has any, judges are taken to err together half of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import msgspec

from streams.events import State
from streams.quality.case import Case
from streams.quality.keys import key
from streams.quality.records import encode
from streams.quality.reliability.judges import Shared, discounts

MOST_PAIRS: Final = 200
"""So many pairs of judges are followed in a project, those that came first: they are one entry of the table."""

Errors = dict[tuple[str, str], Shared]
"""Of pairs of judges, by their ids in order."""

_NOBODY: Final = Shared()
_PAIRS: Final = key("j", "")


class Pairs(msgspec.Struct, array_like=True):
    """What is known of pairs of judges in a project: by the one whose id sorts first, by the other."""

    of: dict[str, dict[str, Shared]] = {}


def errors(case: Case) -> Errors:
    """Return what a task shows of its judges: something only where it is gold and has two of them."""
    task = case.task
    if task.truth is None or task.truth.kind != "gold":
        return {}
    judges = sorted(
        (entry.annotator_id, entry.places)
        for entry in task.entries
        if entry.is_judge and entry.answers is not None and not entry.is_erased
    )
    if len(judges) < 2 or not all(part.names for part in case.parts):
        return {}
    right = [part.place(one) for asked, one in zip(case.asked, task.truth.answers, strict=True) for part in asked.parts]
    found: Errors = {}
    for (one, places), (other, others) in combinations(judges, 2):
        first, second = places != right, others != right
        found[one, other] = Shared(1, first and second, first and not second, second and not first)
    return found


def note(case: Case, before: Errors) -> None:
    """Bring what is known of the project's judges up to date; `before` is what `errors` said before a change."""
    after = errors(case)
    if before == after:
        return
    state, place = case.state, _PAIRS + case.task.project
    kept = state.get(place, Pairs) or Pairs()
    of = {one: dict(others) for one, others in kept.of.items()}
    for pair in before.keys() | after.keys():
        _shift(of, pair, before.get(pair, _NOBODY), after.get(pair, _NOBODY))
    if of:
        state.put(place, Pairs(of))
    else:
        state.delete(place)


def discounted(case: Case, judges: Sequence[str]) -> list[int]:
    """Return by what the votes of a task's judges are multiplied, fixed-point; see `reliability.judges.discounts`."""
    kept = case.state.get(_PAIRS + case.task.project, Pairs) or Pairs()
    pairs = ((min(pair), max(pair)) for pair in combinations(judges, 2))
    return discounts(judges, {(one, other): kept.of.get(one, {}).get(other, _NOBODY) for one, other in pairs})


def forget(state: State, annotator_id: str) -> None:
    """Forget what is known of a judge who is erased."""
    after = ""
    while found := state.find((_PAIRS,), encode(annotator_id), after, 1):
        (after,) = found
        kept = state.get(after, Pairs) or Pairs()
        of = {
            one: {other: shared for other, shared in others.items() if other != annotator_id}
            for one, others in kept.of.items()
            if one != annotator_id
        }
        state.put(after, Pairs({one: others for one, others in of.items() if others}))


def _shift(of: dict[str, dict[str, Shared]], pair: tuple[str, str], before: Shared, after: Shared) -> None:
    one, other = pair
    known = of.get(one, {}).get(other)
    if known is None and (before.n or sum(map(len, of.values())) >= MOST_PAIRS):
        return  # a pair that is not followed, or is followed no more
    known = known or _NOBODY
    sums = Shared(
        known.n + after.n - before.n,
        known.both + after.both - before.both,
        known.first + after.first - before.first,
        known.second + after.second - before.second,
    )
    if sums.n > 0 and min(sums.both, sums.first, sums.second) >= 0:
        of.setdefault(one, {})[other] = sums
    else:
        of.get(one, {}).pop(other, None)
        if not of.get(one, {}):
            of.pop(one, None)

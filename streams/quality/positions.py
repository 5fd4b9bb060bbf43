"""How far annotators are drawn to the option that was shown first: counted, and allowed for in their votes.

Counts ride with the others, on a list of categories of its own: for each of the two options, when it was shown first,
that what was shown first is the better one, or what was shown second. The pull is the mean over the two of
`aggregation.position_effect.effect`: that one option is better, or liked better, cancels. Where an annotator nearly
always saw the same option first, its class's accuracy has taken the pull already, and the pull is counted by how far a
vote's order is from the usual one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

import msgspec

from schemas import PairwiseSpace
from streams.quality.aggregation.position_effect import effect, evidence
from streams.quality.spaces import Part, Question
from streams.quality.task_state import Entry

CLASSES: Final = 4
SPACE: Final = blake2b(b"position", digest_size=8).hexdigest()
NOT_SHOWN: Final = -1

_decode = msgspec.json.Decoder(list[tuple[int, int]]).decode


def shown(asked: Sequence[Question], order: Sequence[str] | None) -> list[int]:
    """Return which option was shown first, 0 or 1, for each part, -1 where that was not told; nothing for no part.

    >>> shown([], ["A", "B"])
    []
    """
    if not order:
        return []
    found = [_shown(part, order) for question in asked for part in question.parts]
    return found if any(one != NOT_SHOWN for one in found) else []


def _shown(part: Part, order: Sequence[str]) -> int:
    space = part.leaf.space
    if not isinstance(space, PairwiseSpace) or not set(space.options) <= set(order):
        return NOT_SHOWN
    first, second = map(order.index, space.options)
    return int(second < first)


def first_of(entry: Entry, number: int) -> int:
    """Return which option an entry's annotator saw first in a part, when an option was chosen; else -1."""
    return entry.shown[number] if entry.shown and entry.places[number] < 2 else NOT_SHOWN


def change(entry: Entry, number: int, old: Sequence[int], new: Sequence[int]) -> list[dict[str, Any]]:
    """Return the evidence on the annotator's pull where a comparison's posterior goes from `old` to `new`."""
    first = first_of(entry, number)
    if first == NOT_SHOWN:
        return []
    moved = [
        [2 * first + (option != first), difference]
        for option in (first, 1 - first)
        if (difference := (new[option] if new else 0) - (old[option] if old else 0))
    ]
    given = 2 * first + (entry.places[number] != first)
    return [{"space": SPACE, "classes": CLASSES, "given": given, "change": moved}] if moved else []


def allowed(entry: Entry, number: int, column: Sequence[int], counts: str) -> Sequence[int]:
    """Return what a vote for an option says, its annotator's pull allowed for; 1e-6 nats for each category.

    The log-likelihood ratio of the two options becomes that of `aggregation.position_effect.evidence`; what the vote
    says of them together, beside a tie, stays.
    """
    first = first_of(entry, number)
    if first == NOT_SHOWN or not column:
        return column
    chosen = entry.places[number]
    weight = column[chosen] - column[1 - chosen]
    left = evidence(weight, pull(counts, first, abs(weight)), chose_first=chosen == first)
    half = (left - weight) // 2
    found = list(column)
    found[chosen] += half
    found[1 - chosen] -= half
    return found


@lru_cache(maxsize=8_192)
def pull(counts: str, first: int, weight: int) -> int:
    """Return the pull of an annotator to what is shown first, 1e-6 nats, when it is option `first`.

    Parameters
    ----------
    counts : str
        As `streams.quality.inference.model.written` has them.
    weight : int
        The annotator's trust, 1e-6 nats.

    Examples
    --------
    >>> drawn, usual = "[[0,70000000],[4,30000000],[10,70000000],[14,30000000]]", "[[0,70000000],[4,30000000]]"
    >>> pull(drawn, 0, 0), pull(usual, 0, 0), pull(usual, 1, 0) > 0
    (2397895, 0, True)
    """
    chose = [0] * CLASSES
    for cell, mass in _decode(counts):
        chose[cell % CLASSES] += mass
    effects = [effect(chose[2 * option], chose[2 * option + 1], weight) for option in (0, 1)]
    usual, other = sum(chose[2 * first : 2 * first + 2]), sum(chose[2 - 2 * first : 4 - 2 * first])
    total = usual + other
    # Twice the share of the votes in which the other option came first: one where the orders are even.
    return sum(effects) * other // total if total else 0

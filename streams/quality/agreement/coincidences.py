"""What agreement is computed from: integer sums over units, kept apart by the number of raters per unit.

A unit is one question of one task with the votes that count, two at least. With n_c votes for category c it adds to
the sums of its number of raters m: n_c (n_k - [c = k]) for each pair of categories, and the second moments of its
disagreement w, the sum over pairs of votes of how far they are apart. All are integers, so that subtracting a unit
leaves no trace; the division by m - 1 that Krippendorff's coincidences want comes last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache

MOST_CATEGORIES = 50
DISAGREEMENT = 63
"""In the place of a category it stands for the unit's disagreement."""

_BITS = 6
_MASK = (1 << _BITS) - 1


class Undefined(StrEnum):
    """Why a statistic has no value."""

    no_units = "no_units"
    one_value = "one_value"
    negative_values = "negative_values"
    few_shared_items = "few_shared_items"


def place(raters: int, one: int, other: int) -> int:
    """Return the number under which a sum is kept: for so many raters, of this pair of categories.

    >>> parts(place(3, 0, 2)), parts(place(2, 1, DISAGREEMENT))
    ((3, 0, 2), (2, 1, 63))
    """
    return (raters << _BITS | one) << _BITS | other


def parts(number: int) -> tuple[int, int, int]:
    """Return the raters and the pair of categories that `place` made a number of."""
    return number >> 2 * _BITS, number >> _BITS & _MASK, number & _MASK


@lru_cache(maxsize=65_536)
def of_unit(votes: tuple[int, ...], is_interval: bool) -> tuple[tuple[int, int], ...]:
    """Return what a unit adds to the sums, as (place, value) pairs; nothing for fewer than two votes.

    Parameters
    ----------
    votes : tuple of int
        The category of each vote, sorted.
    is_interval : bool
        Whether categories are steps of a scale: two votes are then as far apart as the square of their distance,
        else 0 or 1.

    Examples
    --------
    >>> {parts(number): value for number, value in of_unit((0, 0, 2), False)}
    {(3, 0, 0): 2, (3, 0, 2): 2, (3, 0, 63): 4, (3, 2, 63): 2, (3, 63, 63): 4}
    """
    raters = len(votes)
    if raters < 2:
        return ()
    counts = sorted(Counter(votes).items())
    sums = []
    apart = 0
    for position, (one, n) in enumerate(counts):
        if n > 1:
            sums.append((place(raters, one, one), n * (n - 1)))
        for other, many in counts[position + 1 :]:
            sums.append((place(raters, one, other), n * many))
            apart += n * many * ((other - one) ** 2 if is_interval else 1)
    if apart:
        sums += [(place(raters, one, DISAGREEMENT), n * apart) for one, n in counts]
        sums.append((place(raters, DISAGREEMENT, DISAGREEMENT), apart * apart))
    return tuple(sums)


def dispute(votes: Sequence[int]) -> int:
    """Return the share of pairs of votes that differ, in 1e-6, rounded down.

    >>> dispute((0, 0, 2)), dispute((1, 1)), dispute(())
    (666666, 0, 0)
    """
    raters = len(votes)
    same = sum(n * (n - 1) for n in Counter(votes).values())
    pairs = raters * (raters - 1)
    return 1_000_000 * (pairs - same) // pairs if pairs else 0


@dataclass(frozen=True)
class Scale:
    """The categories of a question.

    Attributes
    ----------
    names : tuple of str
        The categories as people know them, 2 to 50.
    first : int or None
        The value of the first category where they are steps of 1; None where they have no order.
    """

    names: tuple[str, ...]
    first: int | None = None

    @property
    def is_interval(self) -> bool:
        """Whether the categories are steps."""
        return self.first is not None


class Coincidences:
    """The sums of many units, read.

    Parameters
    ----------
    sums : mapping of int to int
        What `of_unit` returned, added up by place.
    categories : int
        How many there are, whether or not they were chosen.

    Attributes
    ----------
    pairs : dict
        Number of raters to the sums of each pair of categories, the smaller one first.
    """

    def __init__(self, sums: Mapping[int, int], categories: int) -> None:
        self.categories = categories
        self.pairs: dict[int, dict[tuple[int, int], int]] = {}
        self._products: dict[int, dict[int, int]] = {}
        self._squares: dict[int, int] = {}
        for number in sorted(sums):
            raters, one, other = parts(number)
            if one == DISAGREEMENT:
                self._squares[raters] = sums[number]
            elif other == DISAGREEMENT:
                self._products.setdefault(raters, {})[one] = sums[number]
            else:
                self.pairs.setdefault(raters, {})[one, other] = sums[number]

    @cached_property
    def units_by_raters(self) -> dict[int, int]:
        """Number of raters to the number of units that have so many."""
        return {
            raters: sum(value if one == other else 2 * value for (one, other), value in pairs.items())
            // (raters * (raters - 1))
            for raters, pairs in self.pairs.items()
        }

    @property
    def units(self) -> int:
        """How many units there are."""
        return sum(self.units_by_raters.values())

    @property
    def votes(self) -> int:
        """How many votes they have."""
        return sum(raters * units for raters, units in self.units_by_raters.items())

    @cached_property
    def votes_by_raters(self) -> dict[int, list[int]]:
        """Number of raters to the votes for each category in the units that have so many."""
        found = {}
        for raters, pairs in self.pairs.items():
            votes = [0] * self.categories
            for (one, other), value in pairs.items():
                votes[one] += value
                if one != other:
                    votes[other] += value
            found[raters] = [value // (raters - 1) for value in votes]
        return found

    @cached_property
    def marginals(self) -> list[int]:
        """The votes for each category."""
        return [sum(votes) for votes in zip(*self.votes_by_raters.values(), strict=True)] or [0] * self.categories

    def squares(self) -> dict[int, int]:
        """Return, by number of raters, the sum over units of the squared disagreement."""
        return self._squares

    def products(self) -> dict[int, dict[int, int]]:
        """Return, by number of raters, the sums over units of the disagreement times the votes for each category."""
        return self._products

"""The order that contradicts the fewest pairwise preferences, exactly, by dynamic programming over subsets.

Kemeny (1959), Mathematics without numbers; the recursion is Held and Karp's (1962), doi:10.1137/0110015.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

MOST_ITEMS = 8
"""Beyond, the 2^n subsets cost more than a decision on a task may."""


class Order(NamedTuple):
    """An order that costs least.

    Attributes
    ----------
    places : list of int
        The items, best first; of equally good orders the first in the order of the items as they are declared.
    orders : int
        How many orders are equally good.
    heads : int
        How many items come first in one of them.
    """

    places: list[int]
    orders: int
    heads: int


def kemeny(prefer: Sequence[Sequence[int]], borda: Sequence[int]) -> Order:
    """Return the order with the least ``sum of prefer[j][i] over i placed before j``.

    Orders that contradict the same weight are told apart by how far they contradict the Borda counts: least
    ``sum of max(0, borda[j] - borda[i])`` over the same pairs.

    Parameters
    ----------
    prefer : sequence of sequences of int
        The weight that prefers the row's item to the column's.
    borda : sequence of int
        The items' Borda counts.

    Raises
    ------
    ValueError
        For more than `MOST_ITEMS` items.

    Examples
    --------
    >>> kemeny([[0, 2, 2], [1, 0, 3], [1, 0, 0]], [4, 4, 1])
    Order(places=[0, 1, 2], orders=1, heads=1)
    """
    n = len(prefer)
    if n > MOST_ITEMS:
        raise ValueError(f"items: expected at most {MOST_ITEMS} for an exact order, got {n}")
    # One number for both costs: the second is always below `unit`.
    unit = 1 + n * sum(borda)
    cost = [[prefer[j][i] * unit + max(0, borda[j] - borda[i]) if i != j else 0 for j in range(n)] for i in range(n)]
    full = (1 << n) - 1
    before = [_subset_sums(row) for row in cost]
    best = [0] * (full + 1)
    orders = [0] * full + [1]
    firsts: list[list[int]] = [[] for _ in range(full + 1)]
    for placed in range(full - 1, -1, -1):
        rest = [item for item in range(n) if not placed >> item & 1]
        costs = [best[placed | 1 << item] + before[item][full ^ placed] for item in rest]
        best[placed] = least = min(costs)
        firsts[placed] = [item for item, value in zip(rest, costs, strict=True) if value == least]
        orders[placed] = sum(orders[placed | 1 << item] for item in firsts[placed])
    places: list[int] = []
    placed = 0
    while placed != full:
        places.append(firsts[placed][0])
        placed |= 1 << places[-1]
    return Order(places, orders[0], len(firsts[0]))


def _subset_sums(numbers: Sequence[int]) -> list[int]:
    """Return the sum of each subset, by the bits of its place."""
    sums = [0]
    for number in numbers:
        sums += [one + number for one in sums]
    return sums

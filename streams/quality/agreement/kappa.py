"""Cohen's kappa of two annotators over the items both answered, with its interval.

kappa = (p_o - p_e) / (1 - p_e); Cohen (1960), doi:10.1177/001316446002000104. The interval is the normal one with the
large-sample variance of Fleiss, Cohen and Everitt (1969), doi:10.1037/h0028106.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from math import sqrt

import msgspec

from streams.quality.agreement.coincidences import Undefined

MIN_SHARED = 10
"""So many items two annotators must share."""

TWO_SIDED = 1.959963984540054
"""The 97.5% quantile of the normal distribution."""


class Kappa(msgspec.Struct, frozen=True):
    """Kappa with its 95% interval, over `n` shared items."""

    value: float
    low: float
    high: float
    n: int


def cohens_kappa(shared: Mapping[tuple[int, int], int]) -> Kappa | Undefined:
    """Return kappa; undefined on fewer than 10 shared items, and where both chose one and the same category alone.

    Parameters
    ----------
    shared : mapping
        (category of the one, category of the other) to the number of items.

    Examples
    --------
    >>> round(cohens_kappa({(0, 0): 20, (0, 1): 5, (1, 0): 10, (1, 1): 15}).value, 6)
    0.4
    """
    n = sum(shared.values())
    if n < MIN_SHARED:
        return Undefined.few_shared_items
    rows: dict[int, float] = defaultdict(float)
    columns: dict[int, float] = defaultdict(float)
    for (one, other), count in sorted(shared.items()):
        rows[one] += count / n
        columns[other] += count / n
    same = sum(count for (one, other), count in shared.items() if one == other)
    chance = sum(share * columns.get(one, 0.0) for one, share in rows.items())
    if len(rows) == 1 and rows.keys() == columns.keys():
        return Undefined.one_value
    value = (same / n - chance) / (1 - chance)
    spread = -((value - chance * (1 - value)) ** 2)
    for (one, other), count in sorted(shared.items()):
        if one == other:
            spread += count / n * (1 - (rows[one] + columns[one]) * (1 - value)) ** 2
        else:
            spread += count / n * (1 - value) ** 2 * (columns.get(one, 0.0) + rows.get(other, 0.0)) ** 2
    error = TWO_SIDED * sqrt(max(0.0, spread) / n) / (1 - chance)
    return Kappa(value, max(-1.0, value - error), min(1.0, value + error), n)

"""Sums of units, for tests: from each unit's votes, as often as they stand there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from streams.quality.agreement.coincidences import Coincidences, of_unit


def coincidences(units: Iterable[Sequence[int]], categories: int, *, is_interval: bool = False) -> Coincidences:
    """Return the sums of `units`, each the categories of its votes."""
    sums: Counter[int] = Counter()
    for votes in units:
        sums.update(dict(of_unit(tuple(sorted(votes)), is_interval)))
    return Coincidences(sums, categories)

"""How fast somebody works: a histogram of times that gives quantiles, and what is too fast to be believed.

The histogram is that of DDSketch (Masson, Rim and Lee 2019, doi:10.14778/3352063.3352135) with whole boundaries: it
merges by adding, takes back by subtracting, does not depend on any order, and its quantiles are off by 10% at most.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import Final

SHORTEST_MS: Final = 100
"""Times up to this are one bin."""
_LONGEST_MS: Final = 604_800_000
"""The longest time that an annotation may state: a week."""


def _bounds() -> tuple[int, ...]:
    """Return the bins' upper ends: each is 11/9 of the one before, so that the middle is within 10% of both."""
    bounds = [SHORTEST_MS]
    while bounds[-1] < _LONGEST_MS:
        steps = len(bounds)
        bounds.append(SHORTEST_MS * 11**steps // 9**steps)
    return tuple(bounds)


BOUNDS: Final = _bounds()
"""79 bins, from a tenth of a second to a week, in ms."""

PLAUSIBLE_N: Final = 200
"""So many times a project must have seen before its own say what is too fast."""
_TENTHS: Final = 44
"""How many tenths of q75 - q50 the fence is below the median: three standard deviations are 4.4 times that."""


def bin_of(milliseconds: int) -> int:
    """Return the number of the bin of a time.

    >>> bin_of(0), bin_of(100), bin_of(101), bin_of(5_000)
    (0, 0, 1, 20)
    """
    return min(bisect_left(BOUNDS, milliseconds), len(BOUNDS) - 1)


def add(bins: dict[int, int], place: int, sign: int) -> None:
    """Count a time in its bin, or with the sign -1 take it back: no empty bin stays, and bins stay in order."""
    count = bins.get(place)
    if count is not None and count + sign:
        bins[place] = count + sign
        return
    if count is None:
        later = {other: bins.pop(other) for other in list(bins) if other > place}
        bins[place] = 0
        bins.update(later)
    bins[place] += sign
    if not bins[place]:
        del bins[place]


def quantile_bin(bins: Mapping[int, int], numerator: int, denominator: int) -> int:
    """Return the bin of the item at a share of `numerator` / `denominator` from the fastest, of at least one."""
    rank = (sum(bins.values()) - 1) * numerator // denominator
    for place, count in sorted(bins.items()):
        rank -= count
        if rank < 0:
            return place
    raise ValueError("there is no quantile of no times")


def quantile(bins: Mapping[int, int], numerator: int, denominator: int) -> int | None:
    """Return a quantile in ms, at most 10% beside the time at that rank; None without times.

    Examples
    --------
    >>> bins = {}
    >>> for seconds in (2, 4, 8, 16, 600):
    ...     add(bins, bin_of(seconds * 1000), 1)
    >>> quantile(bins, 1, 2), quantile({}, 1, 2)
    (7439, None)
    """
    if not bins:
        return None
    place = quantile_bin(bins, numerator, denominator)
    # The value whose relative distance to both ends is the same.
    return BOUNDS[place] * 9 // 10 if place else SHORTEST_MS


def fence(bins: Mapping[int, int]) -> int | None:
    """Return the first bin that is still plausible among a project's times, all before it being too fast.

    The median less three standard deviations, both of the logarithm of time and both robust: the deviation is read off
    the upper half (q75 - q50 is .674 of one), so that those who only click through, while they are less than half, move
    it little. Of log-normal times one in 740 is below.

    Returns
    -------
    int, or None
        None while there are less than 200 times: then the project's fixed threshold has to do.

    Examples
    --------
    >>> fence({20: 100, 23: 60, 26: 60}), fence({20: 5})
    (10, None)
    """
    if sum(bins.values()) < PLAUSIBLE_N:
        return None
    median, upper = quantile_bin(bins, 1, 2), quantile_bin(bins, 3, 4)
    return max(median - max(upper - median, 1) * _TENTHS // 10, 0)

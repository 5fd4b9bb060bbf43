"""How probable a right answer of an annotator is, from what is known of the earlier ones."""

from __future__ import annotations

from math import sqrt
from typing import Final

from streams.quality.checks import rounded
from streams.quality.keys import FIXED

PRIOR_N: Final = 5
"""How many answers the prior counts for."""

PRIOR_RIGHT: Final = 3_500_000
"""How many of those are right, in fixed point: an accuracy of .7."""

_Z: Final = 1.959963984540054
"""The normal quantile that leaves 2.5% on either side."""


def reliability(right: int, n: int) -> int:
    """Return the smoothed probability of a right answer: the posterior mean of a Beta(3.5, 1.5) prior.

    p = (5 * 0.7 + right) / (5 + n)

    Parameters
    ----------
    right, n : int
        Right answers among `n` judged ones: gold, and consensus with the annotator's own vote left out.

    Returns
    -------
    int
        Fixed point (1e-6), halves to even; .7 when nothing was judged yet.

    Examples
    --------
    >>> reliability(0, 0), reliability(9, 10), reliability(0, 100)
    (700000, 833333, 33333)
    """
    return rounded(PRIOR_RIGHT + right * FIXED, PRIOR_N + n)


def interval(right: int, n: int) -> tuple[int, int] | None:
    """Return the 95% score interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    (p + z^2/2n -+ z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n), with p = right / n and z = 1.96

    Returns
    -------
    tuple of int, or None
        Lower and upper end, fixed point (1e-6); None of nothing.

    Examples
    --------
    >>> interval(7, 10), interval(10, 10), interval(0, 0)
    ((396778, 892209), (722467, 1000000), None)
    """
    if n == 0:
        return None
    share, slack = right / n, _Z * _Z / n
    middle, spread = share + slack / 2, _Z * sqrt((share * (1 - share) + slack / 4) / n)
    low, high = ((middle + side * spread) / (1 + slack) for side in (-1, 1))
    return round(FIXED * max(low, 0.0)), round(FIXED * min(high, 1.0))

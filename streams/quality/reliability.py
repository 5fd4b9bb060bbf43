"""How probable a right answer of an annotator is, from what is known of the earlier ones."""

from __future__ import annotations

from typing import Final

from streams.quality.checks import rounded
from streams.quality.keys import FIXED

PRIOR_N: Final = 5
"""How many answers the prior counts for."""

PRIOR_RIGHT: Final = 3_500_000
"""How many of those are right, in fixed point: an accuracy of .7."""


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

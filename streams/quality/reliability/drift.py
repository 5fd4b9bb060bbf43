"""Whether somebody has become worse: over time, or since the session began."""

from __future__ import annotations

from math import isqrt
from typing import Final

from streams.quality.keys import FIXED

SLACK: Final = 500_000
"""What the sum forgives with each answer: half the shift that is looked for, one standard deviation."""
ALARM: Final = 10_000_000
"""From here on it has shifted, in standard deviations (1e-6)."""
MOST: Final = 2_000_000
"""One answer adds no more than this."""
WARM_UP: Final = 20
"""So many answers tell first how good somebody was."""


def excess(correct: bool, accuracy: int) -> int:
    """Return by how much an answer is worse than usual, less the slack, in standard deviations, fixed point (1e-6).

    min((p - x) / sqrt(p (1 - p)) - 1/2, 2), for x = 1 if right, else 0

    Of somebody who is nearly always right a wrong answer is many standard deviations off: the bound keeps a few of them
    from looking like a change.

    Parameters
    ----------
    accuracy : int
        The probability p of a right answer until now, fixed point (1e-6), not 0 or 1.

    Examples
    --------
    >>> excess(False, 800_000), excess(True, 800_000)
    (1500000, -1000000)
    """
    missed = accuracy - FIXED if correct else accuracy
    return min(missed * FIXED // isqrt(accuracy * (FIXED - accuracy)) - SLACK, MOST)


def cusum(total: int, excess: int) -> int:
    """Return the one-sided cumulative sum after another answer (Page 1954, doi:10.1093/biomet/41.1-2.100).

    S = max(0, S + excess), kept up to twice the alarm, so that it can come down again.

    >>> cusum(0, -500_000), cusum(1_000_000, 1_500_000)
    (0, 2500000)
    """
    return min(max(total + excess, 0), 2 * ALARM)


def forgiven(total: int, excess: int) -> int:
    """Return the sum after an answer is taken back: at most what it would be had that answer never been.

    What the answer added is taken off, and what a right one took off is not put back: where in the sequence it was is
    not known any more, and this way a correction never speaks against anybody.

    >>> forgiven(2_500_000, 1_500_000), forgiven(0, 1_500_000), forgiven(2_000_000, -500_000)
    (1000000, 0, 2000000)
    """
    return max(total - max(excess, 0), 0)

"""An annotator's use of a scale, from the counts of answers by truth: bias, scale and what is left.

A linear rater model, ``answer = a + b truth + e`` with e of variance s^2: an offset and a gain per rater, as in
Welinder and Perona (2010), doi:10.1109/CVPRW.2010.5543189. It is the least squares' line through the counts, to which
so many answers are added as an annotator's accuracy is drawn with: of somebody who has neither bias nor scale, and is a
quarter of the scale off.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from streams.quality.inference import constants
from streams.quality.keys import FIXED

_LEAST_NOISE = FIXED // 20


class Rater(NamedTuple):
    """``answer - middle = bias + scale (truth - middle)``, with a variance of `noise` steps squared; fixed-point."""

    bias: int
    scale: int
    noise: int


def rater(counts: Iterable[tuple[int, int]], steps: int) -> Rater:
    """Return what is known of an annotator of a scale with so many steps.

    Parameters
    ----------
    counts : iterable of pairs
        ``(k * steps + y, mass)``: of answer y where the truth is k, fixed-point.

    Examples
    --------
    >>> rater([], 5)
    Rater(bias=0, scale=1000000, noise=1000000)
    >>> lenient = [(k * 5 + min(k + 1, 4), 100 * FIXED) for k in range(5)]
    >>> found = rater(lenient, 5)
    >>> round(found.bias / FIXED, 2), round(found.scale / FIXED, 2)
    (0.77, 0.81)
    """
    middle, prior = (steps - 1) / 2, constants.ANNOTATOR_MASS
    spread = prior * (steps * steps - 1) / 12
    n, k, y = prior, 0.0, 0.0
    kk, yy, ky = spread, spread + prior * ((steps - 1) / 4) ** 2, spread
    for cell, mass in counts:
        truth, answer = (place - middle for place in divmod(cell, steps))
        count = mass / FIXED
        n, k, y = n + count, k + count * truth, y + count * answer
        kk, yy, ky = kk + count * truth * truth, yy + count * answer * answer, ky + count * truth * answer
    scale = (n * ky - k * y) / (n * kk - k * k)
    bias = (y - scale * k) / n
    noise = (yy - bias * y - scale * ky) / n
    return Rater(round(FIXED * bias), round(FIXED * scale), max(round(FIXED * noise), _LEAST_NOISE))

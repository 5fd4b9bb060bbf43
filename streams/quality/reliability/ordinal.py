"""An annotator's use of a scale beside the others': how much higher, and how much wider."""

from __future__ import annotations

from math import isqrt
from typing import Final

import msgspec

from streams.quality.checks import rounded
from streams.quality.keys import FIXED

UNIT: Final = 1_000
"""A step of the scale, in the stored sums: means of the others are kept in thousandths."""


class Scale(msgspec.Struct, array_like=True):
    """Whole sums over the items that both have answered: a the annotator, t the others' answer or the truth."""

    n: int = 0
    a: int = 0
    t: int = 0
    aa: int = 0
    tt: int = 0
    at: int = 0

    def add(self, answer: float, truth: float, sign: int) -> None:
        """Count an item, or with the sign -1 take it back; the sums are then what they were."""
        a, t = round(answer * UNIT), round(truth * UNIT)
        self.n += sign
        self.a += sign * a
        self.t += sign * t
        self.aa += sign * a * a
        self.tt += sign * t * t
        self.at += sign * a * t


def bias(scale: Scale) -> int | None:
    """Return how much higher the annotator answers in the mean, in steps, fixed point (1e-6); None without items.

    >>> sums = Scale()
    >>> for answer, truth in [(4, 3), (5, 4.5), (2, 1)]:
    ...     sums.add(answer, truth, 1)
    >>> bias(sums)
    833333
    """
    return rounded((scale.a - scale.t) * FIXED, scale.n * UNIT) if scale.n else None


def spread(scale: Scale) -> int | None:
    """Return by how much wider the annotator answers: the ratio of the standard deviations, fixed point (1e-6).

    The slope of the reduced major axis (Teissier 1948; doi:10.2307/2530645), which, unlike a regression's, is 1 for two
    who use the scale alike, however much they err.

    Returns
    -------
    int, or None
        None with less than two items, or when the others' answers are all the same.

    Examples
    --------
    >>> sums = Scale()
    >>> for answer, truth in [(1, 2), (3, 3), (5, 4)]:
    ...     sums.add(answer, truth, 1)
    >>> spread(sums), spread(Scale())
    (2000000, None)
    """
    own, others = scale.n * scale.aa - scale.a**2, scale.n * scale.tt - scale.t**2
    if scale.n < 2 or others == 0:
        return None
    return isqrt(own * FIXED * FIXED // others)

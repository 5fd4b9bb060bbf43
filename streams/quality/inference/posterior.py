"""From summed logarithms to probabilities, in fixed point."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from operator import sub

from streams.quality.keys import FIXED


def softmax(logs: Sequence[int]) -> list[int]:
    """Return probabilities in fixed point (1e-6) from logarithms in 1e-6 nats; each is rounded for itself.

    >>> softmax([0, 0]), softmax([693_147, 0, -40_000_000])
    ([500000, 500000], [666667, 333333, 0])
    """
    most = max(logs)
    odds = [exp((value - most) / FIXED) for value in logs]
    scale = FIXED / sum(odds)
    return [round(value * scale) for value in odds]


def distance(one: Sequence[int], other: Sequence[int]) -> int:
    """Return the sum of the differences, fixed-point: twice the total variation."""
    return sum(map(abs, map(sub, one, other)))

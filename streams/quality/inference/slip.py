"""How far a posterior can be believed: on a share of the tasks the votes say nothing of the truth.

Annotators who err alike are taken for independent, so posteriors are too sure of themselves. With a slip of e the
probability of class k is ``(1 - e) q_k + e / K``. Gold tells e: of each value the loss on gold tasks is added up,
``- ln((1 - e) q_truth + e / K)``, and what is used is e's posterior mean under an even prior over `constants.SLIPS`.
A mixture with the uniform, as in Menon, van Rooyen and Natarajan (2018), doi:10.1007/s10994-018-5715-3.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

from streams.quality.inference import constants
from streams.quality.keys import FIXED

_LEAST = 1e-9


def losses(posterior: Sequence[int], truth: int) -> list[int]:
    """Return what a gold task's votes lose by each slip, 1e-6 nats.

    >>> losses([900_000, 100_000], 0)[:2], losses([1_000_000, 0], 1)[0]
    ([105361, 114289], 20723266)
    """
    even = 1 / len(posterior)
    right = posterior[truth] / FIXED
    return [-round(FIXED * log(max((1 - slip) * right + slip * even, _LEAST))) for slip in constants.SLIPS]


def expected(summed: Sequence[int]) -> float:
    """Return the posterior mean of the slip, given the summed losses of each.

    >>> round(expected([0] * 9), 3), round(expected([100 * FIXED, *[0] * 8]), 3)
    (0.191, 0.215)
    """
    least = min(summed)
    weights = [exp((least - loss) / FIXED) for loss in summed]
    return sum(w * slip for w, slip in zip(weights, constants.SLIPS, strict=True)) / sum(weights)


def believed(posterior: Sequence[int], slip: float) -> list[int]:
    """Return a posterior mixed with the uniform, fixed-point.

    >>> believed([1_000_000, 0], 0.1)
    [950000, 50000]
    """
    if not slip:
        return list(posterior)
    even = slip * FIXED / len(posterior)
    return [round((1 - slip) * value + even) for value in posterior]

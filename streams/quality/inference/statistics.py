"""What all annotators of a project share on one label space: how common the classes are, and how hard."""

from __future__ import annotations

from functools import cached_property, lru_cache
from math import log

import msgspec

from streams.quality.inference import constants
from streams.quality.inference.slip import expected
from streams.quality.keys import FIXED

_NEAR = 1e-3
"""Accuracies are kept so far from nought and one: their odds must stay finite."""


class Statistics(msgspec.Struct, array_like=True, frozen=True, dict=True):
    """Sums over a project's annotators and tasks, fixed-point (1e-6), as one version of them was published.

    Attributes
    ----------
    tasks : tuple of int
        Posterior mass of each class over the tasks without gold.
    right, given : tuple of int
        Of each class: the mass of right answers, and of all answers, where it is the truth.
    strengths : tuple of int
        How many annotators each of `constants.STRENGTHS` suits.
    losses : tuple of int
        What the votes on gold tasks lost by each of `constants.SLIPS`, nats; see `streams.quality.inference.slip`.
    gold : tuple of int
        How many gold tasks that is, in one number; not in fixed point.
    """

    version: int
    tasks: tuple[int, ...]
    right: tuple[int, ...]
    given: tuple[int, ...]
    strengths: tuple[int, ...]
    losses: tuple[int, ...]
    gold: tuple[int, ...]

    @cached_property
    def base(self) -> Base:
        """What follows from them: see `base`, which works it out."""
        return base(self)


class Base(msgspec.Struct, frozen=True, eq=False):
    """`Statistics` in the form that models are drawn towards.

    Attributes
    ----------
    prior : tuple of int
        Log probability of each class, 1e-6 nats.
    accuracy : float
        Of the project's annotators.
    lift : tuple of float
        What the odds of a right answer gain when the truth is that class, nats.
    strengths : tuple of float
        Log share of the annotators that each strength suits.
    slip : float
        Share of the tasks on which the votes say nothing of the truth, as far as gold tells.
    is_calibrated : bool
        Whether gold tells enough.
    """

    prior: tuple[int, ...]
    accuracy: float
    lift: tuple[float, ...]
    strengths: tuple[float, ...]
    slip: float
    is_calibrated: bool


@lru_cache(maxsize=64)
def unknown(classes: int) -> Statistics:
    """Return what is assumed of a label space with so many classes before anything is known."""
    nothing = (0,) * classes
    return Statistics(
        version=0,
        tasks=nothing,
        right=nothing,
        given=nothing,
        strengths=(0,) * len(constants.STRENGTHS),
        losses=(0,) * len(constants.SLIPS),
        gold=(0,),
    )


def base(statistics: Statistics) -> Base:
    """Return what follows from a project's sums.

    With n_k the mass of class k, N its sum, m = CLASS_PRIOR_MASS (K - 1)^2 and f = CLASS_PRIOR_FLOOR, the prior is
    ``(1 - f) (n_k + m) / (N + m K) + f / K``. The accuracy is ``(right + .7 * 100) / (given + 100)``, at least .05
    above chance; a class's is drawn towards it in the same way, and its lift is the difference of their log-odds.

    >>> even = base(unknown(2))
    >>> even.prior, even.accuracy, even.lift
    ((-693147, -693147), 0.7, (0.0, 0.0))
    """
    classes = len(statistics.tasks)
    mass = constants.CLASS_PRIOR_MASS * (classes - 1) ** 2
    seen = sum(statistics.tasks) / FIXED
    floor = constants.CLASS_PRIOR_FLOOR
    prior = tuple(
        round(FIXED * log((1 - floor) * (n / FIXED + mass) / (seen + mass * classes) + floor / classes))
        for n in statistics.tasks
    )
    accuracy = _accuracy(sum(statistics.right), sum(statistics.given), classes)
    own = logit(accuracy)
    by_class = (
        (right / FIXED + constants.CLASS_MASS * accuracy) / (given / FIXED + constants.CLASS_MASS)
        for right, given in zip(statistics.right, statistics.given, strict=True)
    )
    suited = sum(statistics.strengths) / FIXED + constants.STRENGTH_MASS
    each = constants.STRENGTH_MASS / len(constants.STRENGTHS)
    return Base(
        prior=prior,
        accuracy=accuracy,
        lift=tuple(logit(p) - own for p in by_class),
        strengths=tuple(log((n / FIXED + each) / suited) for n in statistics.strengths),
        slip=expected(statistics.losses) if statistics.gold[0] else 0.0,
        is_calibrated=statistics.gold[0] >= constants.CALIBRATED_GOLD,
    )


def logit(p: float) -> float:
    """Return the log-odds of a probability, which is kept a thousandth from nought and one."""
    p = min(max(p, _NEAR), 1 - _NEAR)
    return log(p / (1 - p))


def _accuracy(right: int, given: int, classes: int) -> float:
    assumed = max(constants.ACCURACY, 1 / classes + 0.05)
    mass = constants.ACCURACY_MASS
    found = (right / FIXED + assumed * mass) / (given / FIXED + mass)
    return min(max(found, 1 / classes + 0.05), 0.99)

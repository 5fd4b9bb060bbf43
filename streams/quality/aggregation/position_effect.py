"""How far an annotator is drawn to what is shown first, and what a vote says once that is allowed for.

The model: an annotator of trust w and position effect b chooses the option shown first with probability
``s(b + w)`` when it is the better one and ``s(b - w)`` when it is the worse, s the logistic function: an
order effect in the sense of Davidson and Beaver (1977), doi:10.2307/2529467, one per annotator.
"""

from __future__ import annotations

from math import cosh, exp, log, log1p, sqrt

from streams.quality.keys import FIXED

PRIOR = 10 * FIXED
"""Comparisons that are taken to have gone to each place before any were seen."""
_MOST = 20 * FIXED


def effect(first: int, second: int, weight: int = 0, prior: int = PRIOR) -> int:
    """Return an annotator's position effect in 1e-6 nats, above 0 when drawn to what is shown first.

    With orders drawn at random the option shown first is the better one half of the time, so it is chosen with
    ``p = (s(b + w) + s(b - w)) / 2``; for ``p = (first + prior) / (first + second + 2 prior)`` that is solved
    for b: ``exp(b) = (c (2p - 1) + sqrt(c^2 (2p - 1)^2 + 4 p (1 - p))) / (2 (1 - p))``, ``c = cosh(w)``.

    Parameters
    ----------
    first, second : int
        How often what was shown first, or second, was chosen; fixed-point, so that votes may be weighted.
        Ties and both-bad are not counted.
    weight : int
        The annotator's trust in 1e-6 nats: whoever is nearly always right has to be drawn strongly to show it.
    prior : int
        Strength of the shrinkage to 0, fixed-point.

    Examples
    --------
    >>> effect(0, 0), effect(70 * FIXED, 30 * FIXED), effect(30 * FIXED, 70 * FIXED)
    (0, 693147, -693147)
    """
    if first < second:
        return -effect(second, first, weight, prior)
    p = (first + prior) / (first + second + 2 * prior)
    lean = cosh(min(weight, _MOST) / FIXED) * (2 * p - 1)
    return round(FIXED * log((lean + sqrt(lean * lean + 4 * p * (1 - p))) / (2 * (1 - p))))


def evidence(weight: int, position: int, *, chose_first: bool) -> int:
    """Return the log-likelihood ratio, in 1e-6 nats, by which a choice speaks for the option chosen.

    ``log(s(b + w) / s(b - w))`` for the option shown first, the same with -b for the other: less than w for
    a choice that the annotator is drawn to, more for one against it; w itself without an effect.

    >>> evidence(1_000_000, 0, chose_first=True)
    1000000
    >>> evidence(1_000_000, 500_000, chose_first=True), evidence(1_000_000, 500_000, chose_first=False)
    (772664, 1227336)
    """
    if not position:
        return weight
    pull = position if chose_first else -position
    return round(FIXED * (_softplus((weight - pull) / FIXED) - _softplus((-weight - pull) / FIXED)))


def _softplus(x: float) -> float:
    return max(x, 0.0) + log1p(exp(-abs(x)))

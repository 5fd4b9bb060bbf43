"""Krippendorff's alpha, for any number of raters per unit, missing votes left out.

alpha = 1 - D_o / D_e, with D_o the mean distance of two votes on the same unit and D_e that of any two votes:
1 - (n - 1) sum o_ck d_ck / sum n_c n_k d_ck, where o_ck = sum over units of n_uc (n_uk - [c = k]) / (m_u - 1).
Krippendorff (2011), "Computing Krippendorff's alpha-reliability", repository.upenn.edu/asc_papers/43.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import exp, sqrt
from typing import Literal

from streams.quality.agreement.coincidences import Coincidences, Scale, Undefined

Metric = Literal["nominal", "ordinal", "interval", "ratio"]
Distance = Callable[[int, int], int | Fraction]

ONE_SIDED = 1.6448536269514722
"""The 95% quantile of the normal distribution."""

NONE_SEEN = 3.0
"""What is seen in none of N units may, at 95%, have up to this many in N: -ln(.05), rounded up."""


def metrics(scale: Scale) -> tuple[Metric, ...]:
    """Return what distances make sense between the categories; the first one is acted on."""
    return ("interval", "nominal", "ordinal", "ratio") if scale.is_interval else ("nominal",)


def alpha(found: Coincidences, scale: Scale, metric: Metric) -> Fraction | Undefined:
    """Return Krippendorff's alpha; undefined without units, and where all votes are for one category.

    Examples
    --------
    Two of three units agree, and the two categories are as frequent:

    >>> from streams.quality.agreement.coincidences import of_unit
    >>> sums = dict(of_unit((0, 0), False) + of_unit((1, 1), False) + of_unit((0, 1), False))
    >>> alpha(Coincidences(sums, 2), Scale(("a", "b")), "nominal")
    Fraction(4, 9)
    """
    if not found.pairs:
        return Undefined.no_units
    if metric == "ratio" and (scale.first or 0) < 0:
        return Undefined.negative_values
    distance = _distance(found, scale, metric)
    expected = _expected(found, distance)
    if not expected:
        return Undefined.one_value
    return 1 - (found.votes - 1) * _observed(found, distance) / expected


def lower_bound(found: Coincidences, scale: Scale) -> float | Undefined:
    """Return what alpha is at least with a confidence of 95%, by the metric that is acted on.

    Alpha is a function of sums over units: of their disagreement d_u = 2 w_u / (m_u - 1) and of their votes n_uc.
    The delta method takes its variance from their second moments, which are among the sums; units are what varies,
    votes on the same one do not vary freely. The bound is taken on the scale of log(1 - alpha): disagreement that is
    rare varies like a count, and nearly as a count's bound this one behaves. Where no unit disagrees at all, up to 3
    in as many may, as by chance (the rule of three).
    """
    metric = metrics(scale)[0]
    estimate = alpha(found, scale, metric)
    if isinstance(estimate, Undefined):
        return estimate
    if found.units < 2:
        return -1.0
    short = float(1 - estimate)
    if not short:
        return max(-1.0, 1 - NONE_SEEN / found.units)
    error = sqrt(_variance(found, scale, metric))
    return max(-1.0, 1 - short * exp(min(ONE_SIDED * error / short, 10.0)))


def _variance(found: Coincidences, scale: Scale, metric: Metric) -> float:
    votes, units, marginals = found.votes, found.units, found.marginals
    distance = _distance(found, scale, metric)
    observed, expected = float(_observed(found, distance)), float(_expected(found, distance))
    # How alpha changes with one more of d, and with one more vote for each category.
    by_distance = -(votes - 1) / expected
    by_votes = []
    for one in range(found.categories):
        towards = 2 * sum(many * float(distance(one, other)) for other, many in enumerate(marginals) if other != one)
        by_votes.append(-observed / expected + (votes - 1) * observed * towards / expected**2)
    total = by_distance * observed + sum(map(_times, by_votes, marginals))
    squares = by_distance**2 * sum(4 * value / (raters - 1) ** 2 for raters, value in found.squares().items())
    for raters, products in found.products().items():
        mixed = sum(by_votes[one] * value for one, value in products.items())
        squares += 2 * by_distance * 2 * mixed / (raters - 1)
    for raters, pairs in found.pairs.items():
        for (one, other), value in pairs.items():
            squares += by_votes[one] * by_votes[other] * (value if one == other else 2 * value)
        squares += sum(by_votes[one] ** 2 * many for one, many in enumerate(found.votes_by_raters[raters]))
    return max(0.0, (squares - total**2 / units) * units / (units - 1))


def _times(one: float, other: int) -> float:
    return one * other


def _observed(found: Coincidences, distance: Distance) -> Fraction:
    observed = Fraction(0)
    for raters, pairs in found.pairs.items():
        apart = sum(2 * value * distance(one, other) for (one, other), value in pairs.items() if one != other)
        observed += Fraction(apart) / (raters - 1)
    return observed


def _expected(found: Coincidences, distance: Distance) -> Fraction:
    chosen = [(one, many) for one, many in enumerate(found.marginals) if many]
    apart = sum(
        2 * n * many * distance(one, other)
        for position, (one, n) in enumerate(chosen)
        for other, many in chosen[position + 1 :]
    )
    return Fraction(apart)


def _distance(found: Coincidences, scale: Scale, metric: Metric) -> Distance:
    """Return the squared distance of two categories, up to a factor that cancels."""
    if metric == "nominal":
        return lambda one, other: int(one != other)
    if metric == "interval":
        return lambda one, other: (one - other) ** 2
    if metric == "ordinal":
        marginals = found.marginals

        def ranks(one: int, other: int) -> int:
            low, high = min(one, other), max(one, other)
            return (2 * sum(marginals[low : high + 1]) - marginals[low] - marginals[high]) ** 2

        return ranks
    first = scale.first or 0

    def ratio(one: int, other: int) -> Fraction:
        total = 2 * first + one + other
        return Fraction((one - other) ** 2, total**2) if total else Fraction(0)

    return ratio

"""Gwet's AC1: agreement beyond chance that does not collapse where nearly all votes are for one category.

AC1 = (p_a - p_e) / (1 - p_e), with p_a the raw agreement, p_e = sum pi_c (1 - pi_c) / (K - 1), and pi_c the share of
category c in a unit's votes, in the mean over units. Gwet (2008), doi:10.1348/000711006X126600.
"""

from __future__ import annotations

from fractions import Fraction

from streams.quality.agreement.coincidences import Coincidences, Undefined
from streams.quality.agreement.raw import raw_agreement


def ac1(found: Coincidences) -> Fraction | Undefined:
    """Return Gwet's AC1 over the units with two votes at least; undefined without any.

    Examples
    --------
    Alpha is undefined where all chose the same; AC1 is not:

    >>> from streams.quality.agreement.coincidences import of_unit
    >>> ac1(Coincidences(dict(of_unit((0, 0, 0), False)), 2))
    Fraction(1, 1)
    """
    agreed = raw_agreement(found)
    if isinstance(agreed, Undefined):
        return agreed
    units = found.units
    chance = Fraction(0)
    for category in range(found.categories):
        share = sum((Fraction(votes[category], raters) for raters, votes in found.votes_by_raters.items()), Fraction(0))
        share /= units
        chance += share * (1 - share)
    chance /= found.categories - 1
    return (agreed - chance) / (1 - chance)

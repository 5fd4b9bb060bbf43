"""Raw agreement: the share of pairs of votes on a unit that are equal, in the mean over units."""

from __future__ import annotations

from fractions import Fraction

from streams.quality.agreement.coincidences import Coincidences, Undefined


def raw_agreement(found: Coincidences) -> Fraction | Undefined:
    """Return the mean over units of sum n_c (n_c - 1) / (m (m - 1)); undefined without units.

    Examples
    --------
    >>> from streams.quality.agreement.coincidences import of_unit
    >>> raw_agreement(Coincidences(dict(of_unit((0, 0, 1), False)), 2))
    Fraction(1, 3)
    """
    if not found.pairs:
        return Undefined.no_units
    agreed = Fraction(0)
    for raters, pairs in found.pairs.items():
        same = sum(value for (one, other), value in pairs.items() if one == other)
        agreed += Fraction(same, raters * (raters - 1))
    return agreed / found.units

"""How little an annotator's answers depend on the truth, from the confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping

from streams.quality.checks import rounded
from streams.quality.keys import FIXED


def spammer_score(cells: Mapping[int, int], classes: int, least: int = 1) -> int | None:
    """Return 0 for somebody whose answers say nothing of the truth, whatever their habit, and 1 for a perfect one.

    S = 1 / (K (K - 1)) sum_(k < l) sum_y (A_ky - A_ly)^2 = (K sum_ky A_ky^2 - sum_y (sum_k A_ky)^2) / (K (K - 1))

    where A_ky is the share of the items of class k that were answered y: equation 11 of Raykar and Yu (2012), Journal
    of Machine Learning Research 13, 491-518, doi:10.5555/2188385.2188401. For two classes it is the square of Youden's
    index, so one who always answers wrongly scores 1 too: such answers can be turned round. Chance adds to it, so that
    a low score of few answers is seldom too low.

    Parameters
    ----------
    cells : mapping
        ``k * classes + y`` to the answers y where the truth is k, in any unit.
    least : int
        Of so many, at least 1, a class must have come up, in that unit; other classes are left out, and K with them.

    Returns
    -------
    int, or None
        Fixed point (1e-6); None where less than two classes have come up.

    Examples
    --------
    >>> spammer_score({0: 9, 1: 1, 2: 2, 3: 8}, 2), spammer_score({0: 30, 2: 50}, 2), spammer_score({0: 9}, 2)
    (490000, 0, None)
    """
    totals = [0] * classes
    for cell, count in cells.items():
        totals[cell // classes] += count
    rows = len([total for total in totals if total >= least])
    if rows < 2:
        return None
    squares, columns = 0, [0] * classes
    for cell, count in cells.items():
        total = totals[cell // classes]
        if total >= least:
            share = rounded(FIXED * count, total)
            squares += share * share
            columns[cell % classes] += share
    between = rows * squares - sum([column * column for column in columns])
    return rounded(max(between, 0), FIXED * rows * (rows - 1))

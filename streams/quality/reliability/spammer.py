"""How little an annotator's answers depend on the truth, from the confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from streams.quality.checks import rounded
from streams.quality.keys import FIXED


def spammer_score(confusion: Sequence[Sequence[int]]) -> int | None:
    """Return 0 for somebody whose answers say nothing of the truth, whatever their habit, and 1 for a perfect one.

    S = 1 / (K (K - 1)) sum_(k < l) sum_y (A_ky - A_ly)^2

    where A_ky is the share of the items of class k that were answered y: equation 11 of Raykar and Yu (2012), Journal
    of Machine Learning Research 13, 491-518, doi:10.5555/2188385.2188401. For two classes it is the square of Youden's
    index, so one who always answers wrongly scores 1 too: such answers can be turned round.

    Parameters
    ----------
    confusion : K rows of K counts
        ``confusion[k][y]``: answers y where the truth is k, in any unit. Rows without any are left out.

    Returns
    -------
    int, or None
        Fixed point (1e-6), exactly rounded; None where less than two classes have come up.

    Examples
    --------
    >>> spammer_score([[9, 1], [2, 8]]), spammer_score([[30, 0], [50, 0]]), spammer_score([[9, 1], [0, 0]])
    (490000, 0, None)
    """
    rows = [(row, sum(row)) for row in confusion if any(row)]
    classes = len(rows)
    if classes < 2:
        return None
    # Over the common denominator (n_k n_l)^2 of each pair everything is whole.
    score = 0
    for (row, n), (other, m) in combinations(rows, 2):
        difference = sum((a * m - b * n) ** 2 for a, b in zip(row, other, strict=True))
        score += rounded(FIXED * FIXED * difference, (n * m) ** 2)
    return rounded(score, FIXED * classes * (classes - 1))


def spammer_bound(confusion: Sequence[Sequence[int]]) -> int | None:
    """Return the score less what chance adds to it: answers at random score 0 in the mean, at any number of them.

    The square of a difference of two shares exceeds the square of the true difference by the variances of both, in the
    mean; A (1 - A) / (n - 1) estimates each without bias. Act on this, not on the score, where counts are small.

    Returns
    -------
    int, or None
        Fixed point (1e-6), below 0 where chance explains more than there is; None where less than two classes have come
        up twice.

    Examples
    --------
    >>> spammer_bound([[2, 1], [1, 2]]), spammer_bound([[900, 100], [200, 800]]), spammer_bound([[5, 0], [1, 0]])
    (-111111, 489750, None)
    """
    rows = [(row, sum(row)) for row in confusion if sum(row) > 1]
    score = spammer_score([row for row, _ in rows])
    if score is None:
        return None
    chance = sum(rounded(FIXED * (n * n - sum(a * a for a in row)), n * n * (n - 1)) for row, n in rows)
    # Each row is in K - 1 pairs.
    return score - rounded(chance, len(rows))

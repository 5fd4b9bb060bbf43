"""What the votes of models are worth together: judges that err alike are not as many as they look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Final

import msgspec

from streams.quality.checks import rounded
from streams.quality.keys import FIXED

PRIOR_N: Final = 20
"""How many shared items the prior counts for."""
PRIOR: Final = 500_000
"""The correlation of the errors of two judges of whom nothing is known, fixed point: models share what they read."""


class Shared(msgspec.Struct, array_like=True, frozen=True):
    """Two judges on the items that both have answered and whose truth is known: counts.

    Attributes
    ----------
    n : int
        Items.
    both, first, second : int
        Where both were wrong, where only the one whose id sorts first was, and where only the other was.
    """

    n: int = 0
    both: int = 0
    first: int = 0
    second: int = 0


def correlation(shared: Shared) -> int:
    """Return how much the errors of two judges go together: phi, shrunk to .5 as if that had been seen on 20 items.

    (n phi + 20 * .5) / (n + 20), at least 0; phi = (n both - w v) / sqrt(w (n - w) v (n - v)), of which w and v are the
    errors of either. Where one was never or always wrong, phi does not exist and nothing is known.

    Examples
    --------
    >>> correlation(Shared()), correlation(Shared(80, 10, 10, 10)), correlation(Shared(80, 20, 0, 0))
    (500000, 366666, 900000)
    """
    n, w, v = shared.n, shared.both + shared.first, shared.both + shared.second
    variances = w * (n - w) * v * (n - v)
    if not variances:
        return PRIOR
    phi = max(-FIXED, min(FIXED, round(FIXED * (n * shared.both - w * v) / sqrt(variances))))
    return max(rounded(n * phi + PRIOR_N * PRIOR, n + PRIOR_N), 0)


def discounts(judges: Sequence[str], pairs: Mapping[tuple[str, str], Shared]) -> list[int]:
    """Return by what the log likelihood of each judge's vote on one task is multiplied, fixed point (1e-6).

    1 / (1 + sum of the correlations with the others). Their sum is the effective number of judges: n when no two err
    together, 1 when all err as one, and in between for equal correlations n / (1 + (n - 1) rho), the design effect of
    Kish (1965), Survey Sampling, 5.4. It is never below 1, and a judge alone counts in full.

    Parameters
    ----------
    judges : sequence of str
        The judges who have voted on the task, each once; people are not among them.
    pairs : mapping
        What is known of two, under their ids in order; a pair that is missing is unknown.

    Examples
    --------
    >>> discounts(["a"], {}), discounts(["a", "b"], {}), discounts(["b", "a"], {("a", "b"): Shared(980, 98, 0, 0)})
    ([1000000], [666667, 666667], [502513, 502513])
    """
    unknown = Shared()
    return [
        rounded(
            FIXED * FIXED,
            FIXED
            + sum(
                correlation(pairs.get((min(judge, other), max(judge, other)), unknown))
                for other in judges
                if other != judge
            ),
        )
        for judge in judges
    ]

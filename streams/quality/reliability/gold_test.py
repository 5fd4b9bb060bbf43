"""Evidence that somebody's answers are worse than acceptable: a test that may be looked at after each, for ever.

It bets against "each answer is right with a probability of at least p1, whatever came before". The wealth is a mixture
of likelihood ratios, so under that hypothesis it is a supermartingale that starts at 1, and the chance that it ever
reaches 1/alpha is at most alpha (Ville 1939; Ramdas, Grünwald, Vovk and Shafer 2023, doi:10.1214/23-STS894). Nothing is
restarted when somebody passes: there is no end at which to pass.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, floor, log
from typing import Final

from streams.quality.keys import FIXED

_MIXTURE: Final = ((2, 0.5), (3, 0.25), (1, 0.25))
"""What is bet on, and how much: p0, half way from there to p1 (places as below), and half of p0."""


@lru_cache(maxsize=1 << 16)  # annotators meet at the same counts
def evidence(right: int, n: int, p0: int, p1: int) -> int:
    """Return the logarithm of the wealth after `n` answers, 1e-6 nats; above 0 speaks against the annotator.

    ln sum_j w_j (q_j / p1)^right ((1 - q_j) / (1 - p1))^(n - right)

    over q = p0, (p0 + p1) / 2 and p0 / 2, with w = 1/2, 1/4 and 1/4. As it depends on the counts alone, it is exact
    when an answer is taken back: what stands, in whatever order it was told, ends at this wealth.

    Parameters
    ----------
    right, n : int
        Right answers among `n`.
    p0, p1 : int
        An accuracy to be found soon, and one to be left in peace; fixed point (1e-6), 0 < p0 < p1 < 1.

    Examples
    --------
    >>> evidence(0, 0, 600_000, 800_000)
    0
    >>> evidence(6, 10, 600_000, 800_000), evidence(8, 10, 600_000, 800_000), evidence(0, 3, 600_000, 800_000)
    (740101, -929628, 2744861)
    """
    if n == 0:
        return 0
    wrong = n - right
    exponents = [start + right * hit + wrong * miss for start, hit, miss in _bets(p0, p1)]
    most = max(exponents)
    return most + floor(FIXED * log(sum(exp((exponent - most) / FIXED) for exponent in exponents)))


@lru_cache(maxsize=1 << 10)
def bar(alpha: int) -> int:
    """Return what the evidence must reach: ln(1 / alpha), 1e-6 nats; `alpha` in fixed point.

    >>> bar(50_000)
    2995733
    """
    return -floor(FIXED * log(alpha / FIXED))


@lru_cache(maxsize=1 << 10)
def _bets(p0: int, p1: int) -> tuple[tuple[int, int, int], ...]:
    """Return per bet the logarithms of its share, of a right and of a wrong answer, rounded against the bet."""
    accuracies = {1: p0 / 2, 2: float(p0), 3: (p0 + p1) / 2}
    return tuple(
        (
            floor(FIXED * log(share)),
            floor(FIXED * log(accuracies[place] / p1)),
            floor(FIXED * log((FIXED - accuracies[place]) / (FIXED - p1))),
        )
        for place, share in _MIXTURE
    )

"""One class of several: the posterior's, or without one that with the greatest weight.

Weighted majority is the maximum a posteriori answer when annotators err evenly and each vote weighs
``ln(p (K - 1) / (1 - p))`` for a probability p of being right among K classes: the two-class rule of Nitzan and
Paroush (1982), doi:10.2307/2526438, for K classes with one error rate per annotator (the "one-coin" case of Dawid
and Skene (1979), doi:10.2307/2346806).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import log

import msgspec

from schemas import ClassificationSpace
from streams.quality.aggregation.categorical import decide
from streams.quality.aggregation.votes import Aggregate, Vote
from streams.quality.keys import FIXED

_HIGHEST = 990_000


@lru_cache(maxsize=65_536)
def weight(reliability: int, classes: int) -> int:
    """Return a vote's weight in 1e-6 nats; 0 for whoever is no better than chance.

    Parameters
    ----------
    reliability : int
        Probability of a right answer, fixed-point (1e-6); taken as at most .99.
    classes : int
        Number of declared classes, at least 2.

    Examples
    --------
    >>> weight(700_000, 2), weight(250_000, 4), weight(1_000_000, 2) == weight(990_000, 2)
    (847298, 0, True)
    """
    p = min(reliability, _HIGHEST)
    if p * classes <= FIXED:
        return 0
    return round(FIXED * log(p * (classes - 1) / (FIXED - p)))


def aggregate(
    space: ClassificationSpace, votes: Sequence[Vote], posterior: Sequence[int] | None, min_agreement: int
) -> Aggregate:
    """Return the leading class of a single-answer question, as `streams.quality.aggregation.categorical` decides.

    >>> space = ClassificationSpace(type="classification", classes=["wren", "robin"])
    >>> aggregate(space, [Vote("wren"), Vote("robin"), Vote("wren")], None, 600_000).label
    'wren'
    """
    classes = space.classes
    chosen = [classes.index(vote.answer) for vote in votes]
    first, result = decide(classes, chosen, [vote.weight for vote in votes], posterior, min_agreement)
    if first is None or result.reason is not None:
        return result
    return msgspec.structs.replace(result, label=classes[first])


def score(answer: str, reference: str) -> int:
    """Return one, fixed-point, for the same class, else 0."""
    return FIXED if answer == reference else 0

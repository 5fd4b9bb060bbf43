"""Classes: the one that leads, or of a multi-label space each that most say yes to.

Where the inference gives a posterior, that decides. Without one it is the weighted majority: the maximum a
posteriori answer when annotators err evenly.

Each vote weighs ``ln(p (K - 1) / (1 - p))`` for a probability p of being right among K classes, and the
softmax of the summed weights is the posterior over the answers under a uniform prior: the two-class rule of
Nitzan and Paroush (1982), doi:10.2307/2526438, for K classes with one error rate per annotator (the
"one-coin" case of Dawid and Skene (1979), doi:10.2307/2346806).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import exp, log

import msgspec

from schemas import ClassificationSpace
from streams.quality.aggregation.categorical import decide, leader
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


class Tally(msgspec.Struct, frozen=True):
    """The votes of one question, added up.

    Attributes
    ----------
    weights : list of int
        Summed weight per class, 1e-6 nats.
    counts : list of int
        Votes per class.
    leader : int or None
        The class with the greatest weight; None without weight or when several share it.
    reason : str or None
        Why there is no answer: ``zero_weight``, ``tie`` or ``low_agreement``; None when there is one.
    """

    weights: list[int]
    counts: list[int]
    leader: int | None
    reason: str | None


def tally(votes: Iterable[tuple[int, int]], classes: int, min_agreement: int) -> Tally:
    """Add up (class, weight) pairs and say whether they agree on an answer.

    Agreement is the leader's share of the total weight; it is compared with `min_agreement` (1e-6) in
    integers.

    >>> tally([(0, 800_000), (0, 800_000), (1, 800_000)], classes=2, min_agreement=600_000).leader
    0
    >>> tally([(0, 800_000), (1, 800_000)], classes=2, min_agreement=600_000).reason
    'tie'
    """
    weights = [0] * classes
    counts = [0] * classes
    for index, value in votes:
        weights[index] += value
        counts[index] += 1
    first = leader(weights)
    total = sum(weights)
    reason = None
    if not total:
        reason = "zero_weight"
    elif first is None:
        reason = "tie"
    elif weights[first] * FIXED < min_agreement * total:
        reason = "low_agreement"
    return Tally(weights, counts, first, reason)


def leader_without(weights: Sequence[int], index: int, value: int) -> int | None:
    """Return the leader once one vote of weight `value` for class `index` is left out.

    >>> leader_without([5, 3], 0, 5), leader_without([5, 3], 1, 3)
    (1, 0)
    """
    rest = list(weights)
    rest[index] -= value
    return leader(rest)


def posterior(weights: Sequence[int]) -> list[float]:
    """Return the probability of each class, rounded to six decimals: the softmax of the summed weights.

    >>> posterior([0, 0]), posterior([693_147, 0])
    ([0.5, 0.5], [0.666667, 0.333333])
    """
    most = max(weights)
    odds = [exp((value - most) / FIXED) for value in weights]
    scale = FIXED / sum(odds)
    return [round(value * scale) / FIXED for value in odds]


def aggregate(
    space: ClassificationSpace, votes: Sequence[Vote], posterior: Sequence[int] | None, min_agreement: int
) -> Aggregate:
    """Return the leading class of a single-answer question, as `streams.quality.aggregation.categorical` decides.

    >>> space = ClassificationSpace(type="classification", classes=["wren", "robin"])
    >>> aggregate(space, [Vote("wren"), Vote("robin"), Vote("wren")], None, 600_000).label
    'wren'
    """
    chosen = [space.classes.index(vote.answer) for vote in votes]
    first, result = decide(space.classes, chosen, [vote.weight for vote in votes], posterior, min_agreement)
    if first is None or result.reason is not None:
        return result
    return msgspec.structs.replace(result, label=space.classes[first])


def score(answer: str, reference: str) -> int:
    """Return one, fixed-point, for the same class, else 0."""
    return FIXED if answer == reference else 0

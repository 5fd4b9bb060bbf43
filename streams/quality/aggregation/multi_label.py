"""Several classes at once: each is its own yes or no."""

from __future__ import annotations

from collections.abc import Sequence

from schemas import ClassificationSpace
from streams.quality.aggregation.votes import NOTHING, Aggregate, Vote, effective_votes, gate, mean_pairwise, share
from streams.quality.keys import FIXED


def aggregate(space: ClassificationSpace, votes: Sequence[Vote], min_agreement: int) -> Aggregate:
    """Return the classes that more than half of the weight names: binary relevance by weighted majority.

    ``share_c = sum of w over the votes that name c / sum of w`` (binary relevance: Tsoumakas and Katakis (2007),
    doi:10.4018/jdwm.2007070101). A class named by exactly half is a ``tie``. Where no class has more than half,
    the reason is ``low_agreement``. ``agreement`` is the mean F1 of two answers as sets, over all pairs of votes;
    ``confidence`` that of the least sure class; ``distribution`` has the share of every class.

    >>> space = ClassificationSpace(type="classification", classes=["sun", "rain", "wind"], multi=True)
    >>> votes = [Vote(["rain"]), Vote(["rain", "wind"]), Vote(["wind", "rain"])]
    >>> aggregate(space, votes, 600_000).label
    ['rain', 'wind']
    """
    weights = [vote.weight for vote in votes]
    total = sum(weights)
    if not total:
        return NOTHING
    sums = [sum(vote.weight for vote in votes if name in vote.answer) for name in space.classes]
    label = [name for name, value in zip(space.classes, sums, strict=True) if 2 * value > total]
    agreement = mean_pairwise([frozenset(vote.answer) for vote in votes], weights, _f1)
    reason = "tie" if any(2 * value == total for value in sums) else gate(agreement, min_agreement)
    if not label:
        reason = reason or "low_agreement"
    decided = reason is None
    same = sum(len(vote.answer) == len(label) and set(vote.answer) == set(label) for vote in votes)
    return Aggregate(
        label=label if decided else None,
        confidence=min(share(max(value, total - value), total) for value in sums) if decided else None,
        vote_share=share(same, len(votes)) if label else None,
        agreement=share(agreement, FIXED),
        distribution={name: share(value, total) for name, value in zip(space.classes, sums, strict=True)},
        effective_votes=effective_votes(weights),
        reason=reason,
    )


def score(answer: Sequence[str], reference: Sequence[str]) -> int:
    """Return the F1 of two lists of classes as sets, fixed-point: ``2 |A & B| / (|A| + |B|)``.

    Dice (1945), doi:10.2307/1932409.

    >>> score(["rain"], ["wind", "rain"])
    666667
    """
    return _f1(frozenset(answer), frozenset(reference))


def _f1(one: frozenset[str], other: frozenset[str]) -> int:
    size = len(one) + len(other)
    return round(2 * len(one & other) * FIXED / size) if size else FIXED

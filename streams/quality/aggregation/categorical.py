"""The decision on a leaf with a finite list of categories, shared by the task types that have one."""

from __future__ import annotations

from collections.abc import Sequence

from streams.quality.aggregation.votes import NOTHING, Aggregate, effective_votes, share
from streams.quality.keys import FIXED


def leader(weights: Sequence[int]) -> int | None:
    """Return the class with the greatest weight, or None when it is 0 or shared.

    >>> leader([1, 3, 2]), leader([0, 0]), leader([2, 2])
    (1, None, None)
    """
    most = max(weights)
    return None if not most or weights.count(most) > 1 else weights.index(most)


def decide(
    names: Sequence[str],
    chosen: Sequence[int],
    weights: Sequence[int],
    posterior: Sequence[int] | None,
    min_agreement: int,
) -> tuple[int | None, Aggregate]:
    """Return the place of the leading category, and what the votes come to; without its label.

    The leader has the greatest posterior ``P(k | votes)``, or without a posterior the greatest sum of weight:
    weighted majority. Two that share it exactly are a ``tie``. ``agreement`` is the leader's share of the
    weight; below `min_agreement` there is a leader but no label.

    Parameters
    ----------
    names : sequence of str
        The categories.
    chosen : sequence of int
        Each vote's place among them.
    weights : sequence of int
        Each vote's weight.
    posterior : sequence of int or None
        Fixed-point, one per category.
    min_agreement : int
        Fixed-point.

    Examples
    --------
    >>> place, aggregate = decide(["wren", "robin"], [0, 0, 1], [1, 1, 1], [950_000, 50_000], 600_000)
    >>> place, aggregate.confidence, aggregate.agreement
    (0, 0.95, 0.666667)
    """
    sums = [0] * len(names)
    for place, weight in zip(chosen, weights, strict=True):
        sums[place] += weight
    total = sum(sums)
    if posterior is not None:
        soft = {name: value / FIXED for name, value in zip(names, posterior, strict=True)}  # six decimals as it is
    else:
        soft = {name: share(value, total) for name, value in zip(names, sums, strict=True)} if total else {}
    if not total:
        return None, Aggregate(distribution=soft, reason=NOTHING.reason)
    first = leader(sums if posterior is None else posterior)
    votes = effective_votes(weights)
    if first is None:
        return None, Aggregate(
            agreement=share(max(sums), total), distribution=soft, effective_votes=votes, reason="tie"
        )
    low = sums[first] * FIXED < min_agreement * total
    return first, Aggregate(
        confidence=None if low else soft[names[first]],
        vote_share=share(list(chosen).count(first), len(chosen)),
        agreement=share(sums[first], total),
        distribution=soft,
        effective_votes=votes,
        reason="low_agreement" if low else None,
    )

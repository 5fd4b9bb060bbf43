"""Ratings: a step of the scale as the label, and the mean, spread and median beside it.

An annotator's bias and scale are taken out of a rating first: ``middle + (answer - middle - bias) / scale``,
kept on the scale; a linear rater model with an offset and a gain per rater, as in Welinder and Perona (2010),
doi:10.1109/CVPRW.2010.5543189.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from schemas import LikertSpace
from streams.quality.aggregation.leaves import categories
from streams.quality.aggregation.votes import NOTHING, Aggregate, Vote, effective_votes, gate, share
from streams.quality.keys import FIXED

_LEAST_SCALE = FIXED // 10


def aggregate(
    space: LikertSpace, votes: Sequence[Vote], posterior: Sequence[int] | None, min_agreement: int
) -> Aggregate:
    """Return the step that minimises the expected absolute error, or without a posterior the mean's.

    With a posterior the label is its median: no step has a smaller ``sum_k P(k | votes) |k - label|``. Where a
    range of steps does equally well it is the one of them nearest to the posterior's mean. Without one it is the
    step nearest to the weighted mean, halfway between two the nearer to the weighted median. What is still
    halfway between two steps is a ``tie``.

    ``agreement`` is ``1 - s^2 / ((max - min) / 2)^2``, at least 0: the variance within the group beside that of
    a group split between the ends, r*wg of Lindell, Brandt and Whitney (1999), doi:10.1177/01466219922031257.

    ``details``: of the ratings without bias and scale, weighted, ``mean``, ``std`` (of n - 1; None for one vote)
    and ``median``; ``n``; ``expected``, the posterior's mean, None without one.

    >>> space = LikertSpace(type="likert_scale", min=1, max=5)
    >>> result = aggregate(space, [Vote(3), Vote(4), Vote(4), Vote(5)], None, 600_000)
    >>> result.label, result.agreement, result.details["std"]
    (4, 0.833333, 0.816497)
    """
    weights = [vote.weight for vote in votes]
    total = sum(weights)
    names = categories(space) or tuple(map(str, range(space.min, space.max + 1)))
    soft = _distribution(space, votes, posterior, names)
    if not total:
        return Aggregate(distribution=soft, reason=NOTHING.reason)
    ratings = [adjusted(space, vote) for vote in votes]
    mean = sum(rating * weight for rating, weight in zip(ratings, weights, strict=True))
    low, high = _medians(ratings, weights)
    spread, pairs = _spread(ratings, weights)
    agreement = _agreement(space, spread, pairs)
    if posterior is None:
        label = _nearest(mean, total * FIXED, toward=(low + high, 2 * FIXED))
    else:
        label = posterior_median(posterior)
        label = None if label is None else label + space.min
    reason = "tie" if label is None else gate(agreement, min_agreement)
    return Aggregate(
        label=label if reason is None else None,
        confidence=soft.get(str(label), 0.0) if reason is None else None,
        vote_share=None if label is None else share(sum(vote.answer == label for vote in votes), len(votes)),
        agreement=share(agreement, FIXED),
        distribution=soft,
        effective_votes=effective_votes(weights),
        reason=reason,
        details={
            "mean": share(mean, total * FIXED),
            "std": round(sqrt(spread / (2 * pairs)) / FIXED, 6) if pairs else None,
            "median": share(low + high, 2 * FIXED),
            "n": len(votes),
            "expected": None if posterior is None else _expected(space, posterior),
        },
    )


def score(space: LikertSpace, answer: int, reference: int) -> int:
    """Return how near a rating is to another, fixed-point: ``1 - |answer - reference| / (max - min)``.

    >>> score(LikertSpace(type="likert_scale", min=1, max=5), 4, 5)
    750000
    """
    return FIXED - round(FIXED * abs(answer - reference) / (space.max - space.min))


def adjusted(space: LikertSpace, vote: Vote) -> int:
    """Return a rating without its annotator's bias and scale, fixed-point, within the scale.

    A scale below a tenth is taken as one: whoever hardly moves says nothing about where the truth is.

    >>> adjusted(LikertSpace(type="likert_scale", min=1, max=5), Vote(5, bias=500_000, scale=1_500_000))
    4000000
    """
    middle = (space.min + space.max) * FIXED // 2
    scale = max(vote.scale, _LEAST_SCALE)
    rating: int = middle + round(FIXED * (vote.answer * FIXED - middle - vote.bias) / scale)
    return min(max(rating, space.min * FIXED), space.max * FIXED)


def posterior_median(posterior: Sequence[int]) -> int | None:
    """Return the place that minimises the expected absolute error; None halfway between two that both do.

    >>> posterior_median([200_000, 700_000, 100_000]), posterior_median([500_000, 500_000])
    (1, None)
    >>> posterior_median([500_000, 0, 500_000])
    1
    """
    total = sum(posterior)
    below = 0
    first = last = None
    for place, value in enumerate(posterior):
        below += value
        if first is None and 2 * below >= total:
            first = place
        if 2 * below > total:
            last = place
            break
    if first is None or last is None:
        return None
    mean = sum(place * value for place, value in enumerate(posterior))
    nearest = _nearest(mean, total)
    if nearest is None:
        return first if first == last else None
    return min(max(nearest, first), last)


def _nearest(part: int, whole: int, toward: tuple[int, int] | None = None) -> int | None:
    """Return the whole number nearest to ``part / whole``; halfway, the side of a second fraction or None."""
    down, rest = divmod(part, whole)
    if 2 * rest != whole:
        return down + (2 * rest > whole)
    if toward is None:
        return None
    side = toward[0] * whole - part * toward[1]
    return None if not side else down + (side > 0)


def _distribution(
    space: LikertSpace, votes: Sequence[Vote], posterior: Sequence[int] | None, names: Sequence[str]
) -> dict[str, float]:
    if posterior is not None:
        return {name: share(value, FIXED) for name, value in zip(names, posterior, strict=True)}
    total = sum(vote.weight for vote in votes)
    if not total:
        return {}
    sums = [0] * len(names)
    for vote in votes:
        sums[vote.answer - space.min] += vote.weight
    return {name: share(value, total) for name, value in zip(names, sums, strict=True)}


def _medians(ratings: Sequence[int], weights: Sequence[int]) -> tuple[int, int]:
    """Return the lower and the upper weighted median."""
    total = sum(weights)
    below = 0
    low = None
    for rating, weight in sorted(zip(ratings, weights, strict=True)):
        below += weight
        if low is None and 2 * below >= total:
            low = rating
        if low is not None and 2 * below > total:
            return low, rating
    raise AssertionError("no weight")


def _spread(ratings: Sequence[int], weights: Sequence[int]) -> tuple[int, int]:
    """Return ``sum w_i w_j (x_i - x_j)^2`` and ``sum w_i w_j`` over the pairs of votes; s^2 is half their ratio."""
    total = sum(weights)
    first = sum(weight * rating for rating, weight in zip(ratings, weights, strict=True))
    second = sum(weight * rating * rating for rating, weight in zip(ratings, weights, strict=True))
    return total * second - first * first, (total * total - sum(weight * weight for weight in weights)) // 2


def _agreement(space: LikertSpace, spread: int, pairs: int) -> int:
    if not pairs:
        return FIXED
    # s^2 = spread / (2 pairs) in FIXED^2; the greatest variance is (max - min)^2 / 4
    worst = pairs * ((space.max - space.min) * FIXED) ** 2
    return max(0, FIXED - round(2 * spread * FIXED / worst))


def _expected(space: LikertSpace, posterior: Sequence[int]) -> float | None:
    total = sum(posterior)
    return share(sum(place * value for place, value in enumerate(posterior, space.min)), total) if total else None

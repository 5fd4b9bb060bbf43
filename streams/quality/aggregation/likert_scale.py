"""Ratings: a step of the scale as the label, and the mean, spread and median beside it.

Also a mean of the ratings without their annotators' bias and scale: ``middle + (answer - middle - bias) / scale``,
kept on the scale, each weighted by the inverse of its variance, ``scale^2 / noise``; see
`streams.quality.aggregation.rater`.
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
    space: LikertSpace,
    votes: Sequence[Vote],
    posterior: Sequence[int] | None,
    min_agreement: int,
    *,
    plain: bool = False,
) -> Aggregate:
    """Return the step that minimises the expected absolute error, the posterior's median.

    No step has a smaller ``sum_k P(k | votes) |k - label|``. Without a posterior the ratings have the
    probabilities of their weights. Where a range of steps does equally well it is the one nearest to the mean;
    halfway between two steps the one nearer to the middle of the scale; halfway at the middle itself is a ``tie``.

    ``agreement`` is ``1 - s^2 / ((max - min) / 2)^2``, at least 0: the variance within the group beside that of
    a group split between the ends, r*wg of Lindell, Brandt and Whitney (1999), doi:10.1177/01466219922031257.

    ``details``: of the ratings, weighted, ``mean``, ``std`` (of n - 1; None for one vote) and ``median``; ``n``;
    ``adjusted_mean``, of the ratings without bias and scale; ``expected``, the posterior's mean, None without one.

    Parameters
    ----------
    plain : bool
        The step nearest to the weighted mean, whatever the posterior.

    Examples
    --------
    >>> space = LikertSpace(type="likert_scale", min=1, max=5)
    >>> result = aggregate(space, [Vote(3), Vote(4), Vote(4), Vote(5)], None, 600_000)
    >>> result.label, result.agreement, result.details["std"]
    (4, 0.833333, 0.816497)
    """
    weights = [vote.weight for vote in votes]
    total = sum(weights)
    soft = _distribution(space, votes, posterior)
    if not total:
        return Aggregate(distribution=soft, reason=NOTHING.reason)
    ratings = [vote.answer * FIXED for vote in votes]
    mean = sum(rating * weight for rating, weight in zip(ratings, weights, strict=True))
    low, high = _medians(ratings, weights)
    spread, pairs = _spread(ratings, weights)
    agreement = _agreement(space, spread, pairs)
    if plain:
        label = _step(space, mean, total)
    elif posterior is None:
        label = _step(space, min(max(mean, low * total), high * total), total)
    else:
        label = posterior_step(space, posterior)
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
            "adjusted_mean": _adjusted_mean(space, votes),
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

    A scale below a tenth counts as a tenth: whoever hardly moves says little of where the truth is.

    >>> adjusted(LikertSpace(type="likert_scale", min=1, max=5), Vote(5, bias=500_000, scale=1_500_000))
    4000000
    """
    middle = (space.min + space.max) * FIXED // 2
    scale = max(vote.scale, _LEAST_SCALE)
    rating: int = middle + round(FIXED * (vote.answer * FIXED - middle - vote.bias) / scale)
    return min(max(rating, space.min * FIXED), space.max * FIXED)


def _adjusted_mean(space: LikertSpace, votes: Sequence[Vote]) -> float:
    weights = [max(vote.scale, _LEAST_SCALE) ** 2 // vote.noise for vote in votes]
    total = sum(adjusted(space, vote) * weight for vote, weight in zip(votes, weights, strict=True))
    return share(total, sum(weights) * FIXED)


def posterior_step(space: LikertSpace, posterior: Sequence[int]) -> int | None:
    """Return the step that minimises the expected absolute error, None halfway at the middle of the scale.

    >>> space = LikertSpace(type="likert_scale", min=1, max=4)
    >>> posterior_step(space, [100_000, 200_000, 700_000, 0]), posterior_step(space, [500_000, 0, 0, 500_000])
    (3, None)
    >>> posterior_step(space, [500_000, 500_000, 0, 0])
    2
    """
    steps = [step * FIXED for step in range(space.min, space.max + 1)]
    total = sum(posterior)
    if not total:
        return None
    low, high = _medians(steps, posterior)
    mean = sum(step * value for step, value in zip(steps, posterior, strict=True))
    return _step(space, min(max(mean, low * total), high * total), total)


def _step(space: LikertSpace, part: int, whole: int) -> int | None:
    """Return the step nearest to ``part / whole``, fixed-point; halfway the less extreme one."""
    down, rest = divmod(part, whole * FIXED)
    half = whole * FIXED
    if 2 * rest != half:
        return down + (2 * rest > half)
    above = 2 * down + 1 - space.min - space.max
    return None if not above else down + (above < 0)


def _distribution(space: LikertSpace, votes: Sequence[Vote], posterior: Sequence[int] | None) -> dict[str, float]:
    """Return the posterior, or the weight of every step, of the steps that were chosen where there are many."""
    if posterior is not None:
        return {name: share(value, FIXED) for name, value in zip(categories(space), posterior, strict=True)}
    total = sum(vote.weight for vote in votes)
    sums: dict[str, int] = dict.fromkeys(categories(space), 0)
    for vote in sorted(votes, key=lambda vote: vote.answer):
        name = str(vote.answer)
        sums[name] = sums.get(name, 0) + vote.weight
    return {name: share(value, total) for name, value in sums.items()} if total else {}


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

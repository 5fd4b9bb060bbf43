"""Every task type's aggregation behind one name: a leaf, a whole question, and how right an answer is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

from schemas import (
    ClassificationSpace,
    DialogSpace,
    FreeTextSpace,
    LabelSpace,
    LikertSpace,
    PairwiseSpace,
    RankingSpace,
    SimpleSpace,
    SpanSpace,
)
from streams.quality.aggregation import (
    classification,
    free_text,
    likert_scale,
    multi_label,
    multi_turn_dialog,
    pairwise_comparison,
    preference_ranking,
    span_annotation,
)
from streams.quality.aggregation.leaves import leaves
from streams.quality.aggregation.votes import Aggregate, Vote


def aggregate(
    space: LabelSpace,
    votes: Sequence[Sequence[Vote]],
    posteriors: Sequence[Sequence[int] | None],
    min_agreement: int,
    *,
    plain: bool = False,
) -> Aggregate:
    """Return what the votes on a question come to.

    Parameters
    ----------
    votes, posteriors : sequences
        For each of the question's `streams.quality.aggregation.leaves.leaves`, in their order: the votes with the
        leaf's part of their answers, and the posterior as of `aggregate_leaf`.
    min_agreement, plain
        As of `aggregate_leaf`.

    Examples
    --------
    >>> space = ClassificationSpace(type="classification", classes=["wren", "robin"])
    >>> aggregate(space, [[Vote("wren")]], [None], 600_000).label
    'wren'
    """
    parts = [
        aggregate_leaf(leaf.space, own, posterior, min_agreement, plain=plain)
        for leaf, own, posterior in zip(leaves(space), votes, posteriors, strict=True)
    ]
    return multi_turn_dialog.combine(space, parts) if isinstance(space, DialogSpace) else parts[0]


def aggregate_leaf(
    space: SimpleSpace,
    votes: Sequence[Vote],
    posterior: Sequence[int] | None,
    min_agreement: int,
    *,
    plain: bool = False,
) -> Aggregate:
    """Return what the votes on one leaf come to.

    Parameters
    ----------
    posterior : sequence of int or None
        Of a leaf with `streams.quality.aggregation.leaves.categories`: their probabilities in fixed point. Without
        it, and for any other leaf, the votes' weights decide.
    min_agreement : int
        The least agreement of a label, fixed-point.
    plain : bool
        The plain rules: of ratings the mean, of rankings Borda's order, of spans each character's majority.
    """
    match space:
        case ClassificationSpace(multi=True):
            result = multi_label.aggregate(space, votes, min_agreement)
        case ClassificationSpace():
            result = classification.aggregate(space, votes, posterior, min_agreement)
        case PairwiseSpace():
            result = pairwise_comparison.aggregate(space, votes, posterior, min_agreement)
        case LikertSpace():
            result = likert_scale.aggregate(space, votes, posterior, min_agreement, plain=plain)
        case RankingSpace():
            result = preference_ranking.aggregate(space, votes, min_agreement, plain=plain)
        case SpanSpace():
            result = span_annotation.aggregate(space, votes, min_agreement, plain=plain)
        case FreeTextSpace():
            result = free_text.aggregate(votes, min_agreement)
        case _:
            assert_never(space)
    return result


def score(space: LabelSpace, answer: Any, reference: Any) -> int:
    """Return how right an answer is beside a truth or what the others say: fixed-point, 0 to one.

    One for the same class or winner; for ratings one less the distance; for several classes and for spans F1;
    for rankings the share of pairs in the same order; for texts their similarity; for dialogs the mean of the
    leaves.

    >>> score(RankingSpace(type="preference_ranking", items=["a", "b"]), ["a", "b"], ["a", "b"])
    1000000
    """
    parts = [_score(leaf.space, leaf.answer(answer), leaf.answer(reference)) for leaf in leaves(space)]
    return round(sum(parts) / len(parts))


def _score(space: SimpleSpace, answer: Any, reference: Any) -> int:
    match space:
        case ClassificationSpace(multi=True):
            result = multi_label.score(answer, reference)
        case ClassificationSpace():
            result = classification.score(answer, reference)
        case PairwiseSpace():
            result = pairwise_comparison.score(answer, reference)
        case LikertSpace():
            result = likert_scale.score(space, answer, reference)
        case RankingSpace():
            result = preference_ranking.score(answer, reference)
        case SpanSpace():
            result = span_annotation.score(answer, reference)
        case FreeTextSpace():
            result = free_text.score(answer, reference)
        case _:
            assert_never(space)
    return result

"""The better of two options: who wins, how clearly, and what is left once the order shown is allowed for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from schemas import PairwiseSpace
from streams.quality.aggregation.categorical import decide
from streams.quality.aggregation.leaves import categories
from streams.quality.aggregation.position_effect import evidence
from streams.quality.aggregation.votes import Aggregate, Vote, share
from streams.quality.keys import FIXED


def aggregate(
    space: PairwiseSpace, votes: Sequence[Vote], posterior: Sequence[int] | None, min_agreement: int
) -> Aggregate:
    """Return the winner; a tie and both-bad are verdicts of their own, never half a win for each.

    The winner is decided as in `streams.quality.aggregation.categorical`, each vote for an option weighing what
    `streams.quality.aggregation.position_effect.evidence` leaves of it. The label's strength is the nearest of 1
    to 3 to the mean below, halves down; it is absent where nobody gave one.

    ``details``: ``strength``, the weighted mean strength of the winner's votes that give one, above 0 for the
    first option and below for the second, None for other verdicts; ``votes``, their number per verdict.

    >>> space = PairwiseSpace(type="pairwise_comparison", options=["A", "B"])
    >>> votes = [Vote({"winner": "B", "strength": 3}), Vote({"winner": "B", "strength": 2}), Vote({"winner": "tie"})]
    >>> result = aggregate(space, votes, None, 600_000)
    >>> result.label, result.details["strength"]
    ({'winner': 'B', 'strength': 2}, -2.5)
    """
    names = categories(space)
    chosen = [names.index(vote.answer["winner"]) for vote in votes]
    weights = [vote_weight(vote) for vote in votes]
    first, result = decide(names, chosen, weights, posterior, min_agreement)
    counts = {name: chosen.count(place) for place, name in enumerate(names)}
    strength = None if first is None else _strength(names[first], votes, weights)
    signed = None
    if strength is not None and first is not None and first < len(space.options):
        signed = share(*strength) if first == 0 else -share(*strength)
    label: dict[str, Any] | None = None
    if first is not None and result.reason is None:
        label = {"winner": names[first]}
        if strength is not None and signed is not None:
            label["strength"] = _nearest(*strength)
    return msgspec.structs.replace(result, label=label, details={"strength": signed, "votes": counts})


def score(answer: dict[str, Any], reference: dict[str, Any]) -> int:
    """Return one, fixed-point, for the same winner, else 0; how clearly it won is a matter of taste."""
    return FIXED if answer["winner"] == reference["winner"] else 0


def vote_weight(vote: Vote) -> int:
    """Return a vote's weight once the annotator's position effect is allowed for; fixed-point."""
    winner = vote.answer["winner"]
    if vote.order is None or winner not in vote.order:
        return vote.weight
    return evidence(vote.weight, vote.position, chose_first=winner == vote.order[0])


def _strength(winner: str, votes: Sequence[Vote], weights: Sequence[int]) -> tuple[int, int] | None:
    """Return the weighted sum of the strengths that the winner's votes give, and their weight."""
    total = weight = 0
    for vote, one in zip(votes, weights, strict=True):
        given = vote.answer.get("strength")
        if vote.answer["winner"] == winner and given is not None:
            total += given * one
            weight += one
    return (total, weight) if weight else None


def _nearest(total: int, weight: int) -> int:
    return -((weight - 2 * total) // (2 * weight))

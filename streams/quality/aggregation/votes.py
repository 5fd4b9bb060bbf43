"""A vote on one leaf, what the votes come to, and the sums that every task type needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from streams.quality.keys import FIXED

DIGITS = 6


class Vote(msgspec.Struct, frozen=True):
    """One annotator's answer to one leaf, and what is known of the annotator. Numbers are fixed-point (1e-6).

    Attributes
    ----------
    answer : object
        Already checked against the label space.
    weight : int
        Trust, at least 0: log-odds in nats, the quality score, or one for all alike. Only ratios of weights
        decide, except beside a position effect, which is in nats as well.
    order : tuple of str or None
        The options as they were shown, first to last.
    position : int
        Of a comparison: the annotator's pull towards what is shown first, nats.
    bias, scale, noise : int
        Of a rating: ``answer - middle = bias + scale (truth - middle)``, with the middle of the scale, and the
        variance of what is left, in steps squared.
    precision, recall : int
        Of spans: the share of the annotator's characters that are right, and of the right ones that are found.
    """

    answer: Any
    weight: int = FIXED
    order: tuple[str, ...] | None = None
    position: int = 0
    bias: int = 0
    scale: int = FIXED
    noise: int = FIXED
    precision: int = 700_000
    recall: int = 700_000


class Aggregate(msgspec.Struct, frozen=True):
    """What the votes of a leaf, or of a whole question, come to. Floats are rounded to six decimals.

    Attributes
    ----------
    label : object
        An answer of the label space; None when there is none.
    confidence : float or None
        The probability of `label`: its posterior, or its share of the weight where no posterior was given.
        None where `distribution` is not over labels.
    vote_share : float or None
        Share of the votes, all alike, that give `label`.
    agreement : float or None
        How far the weight agrees, 0 to 1; each module says how it is measured. None without weight.
    distribution : dict of str to float
        The soft label: published with and without a label.
    effective_votes : float
        Kish's number of equally weighted votes that would say as much.
    reason : str or None
        Why there is no label: ``zero_weight``, ``tie`` or ``low_agreement``; of a dialog the first part's.
    details : dict
        What only this task type has, as JSON.
    """

    label: Any = None
    confidence: float | None = None
    vote_share: float | None = None
    agreement: float | None = None
    distribution: dict[str, float] = {}
    effective_votes: float = 0.0
    reason: str | None = None
    details: dict[str, Any] = {}


NOTHING = Aggregate(reason="zero_weight")
"""What no votes, or votes without weight, come to."""


def share(part: int, whole: int) -> float:
    """Return ``part / whole`` to six decimals.

    >>> share(1, 3)
    0.333333
    """
    return round(part / whole, DIGITS)


def effective_votes(weights: Sequence[int]) -> float:
    """Return ``(sum w)^2 / sum w^2``, 0 without weight: Kish (1965), Survey Sampling, section 11.7.

    >>> effective_votes([5, 5, 5]), effective_votes([3, 1]), effective_votes([0])
    (3.0, 1.6, 0.0)
    """
    squares = sum([weight * weight for weight in weights])
    return share(sum(weights) ** 2, squares) if squares else 0.0


def mean_pairwise(answers: Sequence[Any], weights: Sequence[int], score: Callable[[Any, Any], int]) -> int:
    """Return the mean score of two answers over all pairs of votes, weighted by both; fixed-point.

    A vote that stands alone agrees with itself.

    >>> mean_pairwise(["a", "a", "b"], [1, 1, 1], lambda one, other: FIXED * (one == other))
    333333
    """
    total = weight = 0
    for place, answer in enumerate(answers):
        for other in range(place):
            both = weights[place] * weights[other]
            if both:
                total += both * score(answer, answers[other])
                weight += both
    return round(total / weight) if weight else FIXED


def gate(agreement: int, min_agreement: int) -> str | None:
    """Return ``low_agreement`` when an agreement is below what the project asks for, both fixed-point."""
    return "low_agreement" if agreement < min_agreement else None

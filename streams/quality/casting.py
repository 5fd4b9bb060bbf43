"""Votes as aggregation takes them: each with what the policy and what is known of its annotator make of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from schemas import LikertSpace, PairwiseSpace, SpanSpace
from streams.quality import positions, shared
from streams.quality.aggregation import classification
from streams.quality.aggregation.rater import Rater, rater
from streams.quality.aggregation.span_confusion import CLASSES, Trust, trust
from streams.quality.aggregation.votes import Vote
from streams.quality.case import Case
from streams.quality.inference.model import Model
from streams.quality.inference.statistics import Statistics
from streams.quality.inferring import Reading, counts_of
from streams.quality.keys import FIXED
from streams.quality.spaces import Part
from streams.quality.task_state import Entry, Settings

_decode = msgspec.json.Decoder(list[tuple[int, int]]).decode


def cast(case: Case, votes: Sequence[Entry], reading: Reading, place: int, first: int) -> list[list[Vote]]:
    """Return the votes on each part of a question, as aggregation takes them.

    Parameters
    ----------
    place, first : int
        Of the question among the task's, and of its first part among the task's.
    """
    return [
        [
            _vote(case, entry, part, number, part.leaf.answer(entry.answers[place]), models[number], discount)
            for entry, models, discount in zip(votes, reading.models, reading.discounts, strict=True)
            if entry.answers is not None
        ]
        for number, part in enumerate(case.asked[place].parts, first)
    ]


def vote_weight(settings: Settings, entry: Entry, part: Part, model: Model | None, discount: int = FIXED) -> int:
    """Return how much a vote counts where votes are added up: 1e-6 nats, or what the policy says, fixed-point.

    Only where it is inferred what votes say is there a discount for judges.
    """
    match settings.weighting:
        case "uniform":
            return FIXED
        case "quality_weighted":
            return entry.quality
        case _ if model is not None:
            return classification.weight(model.accuracy, len(part.names)) * discount // FIXED
        case _:
            return classification.weight(entry.reliability, 2) * discount // FIXED


def _vote(
    case: Case, entry: Entry, part: Part, number: int, answer: object, model: Model | None, discount: int
) -> Vote:
    settings, space = case.settings, part.leaf.space
    weight = vote_weight(settings, entry, part, model, discount)
    if space.type == "classification":  # nearly always, and what is asked below takes long
        return Vote(answer, weight)
    infers = settings.weighting == "reliability"
    match space:
        case LikertSpace() if part.names:
            own = _rater(counts_of(case, entry, part.space_id), len(part.names))
            return Vote(answer, weight, bias=own.bias, scale=own.scale, noise=own.noise * FIXED // discount)
        case PairwiseSpace() if infers and (first := positions.first_of(entry, number)) != positions.NOT_SHOWN:
            order = tuple(space.options if first == 0 else reversed(space.options))
            pull = positions.pull(counts_of(case, entry, positions.SPACE), first, weight)
            return Vote(answer, weight, order=order, position=pull)
        case SpanSpace():
            sums = shared.statistics(case.state, case.task.project, part.space_id, CLASSES)
            trusted = _trust(sums, counts_of(case, entry, part.space_id))
            weight = trusted.f1 * discount // FIXED if infers else weight
            return Vote(answer, weight, precision=trusted.precision, recall=trusted.recall)
        case _:
            return Vote(answer, weight)


@lru_cache(maxsize=8_192)
def _rater(counts: str, steps: int) -> Rater:
    return rater(_decode(counts), steps)


@lru_cache(maxsize=8_192)
def _trust(statistics: Statistics, counts: str) -> Trust:
    return trust(dict(_decode(counts)), statistics.right, statistics.given)

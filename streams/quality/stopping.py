"""When a task has votes enough before it has as many as its redundancy: sure enough, or not worth another vote.

By expected gain, one more vote is worth asking for while the probability that the label is right is expected to rise
by so much that its value exceeds what the vote costs. Let q be the posterior and B[k][y] the probability that an
annotator of whom nothing is known answers y where k is true. After n more votes the label is right with probability

    R_n = sum over y_1 ... y_n of max_k q_k B[k][y_1] ... B[k][y_n],        R_0 = max_k q_k.

R_n - R_0 is the expected value of sample information (Raiffa and Schlaifer (1961), Applied Statistical Decision
Theory), of the next vote for n = 1. It is not concave: where one vote more can make a tie at best it is 0, whatever a
label is worth, though two may turn it. So what is asked is whether any number of votes that the task may still get
gains more in the mean per vote than one costs: the KG(*) policy of Frazier and Powell (2010),
doi:10.1287/deca.1100.0190.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import comb, exp
from typing import Final

from streams.quality.case import Case
from streams.quality.inference import constants
from streams.quality.inference.statistics import Base, logit
from streams.quality.inferring import Reading
from streams.quality.keys import FIXED
from streams.quality.task_state import Settings

AHEAD: Final = 15
"""So many votes are looked ahead at most."""


def closes(case: Case, reading: Reading) -> str | None:
    """Return the rule by which these votes are enough, ``confidence`` or ``gain``; None where they are not.

    Whether they are as many as the redundancy is no matter here, nor whether the project goes by the rule.
    """
    settings = case.settings
    if not settings.has_rule or len(reading.models) < settings.min_redundancy or not _are_known(reading):
        return None
    posteriors = reading.posteriors
    if settings.target_confidence:
        return "confidence" if all(max(one) >= settings.target_confidence for one in posteriors) else None
    left = redundancy(case) - len(reading.models)
    gains = [
        gain(one, answers(base), left, 1 - base.slip)
        for one, base in zip(posteriors, reading.bases, strict=True)
        if base is not None
    ]
    return None if is_worth(sum(gains), settings.label_value, case.task.terms.payment) else "gain"


def redundancy(case: Case) -> int:
    """Return how many votes the task gets at first."""
    return case.task.terms.redundancy or case.settings.redundancy


def names(settings: Settings) -> tuple[str, int, int]:
    """Return what tells a project's rule from another: its kind, its threshold in 1e-6, and votes from which on."""
    kind = "confidence" if settings.target_confidence else "gain"
    return kind, settings.target_confidence or settings.label_value, settings.min_redundancy


def is_worth(gained: int, value: int, payment: int) -> bool:
    """Return whether a vote that raises the probability of a right label by so much is worth what it costs.

    All in 1e-6, money in US dollars. What costs nothing is always worth it.

    >>> is_worth(20_000, 1_000_000, 15_000), is_worth(10_000, 1_000_000, 15_000), is_worth(0, 0, 0)
    (True, False, True)
    """
    return gained * value >= payment * FIXED


def gain(posterior: Sequence[int], answers: Sequence[tuple[float, float]], left: int, trust: float = 1.0) -> int:
    """Return by how much each further vote raises the probability that the label is right, fixed-point.

    That is the most of (R_n - R_0) / n over n of at most `left` votes. Of several votes only those for the leader and
    for the runner-up are told apart, whichever is right of these: exact for two categories, otherwise a lower bound.

    Parameters
    ----------
    posterior : sequence of int
        Fixed-point, one per category.
    answers : sequence of (float, float)
        Of each category as the truth: the probability of that answer, and of each other one.
    trust : float
        The share of the tasks on which votes say anything of the truth.

    Examples
    --------
    >>> even = [(0.7, 0.3), (0.7, 0.3)]
    >>> gain([500_000, 500_000], even, 1), gain([700_000, 300_000], even, 1), gain([700_000, 300_000], even, 2)
    (200000, 0, 42000)
    >>> gain([1_000_000, 0], even, 9)
    0
    """
    if left < 1 or max(posterior) >= sum(posterior):
        return 0
    found = _of_one(posterior, answers)
    if left > 1:
        first, second = sorted(range(len(posterior)), key=lambda k: (-posterior[k], k))[:2]
        one, other = posterior[first] / FIXED, posterior[second] / FIXED
        ways = (answers[first], answers[second], len(posterior) - 2)
        found = max(found, *(_of_several(one, other, ways, votes) / votes for votes in range(2, min(left, AHEAD) + 1)))
    return round(FIXED * max(found, 0.0) * trust)


def _of_one(posterior: Sequence[int], answers: Sequence[tuple[float, float]]) -> float:
    """Return R_1 - R_0: each answer leads to the category that is most probable then."""
    missed = [q * miss for q, (_, miss) in zip(posterior, answers, strict=True)]
    best, next_best = sorted(missed, reverse=True)[:2]
    after = 0.0
    for q, (hit, _), miss in zip(posterior, answers, missed, strict=True):
        after += max(q * hit, next_best if miss == best else best)
    return (after - max(posterior)) / FIXED


def _of_several(one: float, other: float, ways: _Ways, votes: int) -> float:
    """Return R_n - R_0 with a label that is the leader or the runner-up, these having probability `one`, `other`."""
    found = sum(max(one * first, other * second) for first, second in _courses(ways, votes))
    return found - one


_Ways = tuple[tuple[float, float], tuple[float, float], int]


@lru_cache(maxsize=4_096)
def _courses(ways: _Ways, votes: int) -> tuple[tuple[float, float], ...]:
    """Return how probable each course of votes is, where the leader and where the runner-up is right.

    A course is how many are for the one and for the other; the rest are for any of the `ways[2]` categories beside.
    """
    (hit, miss), (other_hit, other_miss), beside = ways
    return tuple(
        (
            number * hit**leads * miss ** (votes - leads),
            number * other_hit**follows * other_miss ** (votes - follows),
        )
        for leads in range(votes + 1)
        for follows in range(votes + 1 - leads)
        if (number := comb(votes, leads) * comb(votes - leads, follows) * beside ** (votes - leads - follows))
    )


@lru_cache(maxsize=4_096)
def answers(base: Base) -> tuple[tuple[float, float], ...]:
    """Return how the project's annotators answer in the mean, see `gain`."""
    odds = logit(base.accuracy)
    hits = [1 / (1 + exp(-(odds + lift))) for lift in base.lift]
    return tuple((hit, (1 - hit) / (len(hits) - 1)) for hit in hits)


def _are_known(reading: Reading) -> bool:
    """Whether enough of the annotators are known on every part, and every part has categories: votes err together."""
    for number, scores in enumerate(reading.scores):
        if not scores:
            return False
        known = sum(
            discount
            for models, discount in zip(reading.models, reading.discounts, strict=True)
            if (own := models[number]) is not None and own.answers >= constants.SURE_ANSWERS
        )
        if known < constants.SURE_VOTES * FIXED:
            return False
    return True

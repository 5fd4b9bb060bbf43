"""Comparisons: verdicts kept apart, strength, and what an annotator's pull to the first place does."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streams.quality.aggregation.pairwise_comparison import aggregate, score, vote_weight
from streams.quality.aggregation.position_effect import effect, evidence
from streams.quality.aggregation.votes import Vote
from streams.quality.keys import FIXED
from tests.quality.aggregation.made import made

SPACE = made(type="pairwise_comparison", options=["A", "B"], allow_both_bad=True)
NATS = st.integers(-4 * FIXED, 4 * FIXED)
TRUST = st.integers(0, 5 * FIXED)


def verdict(winner: str, strength: int | None = None, weight: int = FIXED) -> Vote:
    return Vote({"winner": winner, "strength": strength}, weight)


@pytest.mark.parametrize(
    ("votes", "label", "strength", "reason"),
    [
        ([verdict("A", 3)], {"winner": "A", "strength": 3}, 3.0, None),
        ([verdict("B", 1), verdict("B", 2), verdict("A", 3)], {"winner": "B", "strength": 1}, -1.5, None),
        ([verdict("B", 1), verdict("B", 3, 3 * FIXED)], {"winner": "B", "strength": 2}, -2.5, None),
        ([verdict("A"), verdict("A", 2)], {"winner": "A", "strength": 2}, 2.0, None),
        ([verdict("A"), verdict("A")], {"winner": "A"}, None, None),
        ([verdict("tie", 2), verdict("tie"), verdict("A")], {"winner": "tie"}, None, None),
        ([verdict("both_bad"), verdict("both_bad"), verdict("tie")], {"winner": "both_bad"}, None, None),
        ([verdict("tie"), verdict("both_bad")], None, None, "tie"),
        ([verdict("A", 2), verdict("tie"), verdict("B")], None, None, "tie"),
        (
            [verdict("tie"), verdict("tie"), verdict("A", 2), verdict("A", 2), verdict("A", 2)],
            None,
            2.0,
            "low_agreement",
        ),
    ],
)
def test_a_comparison(votes: list[Vote], label: object, strength: float | None, reason: str | None) -> None:
    result = aggregate(SPACE, votes, None, 610_000)
    assert (result.label, result.details["strength"], result.reason) == (label, strength, reason)
    winners = [vote.answer["winner"] for vote in votes]
    assert result.details["votes"] == {name: winners.count(name) for name in ("A", "B", "tie", "both_bad")}


def test_a_tie_is_not_half_a_win_for_each() -> None:
    result = aggregate(SPACE, [verdict("A"), verdict("tie"), verdict("tie")], [300_000, 0, 600_000, 100_000], 0)
    assert result.label == {"winner": "tie"}
    assert result.distribution == {"A": 0.3, "B": 0.0, "tie": 0.6, "both_bad": 0.1}


def test_only_the_winner_is_right_or_wrong() -> None:
    assert score({"winner": "A", "strength": 1}, {"winner": "A"}) == FIXED
    assert score({"winner": "A"}, {"winner": "tie"}) == 0


def test_a_choice_against_ones_own_pull_outweighs_one_with_it() -> None:
    first, second = ("A", "B"), ("B", "A")
    votes = [Vote({"winner": "A"}, FIXED, first, FIXED), Vote({"winner": "B"}, FIXED, first, FIXED)]
    assert aggregate(SPACE, votes, None, 0).label == {"winner": "B"}
    turned = [Vote({"winner": "A"}, FIXED, second, FIXED), Vote({"winner": "B"}, FIXED, second, FIXED)]
    assert aggregate(SPACE, turned, None, 0).label == {"winner": "A"}
    for winner, order in (("tie", first), ("A", None)):
        assert vote_weight(Vote({"winner": winner}, FIXED, order, FIXED)) == FIXED


def logistic(nats: float) -> float:
    return 1 / (1 + exp(-nats))


@given(TRUST, NATS, st.booleans())
def test_evidence_is_the_likelihood_ratio_of_the_model(weight: int, position: int, first: bool) -> None:
    pull = (position if first else -position) / FIXED
    expected = log(logistic(pull + weight / FIXED) / logistic(pull - weight / FIXED))
    found = evidence(weight, position, chose_first=first)
    assert found == pytest.approx(expected * FIXED, abs=1)
    assert found >= 0
    if not position:
        assert found == weight


@given(TRUST, st.integers(-3 * FIXED, 3 * FIXED))
def test_an_effect_is_found_again_in_what_it_does(weight: int, position: int) -> None:
    shown_first = (logistic((position + weight) / FIXED) + logistic((position - weight) / FIXED)) / 2
    first = round(shown_first * 10**9 * FIXED)
    found = effect(first, 10**9 * FIXED - first, weight)
    assert found == pytest.approx(position, abs=0.001 * FIXED)


@given(st.integers(0, 1_000), st.integers(0, 1_000), TRUST)
def test_an_effect_turns_with_the_sides_and_is_shrunk(first: int, second: int, weight: int) -> None:
    found = effect(first * FIXED, second * FIXED, weight)
    assert effect(second * FIXED, first * FIXED, weight) == -found
    assert (found > 0) == (first > second)
    more = effect(first * FIXED, second * FIXED, weight, prior=100 * FIXED)
    assert abs(more) <= abs(found)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_without_trust_an_effect_is_the_smoothed_log_odds(first: int, second: int) -> None:
    assume(first or second)
    expected = log((first + 10) / (second + 10))
    assert effect(first * FIXED, second * FIXED) == pytest.approx(expected * FIXED, abs=2)


def test_allowing_for_position_recovers_what_it_hides() -> None:
    """Simulated annotators drawn to the first place: the labels are right more often once it is allowed for."""
    rng = np.random.default_rng(3)
    tasks, each, trust, pull = 2_000, 3, 1.2, 1.5
    effects = rng.normal(0, pull, 30)
    truth = rng.integers(0, 2, tasks)
    who = rng.integers(0, len(effects), (tasks, each))
    shown = rng.integers(0, 2, (tasks, each))
    favoured = np.where(shown == truth[:, None], trust, -trust) + effects[who]
    chose_first = rng.random((tasks, each)) < 1 / (1 + np.exp(-favoured))
    counts = np.array([[((who == one) & (chose_first == took)).sum() for took in (True, False)] for one in range(30)])
    learned = [effect(int(a) * FIXED, int(b) * FIXED, round(trust * FIXED)) for a, b in counts]
    right = {True: 0, False: 0}
    for task in range(tasks):
        for allowed in right:
            votes = []
            for place in range(each):
                order = ("A", "B") if shown[task, place] == 0 else ("B", "A")
                winner = order[0] if chose_first[task, place] else order[1]
                position = learned[who[task, place]] if allowed else 0
                votes.append(Vote({"winner": winner}, round(trust * FIXED), order, position))
            label = aggregate(SPACE, votes, None, 0).label
            right[allowed] += label == {"winner": "AB"[truth[task]]}
    assert right[True] > right[False] + 0.02 * tasks

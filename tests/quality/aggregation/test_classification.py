"""Classes and verdicts: what decides, with a posterior and without, and several classes at once."""

from __future__ import annotations

from fractions import Fraction
from math import log, prod

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streams.quality.aggregation.classification import aggregate, weight
from streams.quality.aggregation.multi_label import aggregate as aggregate_multi
from streams.quality.aggregation.multi_label import score as score_multi
from streams.quality.aggregation.votes import Vote
from streams.quality.keys import FIXED
from tests.quality.aggregation.made import WEIGHT, made

BIRDS = made(type="classification", classes=["wren", "robin", "finch"])
WEATHER = made(type="classification", classes=["sun", "rain", "wind"], multi=True)


@pytest.mark.parametrize(
    ("reliability", "classes", "nats"),
    [
        (700_000, 2, log(0.7 / 0.3)),
        (700_000, 4, log(0.7 * 3 / 0.3)),
        (990_000, 2, log(99)),
        (1_000_000, 2, log(99)),
        (500_000, 2, 0),
        (250_000, 4, 0),
        (100_000, 4, 0),
        (333_334, 3, log(0.333334 * 2 / 0.666666)),
    ],
)
def test_weight_is_the_log_odds_over_the_declared_classes(reliability: int, classes: int, nats: float) -> None:
    assert weight(reliability, classes) == round(nats * FIXED)


@given(st.integers(0, FIXED), st.integers(2, 50))
def test_no_vote_weighs_less_than_nothing(reliability: int, classes: int) -> None:
    assert weight(reliability, classes) >= 0


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(450_000, FIXED)), min_size=1, max_size=6))
def test_the_weighted_majority_is_bayes_answer_under_a_uniform_prior(votes: list[tuple[int, int]]) -> None:
    trust = [(answer, min(Fraction(p, FIXED), Fraction(99, 100))) for answer, p in votes]
    joint = [prod(p if answer == truth else (1 - p) / 2 for answer, p in trust) for truth in range(3)]
    best, second = sorted(joint, reverse=True)[:2]
    assume(best > second * Fraction(1_001, 1_000))
    result = aggregate(BIRDS, [Vote(BIRDS.classes[answer], weight(p, 3)) for answer, p in votes], None, 0)
    assert result.label == BIRDS.classes[joint.index(best)]


@pytest.mark.parametrize(
    ("votes", "min_agreement", "label", "reason"),
    [
        ([], 0, None, "zero_weight"),
        ([(0, 0), (1, 0)], 0, None, "zero_weight"),
        ([(0, 5), (1, 5)], 0, None, "tie"),
        ([(0, 6), (1, 4)], 600_000, "wren", None),
        ([(0, 6), (1, 4)], 600_001, None, "low_agreement"),
        ([(0, 1), (1, 0)], FIXED, "wren", None),
        ([(0, 4), (1, 3), (2, 3)], 0, "wren", None),
        ([(0, 3), (1, 4), (2, 4)], 0, None, "tie"),
    ],
)
def test_without_a_posterior_it_is_the_weighted_majority(
    votes: list[tuple[int, int]], min_agreement: int, label: str | None, reason: str | None
) -> None:
    result = aggregate(BIRDS, [Vote(BIRDS.classes[place], value) for place, value in votes], None, min_agreement)
    assert (result.label, result.reason) == (label, reason)
    if label is not None:
        assert result.confidence == result.agreement == result.distribution[label]


@given(
    st.lists(st.tuples(st.integers(0, 2), WEIGHT), min_size=1, max_size=8),
    st.tuples(*[st.integers(0, FIXED)] * 3),
)
def test_a_posterior_decides_whatever_the_weights_say(
    pairs: list[tuple[int, int]], posterior: tuple[int, int, int]
) -> None:
    result = aggregate(BIRDS, [Vote(BIRDS.classes[place], weight) for place, weight in pairs], posterior, 0)
    assert list(result.distribution.values()) == [value / FIXED for value in posterior]
    if not sum(weight for _, weight in pairs):
        assert result.reason == "zero_weight"
    elif posterior.count(max(posterior)) > 1:
        assert result.reason == "tie"
    else:
        assert result.label == BIRDS.classes[posterior.index(max(posterior))]
        assert result.confidence == max(posterior) / FIXED


def test_little_agreement_keeps_the_soft_label() -> None:
    votes = [Vote("wren"), Vote("robin"), Vote("wren"), Vote("robin"), Vote("finch")]
    result = aggregate(BIRDS, votes, [600_000, 300_000, 100_000], 600_000)
    assert (result.label, result.confidence, result.reason) == (None, None, "low_agreement")
    assert (result.vote_share, result.agreement, result.effective_votes) == (0.4, 0.4, 5)
    assert result.distribution == {"wren": 0.6, "robin": 0.3, "finch": 0.1}


@pytest.mark.parametrize(
    ("answers", "min_agreement", "label", "reason"),
    [
        ([["sun"]], FIXED, ["sun"], None),
        ([["sun", "wind"], ["wind"], ["wind", "sun"]], 0, ["sun", "wind"], None),
        ([["sun"], ["rain"], ["wind"]], 0, None, "low_agreement"),
        ([["sun", "rain"], ["sun"]], 0, None, "tie"),
        ([["sun", "rain"], ["sun", "wind"], ["sun"]], 0, ["sun"], None),
        ([["sun", "rain"], ["sun", "wind"], ["sun"]], 700_000, None, "low_agreement"),
    ],
)
def test_each_class_is_its_own_yes_or_no(
    answers: list[list[str]], min_agreement: int, label: list[str] | None, reason: str | None
) -> None:
    result = aggregate_multi(WEATHER, [Vote(answer) for answer in answers], min_agreement)
    assert (result.label, result.reason) == (label, reason)
    assert result.distribution == {
        name: round(sum(name in answer for answer in answers) / len(answers), 6) for name in WEATHER.classes
    }


def test_several_classes_score_by_f1() -> None:
    assert score_multi(["sun", "rain"], ["rain", "wind"]) == 500_000
    assert score_multi(["sun"], ["rain"]) == 0

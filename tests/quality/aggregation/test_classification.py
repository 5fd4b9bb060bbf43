"""Classes and verdicts: what decides, with a posterior and without, and several classes at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.quality.aggregation.classification import aggregate, tally
from streams.quality.aggregation.multi_label import aggregate as aggregate_multi
from streams.quality.aggregation.multi_label import score as score_multi
from streams.quality.aggregation.votes import Vote
from streams.quality.keys import FIXED
from tests.quality.aggregation.made import WEIGHT, made

BIRDS = made(type="classification", classes=["wren", "robin", "finch"])
WEATHER = made(type="classification", classes=["sun", "rain", "wind"], multi=True)


@given(st.lists(st.tuples(st.integers(0, 2), WEIGHT), max_size=8), st.integers(0, FIXED))
def test_without_a_posterior_it_is_the_weighted_majority(pairs: list[tuple[int, int]], min_agreement: int) -> None:
    result = aggregate(BIRDS, [Vote(BIRDS.classes[place], weight) for place, weight in pairs], None, min_agreement)
    counts = tally(pairs, 3, min_agreement)
    assert result.reason == counts.reason
    if counts.reason is None and counts.leader is not None:
        assert result.label == BIRDS.classes[counts.leader]
        assert result.confidence == result.agreement == result.distribution[result.label]


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

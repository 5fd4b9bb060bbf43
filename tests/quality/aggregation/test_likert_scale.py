"""Ratings beside numpy and brute force."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streams.quality.aggregation.likert_scale import adjusted, aggregate, posterior_step, score
from streams.quality.aggregation.votes import Vote
from streams.quality.keys import FIXED
from tests.quality.aggregation.made import made

FIVE = made(type="likert_scale", min=1, max=5)
FOUR = made(type="likert_scale", min=1, max=4)
WIDE = made(type="likert_scale", min=0, max=100)
SPACES = st.sampled_from([FIVE, FOUR, WIDE, made(type="likert_scale", min=-3, max=3)])
RATINGS = SPACES.flatmap(
    lambda space: st.tuples(
        st.just(space),
        st.lists(st.tuples(st.integers(space.min, space.max), st.integers(1, 5)), min_size=1, max_size=9),
    )
)


def votes(ratings: list[tuple[int, int]]) -> list[Vote]:
    return [Vote(rating, weight) for rating, weight in ratings]


@given(RATINGS)
def test_mean_and_median_are_those_of_so_many_alike(case: tuple[Any, list[tuple[int, int]]]) -> None:
    space, ratings = case
    details = aggregate(space, votes(ratings), None, 0).details
    repeated = np.repeat([rating for rating, _ in ratings], [weight for _, weight in ratings])
    assert details["mean"] == pytest.approx(repeated.mean(), abs=1e-6)
    assert details["median"] == pytest.approx(np.median(repeated), abs=1e-6)
    assert details["n"] == len(ratings)


@given(RATINGS)
def test_the_spread_of_alike_votes_is_the_sample_standard_deviation(case: tuple[Any, list[tuple[int, int]]]) -> None:
    space, ratings = case
    result = aggregate(space, [Vote(rating) for rating, _ in ratings], None, 0)
    if len(ratings) == 1:
        assert (result.details["std"], result.agreement) == (None, 1)
        return
    std = np.std([rating for rating, _ in ratings], ddof=1)
    assert result.details["std"] == pytest.approx(std, abs=1e-6)
    assert result.agreement == pytest.approx(max(0, 1 - (2 * std / (space.max - space.min)) ** 2), abs=1e-6)


@given(
    SPACES.filter(lambda space: space.max < 50).flatmap(
        lambda space: st.tuples(
            st.just(space),
            st.lists(st.integers(0, 5), min_size=space.max - space.min + 1, max_size=space.max - space.min + 1),
        )
    )
)
def test_no_step_has_a_smaller_expected_error(case: tuple[Any, list[int]]) -> None:
    space, posterior = case
    assume(sum(posterior))
    steps = range(space.min, space.max + 1)
    errors = {
        label: sum(value * abs(step - label) for step, value in zip(steps, posterior, strict=True)) for label in steps
    }
    best = [label for label in steps if errors[label] == min(errors.values())]
    found = posterior_step(space, posterior)
    if found is None:
        assert len(best) > 1
        assert sum(best) == len(best) * (space.min + space.max) / 2
    else:
        assert found in best


@given(RATINGS, st.booleans())
def test_a_scale_turned_round_turns_the_label(case: tuple[Any, list[tuple[int, int]]], plain: bool) -> None:
    space, ratings = case
    turned = [(space.min + space.max - rating, weight) for rating, weight in ratings]
    one = aggregate(space, votes(ratings), None, 0, plain=plain)
    other = aggregate(space, votes(turned), None, 0, plain=plain)
    assert one.reason == other.reason
    assert one.agreement == other.agreement
    if one.label is not None:
        assert other.label == space.min + space.max - one.label


@given(RATINGS, st.booleans())
def test_one_more_vote_for_the_label_keeps_it(case: tuple[Any, list[tuple[int, int]]], plain: bool) -> None:
    space, ratings = case
    before = aggregate(space, votes(ratings), None, 0, plain=plain).label
    if before is not None:
        assert aggregate(space, votes([*ratings, (before, 2)]), None, 0, plain=plain).label == before


@pytest.mark.parametrize(
    ("space", "ratings", "plain", "label", "reason"),
    [
        (FIVE, [5, 5, 1], False, 5, None),
        (FIVE, [5, 5, 1], True, 4, None),
        (FIVE, [4, 5], False, 4, None),
        (FIVE, [1, 5], False, 3, None),
        (FOUR, [2, 3], False, None, "tie"),
        (FOUR, [1, 4], True, None, "tie"),
        (FOUR, [1, 2], False, 2, None),
        (WIDE, [40, 45], False, 43, None),
    ],
)
def test_a_label_is_a_step(space: Any, ratings: list[int], plain: bool, label: int | None, reason: str | None) -> None:
    result = aggregate(space, [Vote(rating) for rating in ratings], None, 0, plain=plain)
    assert (result.label, result.reason) == (label, reason)


def test_disagreement_keeps_the_numbers() -> None:
    result = aggregate(FIVE, [Vote(1), Vote(3), Vote(5)], [300_000, 50_000, 300_000, 50_000, 300_000], 600_000)
    assert (result.label, result.agreement, result.reason) == (None, 0, "low_agreement")
    assert result.details == {"mean": 3.0, "std": 2.0, "median": 3.0, "n": 3, "adjusted_mean": 3.0, "expected": 3.0}
    assert result.distribution == {"1": 0.3, "2": 0.05, "3": 0.3, "4": 0.05, "5": 0.3}


def test_a_wide_scale_names_only_what_was_chosen() -> None:
    assert aggregate(WIDE, [Vote(90), Vote(20), Vote(90)], None, 0).distribution == {"20": 0.333333, "90": 0.666667}


@given(st.integers(1, 5), st.integers(1, 5), st.integers(FIXED // 10, 2 * FIXED))
def test_bias_and_scale_are_taken_out(truth: int, said: int, scale: int) -> None:
    bias = (said - 3) * FIXED - scale * (truth - 3)
    assert adjusted(FIVE, Vote(said, bias=bias, scale=scale)) == truth * FIXED


@pytest.mark.parametrize(
    ("vote", "expected"),
    [
        (Vote(5), 5 * FIXED),
        (Vote(4, bias=FIXED), 3 * FIXED),
        (Vote(1, bias=FIXED), 1 * FIXED),
        (Vote(4, scale=2 * FIXED), 3_500_000),
        (Vote(4, scale=FIXED // 2), 5 * FIXED),
        (Vote(3, scale=0), 3 * FIXED),
        (Vote(4, scale=-FIXED), 5 * FIXED),
    ],
)
def test_a_rating_stays_on_the_scale(vote: Vote, expected: int) -> None:
    assert adjusted(FIVE, vote) == expected


def test_a_bias_that_is_known_is_taken_out_of_the_adjusted_mean_alone() -> None:
    lenient = [Vote(4, bias=FIXED), Vote(4, bias=FIXED), Vote(3)]
    found = aggregate(FIVE, lenient, None, 0)
    assert (found.label, found.details["mean"], found.details["adjusted_mean"]) == (4, 3.666667, 3.0)


def test_ratings_that_are_surer_count_for_more() -> None:
    """The weights of (2, 4) are those of inverse variances: 4 to 1, and 1 to 4 by the scale alone."""
    assert aggregate(FIVE, [Vote(2), Vote(4, noise=4 * FIXED)], None, 0).details["adjusted_mean"] == 2.4
    wide = [Vote(2), Vote(5, scale=2 * FIXED)]
    assert aggregate(FIVE, wide, None, 0).details["adjusted_mean"] == 3.6


@given(RATINGS)
def test_of_people_without_bias_the_adjusted_mean_is_the_plain_one(case: tuple[Any, list[tuple[int, int]]]) -> None:
    space, ratings = case
    details = aggregate(space, [Vote(rating) for rating, _ in ratings], None, 0).details
    assert details["adjusted_mean"] == details["mean"]


@given(st.integers(0, 100), st.integers(0, 100))
def test_the_score_falls_with_the_distance(answer: int, reference: int) -> None:
    assert score(WIDE, answer, reference) == FIXED - abs(answer - reference) * FIXED // 100

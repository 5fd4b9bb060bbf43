"""Weighted majority against Bayes' rule, written out."""

from __future__ import annotations

from fractions import Fraction
from math import log, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.quality.aggregation.categorical import leader
from streams.quality.aggregation.classification import leader_without, posterior, tally, weight
from streams.quality.keys import FIXED

RELIABILITY = st.integers(0, FIXED)


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


@given(RELIABILITY, st.integers(2, 50))
def test_no_vote_weighs_less_than_nothing(reliability: int, classes: int) -> None:
    assert weight(reliability, classes) >= 0


@given(
    st.integers(2, 6).flatmap(lambda k: st.tuples(st.just(k), st.lists(st.tuples(st.integers(0, k - 1), RELIABILITY))))
)
def test_the_softmax_of_the_weights_is_the_posterior(case: tuple[int, list[tuple[int, int]]]) -> None:
    classes, votes = case
    counts = tally([(answer, weight(p, classes)) for answer, p in votes], classes, 0)
    trust = [(answer, min(max(Fraction(p, FIXED), Fraction(1, classes)), Fraction(99, 100))) for answer, p in votes]
    joint = [
        prod((p if answer == truth else (1 - p) / (classes - 1)) for answer, p in trust) for truth in range(classes)
    ]
    expected = [float(one / sum(joint)) for one in joint]
    assert posterior(counts.weights) == pytest.approx(expected, abs=1e-5 + 1e-6 * len(votes))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=12))
def test_leaving_a_vote_out_is_never_having_counted_it(votes: list[tuple[int, int]]) -> None:
    weights = tally(votes, 4, 0).weights
    for place, (answer, value) in enumerate(votes):
        rest = votes[:place] + votes[place + 1 :]
        assert leader_without(weights, answer, value) == tally(rest, 4, 0).leader
    assert leader(weights) == tally(votes, 4, 0).leader


@pytest.mark.parametrize(
    ("votes", "agreement", "reason"),
    [
        ([], 0, "zero_weight"),
        ([(0, 0), (0, 0)], 0, "zero_weight"),
        ([(0, 5), (1, 5)], 0, "tie"),
        ([(0, 6), (1, 4)], 600_000, None),
        ([(0, 6), (1, 4)], 600_001, "low_agreement"),
        ([(0, 1)], FIXED, None),
    ],
)
def test_undefined_cases_have_reasons(votes: list[tuple[int, int]], agreement: int, reason: str | None) -> None:
    assert tally(votes, 2, agreement).reason == reason

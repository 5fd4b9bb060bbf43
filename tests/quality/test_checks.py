"""The checks' arithmetic against exact fractions."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import Thresholds
from streams.quality.checks import RECOVERED, below_gold, product, rounded, rules, speed_flag
from streams.quality.keys import FIXED
from streams.quality.reliability.accuracy import reliability

DEFAULTS = rules(Thresholds(), policy_version=0)


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**7))
def test_rounded_is_pythons_exact_half_even(numerator: int, denominator: int) -> None:
    assert rounded(numerator, denominator) == round(Fraction(numerator, denominator))


@given(st.lists(st.integers(0, FIXED), max_size=4))
def test_product_rounds_the_exact_product_once(factors: list[int]) -> None:
    assert product(factors) == round(prod(Fraction(factor, FIXED) for factor in factors) * FIXED)
    assert product(factors) == product(reversed(factors))


def test_the_product_of_no_factors_is_one() -> None:
    assert product([]) == FIXED


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_reliability_is_the_smoothed_share_of_right_answers(right: int, wrong: int) -> None:
    n = right + wrong
    assert reliability(right, n) == round((Fraction(7, 2) + right) / (5 + n) * FIXED)
    assert 0 < reliability(right, n) < FIXED or n > 10_000


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 50), st.integers(0, FIXED))
def test_below_gold_compares_exactly(right: int, wrong: int, min_gold: int, accuracy: int) -> None:
    n = right + wrong
    own = rules(
        Thresholds(min_gold=max(min_gold, 1), gold_accuracy=accuracy / FIXED),
        policy_version=1,
    )
    expected = n >= max(min_gold, 1) and Fraction(right, n) < Fraction(accuracy, FIXED)
    assert below_gold(n, right, own) == expected


def test_without_gold_nobody_is_below() -> None:
    assert not below_gold(0, 0, DEFAULTS)


@pytest.mark.parametrize(("seconds", "flag"), [(4.99, "too_fast"), (5.0, None), (600.0, None), (600.01, "too_slow")])
def test_a_time_equal_to_a_threshold_is_not_flagged(seconds: float, flag: str | None) -> None:
    assert speed_flag(seconds, DEFAULTS) == flag


def test_every_flag_has_a_factor_and_recovering_has_none() -> None:
    assert set(DEFAULTS.factors) == {"too_fast", "too_slow", "below_gold_threshold"}
    assert RECOVERED not in DEFAULTS.factors

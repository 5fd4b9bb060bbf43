"""The gold test: its formula, its supermartingale, and how often it is wrong over a thousand gold answers."""

from __future__ import annotations

from fractions import Fraction
from math import comb, exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import bernoulli, binom

from benchmarks.gold_test import simulate
from schemas import GoldTest
from streams.quality.keys import FIXED, fixed
from streams.quality.reliability.gold_test import bar, evidence

accuracies = st.tuples(st.integers(10_000, 980_000), st.integers(10_000, 980_000)).map(
    lambda two: (min(two), max(two) + 10_000)
)
P0, P1 = 600_000, 800_000


@given(st.lists(st.booleans(), max_size=80), accuracies)
def test_it_is_the_mixture_of_likelihood_ratios_after_every_answer(answers: list[bool], rules: tuple[int, int]) -> None:
    p0, p1 = rules[0] / FIXED, rules[1] / FIXED
    for n in range(len(answers) + 1):
        told = np.array(answers[:n], dtype=int)
        null = bernoulli.logpmf(told, p1).sum()
        ratios = [bernoulli.logpmf(told, q).sum() - null for q in (p0, (p0 + p1) / 2, p0 / 2)]
        expected = logsumexp(ratios, b=[0.5, 0.25, 0.25])
        assert evidence(int(told.sum()), n, *rules) / FIXED == pytest.approx(expected, abs=1e-6 * (n + 3))


@given(st.integers(0, 300), st.integers(0, 300), accuracies)
def test_at_p1_the_next_answer_changes_it_by_nothing_in_the_mean_and_above_it_lowers_it(
    right: int, wrong: int, rules: tuple[int, int]
) -> None:
    n = right + wrong
    before = evidence(right, n, *rules)
    up = exp((evidence(right, n + 1, *rules) - before) / FIXED)
    down = exp((evidence(right + 1, n + 1, *rules) - before) / FIXED)
    assert down <= 1.00001
    for p in (rules[1] / FIXED, 1 - (1 - rules[1] / FIXED) / 2):
        assert p * down + (1 - p) * up <= 1 + 1e-5


@given(st.integers(0, 400), st.integers(0, 400), accuracies)
def test_a_wrong_answer_is_evidence_and_a_right_one_is_none(right: int, wrong: int, rules: tuple[int, int]) -> None:
    n = right + wrong
    assert evidence(right, n + 1, *rules) > evidence(right, n, *rules) - 5
    assert evidence(right + 1, n + 1, *rules) <= evidence(right, n, *rules) + 5


def test_without_answers_there_is_no_evidence() -> None:
    assert evidence(0, 0, P0, P1) == 0


@pytest.mark.parametrize("alpha", [0.5, 0.05, 0.01, 0.000_001])
def test_the_bar_is_one_over_alpha_and_never_below(alpha: float) -> None:
    assert 0 <= bar(fixed(alpha)) / FIXED - log(1 / alpha) < 2e-6


def exact_share(accuracy: float, items: int) -> float:
    """Return the exact chance to be found within so many answers: a walk over the counts that are not found yet."""
    limit, alive, found = bar(50_000), {0: 1.0}, 0.0
    for n in range(1, items + 1):
        after: dict[int, float] = {}
        for right, chance in alive.items():
            after[right + 1] = after.get(right + 1, 0.0) + chance * accuracy
            after[right] = after.get(right, 0.0) + chance * (1 - accuracy)
        found += sum(chance for right, chance in after.items() if evidence(right, n, P0, P1) >= limit)
        alive = {right: chance for right, chance in after.items() if evidence(right, n, P0, P1) < limit}
    return found


@pytest.mark.parametrize(("accuracy", "at_most"), [(0.8, 0.05), (0.85, 0.01), (0.9, 0.001)])
def test_hardly_any_of_the_good_are_ever_found_in_a_thousand_gold_answers(accuracy: float, at_most: float) -> None:
    assert exact_share(accuracy, 1_000) <= at_most


def test_the_bad_are_found_soon() -> None:
    assert exact_share(0.6, 50) > 0.75
    assert exact_share(0.6, 150) > 0.99
    assert exact_share(0.4, 30) > 0.95
    assert exact_share(0.7, 400) > 0.9


@pytest.mark.parametrize("accuracy", [0.6, 0.7, 0.8, 0.85])
def test_the_committed_simulation_agrees_with_the_exact_chances(accuracy: float) -> None:
    many, items = 2_000, 1_000
    seen = simulate(accuracy, many, items, seed=5, rules=GoldTest())
    for share, n in ((seen.share, items), (seen.within_50, 50)):
        low, high = binom.ppf([0.0005, 0.9995], many, exact_share(accuracy, n))
        assert low <= share * many <= high
    if accuracy >= 0.8:
        assert seen.share * many <= binom.ppf(0.9995, many, 0.05)


def test_rounding_is_against_the_bet() -> None:
    """Exactly, in fractions: the evidence is never more than the mixture's logarithm."""
    for n in range(12):
        for right in range(n + 1):
            exact = sum(
                share * (q / Fraction(4, 5)) ** right * ((1 - q) / Fraction(1, 5)) ** (n - right)
                for q, share in (
                    (Fraction(3, 5), Fraction(1, 2)),
                    (Fraction(7, 10), Fraction(1, 4)),
                    (Fraction(3, 10), Fraction(1, 4)),
                )
            )
            assert evidence(right, n, P0, P1) <= FIXED * log(exact) + 1e-6
        assert (
            sum(
                comb(n, right) * 0.8**right * 0.2 ** (n - right) * exp(evidence(right, n, P0, P1) / FIXED)
                for right in range(n + 1)
            )
            <= 1 + 1e-9
        )

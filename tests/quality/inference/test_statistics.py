"""What all annotators share, against plain floats; what is assumed where nothing is known or the sums are extreme."""

from __future__ import annotations

from math import exp

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.quality.inference import constants
from streams.quality.inference.statistics import Statistics, base, logit, unknown
from streams.quality.keys import FIXED
from tests.quality.inference import oracle
from tests.quality.inference.drawn import sums


@given(st.integers(2, 50).flatmap(sums))
def test_it_is_what_the_formulas_say(statistics: Statistics) -> None:
    shared = base(statistics)
    floats = [
        [n / FIXED for n in one] for one in (statistics.tasks, statistics.right, statistics.given, statistics.strengths)
    ]
    prior, accuracy, by_class, shares = oracle.base(*floats)
    assert [exp(one / FIXED) for one in shared.prior] == pytest.approx(prior, rel=1e-6)
    assert shared.accuracy == pytest.approx(accuracy, abs=1e-12)
    assert shared.lift == pytest.approx([logit(p) - logit(accuracy) for p in by_class], abs=1e-9)
    assert [exp(one) for one in shared.strengths] == pytest.approx(shares, rel=1e-9)


@given(st.integers(2, 50).flatmap(sums))
def test_the_prior_is_a_distribution_and_no_class_is_impossible(statistics: Statistics) -> None:
    prior = [exp(one / FIXED) for one in base(statistics).prior]
    assert sum(prior) == pytest.approx(1, abs=1e-5)
    assert min(prior) >= constants.CLASS_PRIOR_FLOOR / len(prior) * (1 - 1e-6)


@pytest.mark.parametrize("classes", [2, 3, 10, 50])
def test_nothing_known_is_even(classes: int) -> None:
    even = base(unknown(classes))
    assert [exp(one / FIXED) for one in even.prior] == pytest.approx([1 / classes] * classes, rel=1e-6)
    assert even.accuracy == constants.ACCURACY
    assert even.lift == (0.0,) * classes
    assert len(set(even.strengths)) == 1


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        pytest.param(0, 1 / 3 + 0.05, id="nobody is ever right: still a little above chance"),
        pytest.param(1_000_000, 0.99, id="nobody is ever wrong: still not certain"),
    ],
)
def test_an_accuracy_stays_between_chance_and_certainty(right: int, expected: float) -> None:
    given_ = (1_000_000 * FIXED,) * 3
    found = base(msgspec.structs.replace(unknown(3), right=(right * FIXED,) * 3, given=given_))
    assert found.accuracy == pytest.approx(expected)


def test_a_class_that_nobody_was_asked_about_has_the_projects_accuracy() -> None:
    found = base(msgspec.structs.replace(unknown(2), right=(900 * FIXED, 0), given=(1_000 * FIXED, 0)))
    assert found.lift[1] == 0
    assert found.lift[0] != 0


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_odds_stay_finite(p: float) -> None:
    assert abs(logit(p)) == pytest.approx(abs(logit(0.001)))

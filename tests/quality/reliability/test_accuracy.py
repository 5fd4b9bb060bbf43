"""Shares and their intervals, against statsmodels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from streams.quality.keys import FIXED
from streams.quality.reliability.accuracy import interval


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_the_interval_is_that_of_statsmodels_after_every_answer(answers: list[bool]) -> None:
    for n in range(1, len(answers) + 1):
        right = sum(answers[:n])
        found = interval(right, n)
        assert found is not None
        assert [end / FIXED for end in found] == pytest.approx(proportion_confint(right, n, method="wilson"), abs=1e-6)


def test_of_nothing_there_is_no_interval() -> None:
    assert interval(0, 0) is None


@pytest.mark.parametrize(("right", "n"), [(0, 1), (1, 1), (0, 10**6), (10**6, 10**6)])
def test_the_ends_are_shares(right: int, n: int) -> None:
    found = interval(right, n)
    assert found is not None
    assert 0 <= found[0] < found[1] <= FIXED

"""The cumulative sum, against its closed form in numpy; what it finds, and how seldom it errs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.quality.keys import FIXED
from streams.quality.reliability.accuracy import reliability
from streams.quality.reliability.drift import ALARM, WARM_UP, cusum, excess, forgiven


@given(st.lists(st.integers(-3_000_000, 3_000_000), min_size=1, max_size=100))
def test_it_is_the_height_above_the_lowest_point_so_far_up_to_its_bound(steps: list[int]) -> None:
    total = 0
    path = np.cumsum([0, *steps])
    heights = path - np.minimum.accumulate(path)
    for height, step in zip(heights[1:], steps, strict=True):
        total = cusum(total, step)
        if heights.max() <= 2 * ALARM:
            assert total == height
        assert 0 <= total <= 2 * ALARM


@given(st.booleans(), st.integers(1, FIXED - 1))
def test_an_answer_is_standardized(correct: bool, accuracy: int) -> None:
    p = accuracy / FIXED
    expected = min((p - correct) / (p * (1 - p)) ** 0.5 - 0.5, 2)
    assert excess(correct, accuracy) / FIXED == pytest.approx(expected, rel=2e-3, abs=2e-6)


@given(st.integers(0, 2 * ALARM), st.booleans(), st.integers(1_000, FIXED - 1_000))
def test_what_is_taken_back_never_leaves_it_higher(total: int, correct: bool, accuracy: int) -> None:
    step = excess(correct, accuracy)
    assert forgiven(cusum(total, step), step) <= total
    assert 0 <= forgiven(total, step) <= total


def first_alarm(answers: np.ndarray) -> int | None:
    total = right = 0
    for n, correct in enumerate(answers):
        if n >= WARM_UP:
            total = cusum(total, excess(bool(correct), reliability(right, n)))
            if total >= ALARM:
                return n
        right += int(correct)
    return None


@pytest.mark.parametrize(("accuracy", "found"), [(0.6, 0.7), (0.8, 0.9), (0.9, 0.9), (0.95, 0.9)])
def test_a_steady_annotator_seldom_seems_to_change_and_one_who_does_is_found(accuracy: float, found: float) -> None:
    draw = np.random.default_rng(4)
    steady = [first_alarm(draw.random(500) < accuracy) for _ in range(200)]
    assert sum(one is not None for one in steady) <= 20
    worse = [
        first_alarm(np.concatenate([draw.random(200) < accuracy, draw.random(150) < accuracy - 0.35]))
        for _ in range(200)
    ]
    assert sum(one is not None and one >= 200 for one in worse) >= 200 * found

"""The line of an annotator of a scale beside scipy's, with the assumed answers put in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from streams.quality.aggregation.rater import Rater, rater
from streams.quality.inference import constants
from streams.quality.keys import FIXED

CELLS = st.integers(2, 8).flatmap(
    lambda steps: st.tuples(
        st.just(steps), st.dictionaries(st.integers(0, steps * steps - 1), st.integers(1, 50), min_size=1)
    )
)


@given(CELLS)
def test_it_is_the_least_squares_line(case: tuple[int, dict[int, int]]) -> None:
    steps, cells = case
    found = rater([(cell, count * FIXED) for cell, count in cells.items()], steps)
    middle = (steps - 1) / 2
    pairs = [(cell // steps - middle, cell % steps - middle) for cell, count in cells.items() for _ in range(count)]
    # The assumed answers: each step equally often, half a step above and half below by a quarter of the scale.
    each = int(constants.ANNOTATOR_MASS)
    off = (steps - 1) / 4
    for step in range(steps):
        pairs += [(step - middle, step - middle + side * off) for side in (-1, 1)] * each
    truth, answer = np.array(pairs).T
    # Each assumed answer stands 2 * steps times: so must those that were given.
    given_ = sum(cells.values())
    weights = np.r_[np.ones(given_), np.full(len(pairs) - given_, 1 / (2 * steps))]
    slope, intercept = np.polyfit(truth, answer, 1, w=np.sqrt(weights))
    left = answer - slope * truth - intercept
    assert found.scale == pytest.approx(slope * FIXED, abs=5)
    assert found.bias == pytest.approx(intercept * FIXED, abs=5)
    assert found.noise == pytest.approx(max((weights * left * left).sum() / weights.sum(), 0.05) * FIXED, abs=5)


def test_with_much_known_it_is_scipys_line() -> None:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 10, 20_000)
    answer = np.clip(np.round(1.5 + 0.6 * truth + generator.normal(0, 1, 20_000)), 0, 9).astype(int)
    counts = np.zeros(100, dtype=int)
    np.add.at(counts, truth * 10 + answer, 1)
    line = stats.linregress(truth - 4.5, answer - 4.5)
    found = rater([(cell, int(count) * FIXED) for cell, count in enumerate(counts)], 10)
    assert found.scale / FIXED == pytest.approx(line.slope, abs=0.002)
    assert found.bias / FIXED == pytest.approx(line.intercept, abs=0.002)


def test_of_whom_nothing_is_known_there_is_neither_bias_nor_scale() -> None:
    assert rater([], 9) == Rater(0, FIXED, 4 * FIXED)


@given(st.integers(1, 10**9))
def test_somebody_who_is_never_off_keeps_some_noise(mass: int) -> None:
    assert rater([(k * 3 + k, mass * FIXED) for k in range(3)], 3).noise >= FIXED // 20

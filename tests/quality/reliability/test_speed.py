"""The sketch of times: within 10% of every quantile, the same in any order, exact when times are taken back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.quality.reliability.speed import BOUNDS, PLAUSIBLE_N, add, bin_of, fence, quantile

times = st.lists(st.integers(100, 604_800_000), min_size=1, max_size=60)


def sketch(milliseconds: list[int]) -> dict[int, int]:
    bins: dict[int, int] = {}
    for one in milliseconds:
        add(bins, bin_of(one), 1)
    return bins


@given(times, st.integers(0, 20))
def test_a_quantile_is_within_ten_percent_of_numpys(milliseconds: list[int], twentieths: int) -> None:
    bins: dict[int, int] = {}
    for n, one in enumerate(milliseconds, 1):
        add(bins, bin_of(one), 1)
        exact = np.quantile(milliseconds[:n], twentieths / 20, method="lower")
        found = quantile(bins, twentieths, 20)
        assert found is not None
        # `lower` at a float share may take the neighbour below where the rank is whole.
        ranked = sorted(milliseconds[:n])[(n - 1) * twentieths // 20]
        assert abs(found - ranked) <= 0.1 * ranked + 1
        assert exact <= ranked


@given(times, times)
def test_sketches_merge_and_take_back(some: list[int], more: list[int]) -> None:
    bins = sketch([*some, *more])
    assert bins == sketch([*more, *reversed(some)])
    merged = sketch(some)
    for place, number in sketch(more).items():
        merged[place] = merged.get(place, 0) + number
    assert bins == merged
    for one in more:
        add(bins, bin_of(one), -1)
    assert bins == sketch(some)


def test_there_are_few_bins_and_every_time_has_one() -> None:
    assert len(BOUNDS) == 79
    assert bin_of(0) == 0
    assert bin_of(604_800_000) == bin_of(10**15) == 78
    assert all(bin_of(end) + 1 == bin_of(end + 1) for end in BOUNDS[:-1])


@pytest.mark.parametrize("clicking", [0.0, 0.1, 0.3])
def test_what_is_implausible_hits_clickers_and_hardly_anybody_else(clicking: float) -> None:
    """Log-normal times of 20 s; of those who click, uniform below a second."""
    draw = np.random.default_rng(2)
    honest = 20_000 * np.exp(draw.normal(0, 0.6, 20_000))
    fast = draw.uniform(0, 1_000, int(20_000 * clicking / (1 - clicking)))
    place = fence(sketch([round(one) for one in [*honest, *fast]]))
    assert place is not None
    assert np.mean([bin_of(round(one)) < place for one in honest]) < 0.005
    assert np.mean([bin_of(round(one)) < place for one in fast] or [True]) > 0.9


def test_few_times_say_nothing_of_a_project() -> None:
    assert fence({}) is None
    assert fence({20: PLAUSIBLE_N - 1}) is None
    assert fence({20: PLAUSIBLE_N}) == 16


def test_of_no_times_there_is_no_quantile() -> None:
    assert quantile({}, 1, 2) is None

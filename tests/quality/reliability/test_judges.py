"""How much judges that err together count."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr

from streams.quality.keys import FIXED
from streams.quality.reliability.judges import PRIOR, PRIOR_N, Shared, correlation, discounts


def shared(first: np.ndarray, second: np.ndarray) -> Shared:
    return Shared(len(first), int((first & second).sum()), int((first & ~second).sum()), int((~first & second).sum()))


known = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=60).map(lambda wrong: np.array(wrong).T)


@given(known)
def test_the_correlation_is_pearsons_shrunk(wrong: np.ndarray) -> None:
    first, second = wrong
    n = len(first)
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert correlation(shared(first, second)) == PRIOR
        return
    phi = pearsonr(first.astype(float), second.astype(float)).statistic
    expected = max((n * phi + PRIOR_N * 0.5) / (n + PRIOR_N), 0)
    assert correlation(shared(first, second)) / FIXED == pytest.approx(expected, abs=3e-6)


@given(st.integers(1, 6), st.lists(known, min_size=15, max_size=15))
def test_judges_are_together_never_less_than_one_nor_more_than_they_are(count: int, many: list[np.ndarray]) -> None:
    judges = [f"j{number}" for number in range(count)]
    pairs = {pair: shared(*wrong) for pair, wrong in zip(combinations(judges, 2), many, strict=False)}
    found = discounts(judges, pairs)
    assert FIXED - count <= sum(found) <= count * FIXED
    assert all(0 < one <= FIXED for one in found)
    assert found[::-1] == discounts(judges[::-1], pairs)


@pytest.mark.parametrize(
    ("together", "effective"),
    [(Shared(), 1.5), (Shared(10**9, 10**8, 0, 0), 1.0), (Shared(10**9, 10**7, 9 * 10**7, 9 * 10**7), 3.0)],
    ids=["unknown", "all as one", "independent"],
)
def test_three_judges_count_as(together: Shared, effective: float) -> None:
    found = discounts(["a", "b", "c"], dict.fromkeys([("a", "b"), ("a", "c"), ("b", "c")], together))
    assert sum(found) / FIXED == pytest.approx(effective, abs=1e-4)


def test_nobody_and_one() -> None:
    assert discounts([], {}) == []
    assert discounts(["a"], {}) == [FIXED]

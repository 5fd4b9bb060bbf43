"""The spammer score, against the definition in numpy, exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.quality.keys import FIXED
from streams.quality.reliability.spammer import spammer_score

matrices = st.integers(2, 5).flatmap(
    lambda classes: st.lists(
        st.lists(st.integers(0, 40), min_size=classes, max_size=classes), min_size=classes, max_size=classes
    )
)


def score_of(confusion: list[list[int]]) -> int | None:
    classes = len(confusion)
    cells = {k * classes + y: count for k, row in enumerate(confusion) for y, count in enumerate(row) if count}
    return spammer_score(cells, classes)


@given(matrices)
def test_it_is_the_mean_squared_distance_of_the_rows(confusion: list[list[int]]) -> None:
    counts = np.array([row for row in confusion if any(row)], dtype=float)
    score = score_of(confusion)
    if len(counts) < 2:
        assert score is None
        return
    shares = counts / counts.sum(axis=1, keepdims=True)
    classes = len(shares)
    expected = ((shares[:, None] - shares[None]) ** 2).sum() / 2 / (classes * (classes - 1))
    assert score is not None
    assert score / FIXED == pytest.approx(expected, abs=3e-6)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_for_two_classes_it_is_youdens_index_squared(a: int, b: int, c: int, d: int) -> None:
    score = score_of([[a, b], [c, d]])
    if a + b and c + d:
        assert score is not None
        assert score / FIXED == pytest.approx((a / (a + b) + d / (c + d) - 1) ** 2, abs=3e-6)


@given(matrices.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(range(len(rows))))))
def test_the_order_of_classes_does_not_matter(case: tuple[list[list[int]], list[int]]) -> None:
    confusion, order = case
    turned = [[confusion[k][y] for y in order] for k in order]
    assert score_of(turned) == score_of(confusion)


@pytest.mark.parametrize(
    ("confusion", "score"),
    [
        ([[7, 0, 0], [0, 2, 0], [0, 0, 9]], FIXED),
        ([[3, 3], [5, 5]], 0),
        ([[0, 9], [4, 0]], FIXED),
        ([[0, 0], [0, 0]], None),
        ([[5, 1], [0, 0]], None),
        ([], None),
    ],
    ids=["perfect", "guesses", "always wrong", "nothing", "one class", "no classes"],
)
def test_the_extremes(confusion: list[list[int]], score: int | None) -> None:
    assert score_of(confusion) == score


def test_classes_that_have_hardly_come_up_are_left_out() -> None:
    cells = {0: 50, 1: 3, 3: 10, 4: 40, 6: 9}
    assert spammer_score(cells, 3, least=10) == spammer_score({0: 50, 1: 3, 2: 10, 3: 40}, 2)
    assert spammer_score(cells, 3, least=51) is None

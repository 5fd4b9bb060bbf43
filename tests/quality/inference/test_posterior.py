"""The posterior of a question against plain enumeration; its scores add and subtract exactly."""

from __future__ import annotations

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.quality.inference.model import Model
from streams.quality.inference.posterior import distance, softmax
from streams.quality.inference.statistics import Statistics, base
from streams.quality.keys import FIXED
from tests.quality.inference import oracle
from tests.quality.inference.drawn import Cells, copied, counts, sums

LOGS = st.integers(-30 * FIXED, 0)


@st.composite
def panels(draw: st.DrawFn) -> tuple[int, Statistics, list[tuple[Cells, int]]]:
    """Return a number of classes, a project's sums, and votes: each annotator's counts and the answer given."""
    classes = draw(st.integers(2, 6))
    votes = st.lists(st.tuples(counts(classes), st.integers(0, classes - 1)), max_size=6)
    return classes, draw(sums(classes)), draw(votes)


@given(panels())
def test_it_is_what_enumeration_says(drawn: tuple[int, Statistics, list[tuple[Cells, int]]]) -> None:
    classes, statistics, votes = drawn
    shared = base(statistics)
    columns = [Model(shared, copied(shared, cells)).column(y) for cells, y in votes]
    own = softmax([sum(column) for column in zip(shared.prior, *columns, strict=True)])

    floats = [
        [n / FIXED for n in one] for one in (statistics.tasks, statistics.right, statistics.given, statistics.strengths)
    ]
    prior, accuracy, by_class, shares = oracle.base(*floats)
    rows: list[tuple[oracle.Matrix, int]] = []
    for cells, y in votes:
        sent = [share / FIXED for share in copied(shared, cells).strengths]
        dense = oracle.dense({cell: mass / FIXED for cell, mass in cells.items()}, classes)
        rows.append((oracle.matrix(dense, accuracy, by_class, shares, sent)[0], y))
    assert [one / FIXED for one in own] == pytest.approx(oracle.posterior(prior, rows), abs=1e-5)


@given(st.lists(LOGS, min_size=2, max_size=50), st.integers(-FIXED, FIXED))
def test_softmax(logs: list[int], shift: int) -> None:
    found = softmax(logs)
    odds = [exp((one - max(logs)) / FIXED) for one in logs]
    assert found == pytest.approx([FIXED * one / sum(odds) for one in odds], abs=0.51)
    assert found == softmax([one + shift for one in logs])  # what is common to all classes says nothing
    assert sum(found) == pytest.approx(FIXED, abs=len(logs) / 2)


@given(st.lists(st.tuples(LOGS, LOGS), min_size=2, max_size=12))
def test_distance_is_twice_the_total_variation(logs: list[tuple[int, int]]) -> None:
    one, other = (softmax(column) for column in zip(*logs, strict=True))
    assert distance(one, other) == distance(other, one) == sum(abs(a - b) for a, b in zip(one, other, strict=True))
    assert 0 <= distance(one, other) <= 2 * FIXED + len(logs)

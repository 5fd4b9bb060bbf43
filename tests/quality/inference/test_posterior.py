"""The posterior of a question against plain enumeration; its scores add and subtract exactly."""

from __future__ import annotations

from math import exp
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.quality.inference.model import model
from streams.quality.inference.posterior import distance, scores, softmax
from streams.quality.inference.statistics import Statistics, base
from streams.quality.keys import FIXED
from tests.quality.inference import oracle
from tests.quality.inference.drawn import Cells, counts, sums, text

Column = tuple[int, ...]
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
    own = softmax(scores(shared.prior, [model(shared, text(cells)).columns[y] for cells, y in votes]))

    floats = [
        [n / FIXED for n in one] for one in (statistics.tasks, statistics.right, statistics.given, statistics.strengths)
    ]
    prior, accuracy, by_class, shares = oracle.base(*floats)
    rows = [
        (
            oracle.matrix(oracle.dense({c: n / FIXED for c, n in cells.items()}, classes), accuracy, by_class, shares)[
                0
            ],
            y,
        )
        for cells, y in votes
    ]
    assert [one / FIXED for one in own] == pytest.approx(oracle.posterior(prior, rows), abs=1e-5)


@st.composite
def columns(draw: st.DrawFn) -> tuple[Column, list[Column]]:
    size = draw(st.integers(2, 12))
    column = st.tuples(*[LOGS] * size)
    return draw(column), draw(st.lists(column, max_size=8))


@given(columns(), st.randoms(use_true_random=False))
def test_votes_are_added_in_any_order(drawn: tuple[Column, list[Column]], random: Random) -> None:
    prior, votes = drawn
    shuffled = list(votes)
    random.shuffle(shuffled)
    assert scores(prior, shuffled) == scores(prior, votes)


@given(columns(), st.data())
def test_a_vote_taken_back_leaves_nothing(drawn: tuple[Column, list[Column]], data: st.DataObject) -> None:
    prior, votes = drawn
    extra = data.draw(st.tuples(*[LOGS] * len(prior)))
    negative = tuple(-one for one in extra)
    assert scores(scores(prior, [*votes, extra]), [negative]) == scores(prior, votes)


@given(st.lists(LOGS, min_size=2, max_size=50), st.integers(-FIXED, FIXED))
def test_softmax(logs: list[int], shift: int) -> None:
    found = softmax(logs)
    odds = [exp((one - max(logs)) / FIXED) for one in logs]
    assert found == pytest.approx([FIXED * one / sum(odds) for one in odds], abs=0.51)
    assert found == softmax([one + shift for one in logs])  # what is common to all classes says nothing
    assert sum(found) == pytest.approx(FIXED, abs=len(logs) / 2)


@given(columns())
def test_distance_is_twice_the_total_variation(drawn: tuple[Column, list[Column]]) -> None:
    prior, votes = drawn
    one, other = softmax(prior), softmax(scores(prior, votes))
    assert distance(one, other) == distance(other, one) == sum(abs(a - b) for a, b in zip(one, other, strict=True))
    assert 0 <= distance(one, other) <= 2 * FIXED + len(prior)

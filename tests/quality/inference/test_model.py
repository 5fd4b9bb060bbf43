"""An annotator's model against plain floats, and what must hold of it whatever the counts."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.quality.inference import constants
from streams.quality.inference.model import Model, newcomer, strengths
from streams.quality.inference.statistics import Statistics, base, unknown
from streams.quality.keys import FIXED
from tests.quality.inference import oracle
from tests.quality.inference.drawn import Cells, copied, models


@dataclass(frozen=True)
class Expected:
    matrix: oracle.Matrix
    accuracy: float
    strengths: list[float]


def expected(classes: int, sums: Statistics, cells: Cells) -> Expected:
    floats = [[n / FIXED for n in one] for one in (sums.tasks, sums.right, sums.given, sums.strengths)]
    _, accuracy, by_class, shares = oracle.base(*floats)
    counts = oracle.dense({cell: mass / FIXED for cell, mass in cells.items()}, classes)
    sent = strengths(base(sums), cells)
    return Expected(*oracle.matrix(counts, accuracy, by_class, shares, [share / sum(sent) for share in sent]))


def found(sums: Statistics, cells: Cells) -> Model:
    return Model(base(sums), copied(base(sums), cells))


@given(models())
def test_it_is_what_the_formulas_say(drawn: tuple[int, Statistics, Cells]) -> None:
    classes, sums, cells = drawn
    own, plain = found(sums, cells), expected(classes, sums, cells)
    assert own.accuracy == pytest.approx(plain.accuracy * FIXED, abs=1)
    assert strengths(base(sums), cells) == pytest.approx([share * FIXED for share in plain.strengths], abs=2)
    for y in range(classes):
        column = own.column(y)
        assert [exp(value / FIXED) for value in column] == pytest.approx([row[y] for row in plain.matrix], rel=3e-6)


@given(models(most=24))
def test_the_answers_under_each_truth_are_a_distribution(drawn: tuple[int, Statistics, Cells]) -> None:
    classes, sums, cells = drawn
    own = found(sums, cells)
    for k in range(classes):
        assert sum(exp(own.column(y)[k] / FIXED) for y in range(classes)) == pytest.approx(1, abs=1e-6 * classes)


@given(models(), st.randoms(use_true_random=False))
def test_it_does_not_depend_on_the_order_of_the_classes(drawn: tuple[int, Statistics, Cells], random: Random) -> None:
    classes, sums, cells = drawn
    order = list(range(classes))
    random.shuffle(order)
    moved = {order[cell // classes] * classes + order[cell % classes]: mass for cell, mass in cells.items()}

    def turned(one: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(one[order.index(k)] for k in range(classes))

    again = msgspec.structs.replace(sums, tasks=turned(sums.tasks), right=turned(sums.right), given=turned(sums.given))
    before, after = found(sums, cells), found(again, moved)
    assert after.accuracy == pytest.approx(before.accuracy, abs=1)  # floats are added in another order
    for y in range(classes):
        column = before.column(y)
        assert [after.column(order[y])[order[k]] for k in range(classes)] == pytest.approx(column, abs=2)


@given(models(), st.data())
def test_who_is_right_more_often_is_thought_more_of(drawn: tuple[int, Statistics, Cells], data: st.DataObject) -> None:
    classes, sums, cells = drawn
    k = data.draw(st.integers(0, classes - 1))
    y = data.draw(st.integers(0, classes - 1).filter(lambda one: one != k))
    right, wrong = k * classes + k, k * classes + y
    before = found(sums, cells)
    more = found(sums, {**cells, right: cells.get(right, 0) + 10 * FIXED})
    less = found(sums, {**cells, wrong: cells.get(wrong, 0) + 10 * FIXED})
    assert less.accuracy < before.accuracy < more.accuracy


@given(models())
def test_the_strengths_are_a_mixture(drawn: tuple[int, Statistics, Cells]) -> None:
    _, sums, cells = drawn
    shares = strengths(base(sums), cells)
    assert len(shares) == len(constants.STRENGTHS)
    assert sum(shares) == pytest.approx(FIXED, abs=len(shares))


@pytest.mark.parametrize("classes", [2, 5, 12, 50])
def test_of_whom_nothing_is_known_the_model_is_the_assumption(classes: int) -> None:
    own = newcomer(base(unknown(classes)))
    assert own.accuracy == constants.ACCURACY * FIXED
    assert exp(own.column(0)[0] / FIXED) == pytest.approx(constants.ACCURACY, abs=1e-6)
    assert exp(own.column(0)[1] / FIXED) == pytest.approx((1 - constants.ACCURACY) / (classes - 1), abs=1e-6)


def test_who_mixes_up_two_classes_is_found_out_beside_an_accuracy_that_is_the_same() -> None:
    """Two annotators with 80 right of 100: one errs evenly, the other takes each 2 for a 1."""
    even = {place * 4 + place: 20 * FIXED for place in range(4)}
    even |= {k * 4 + y: FIXED * 5 // 3 for k in range(4) for y in range(4) if y != k}
    one_sided = {k * 4 + k: (25 if k != 2 else 5) * FIXED for k in range(4)} | {2 * 4 + 1: 20 * FIXED}
    mild, sharp = found(unknown(4), even), found(unknown(4), one_sided)
    assert sharp.accuracy == pytest.approx(mild.accuracy, abs=10)
    assert sharp.column(1)[2] > mild.column(1)[2]  # an answer 1 says more for truth 2
    assert sharp.column(2)[2] < mild.column(2)[2]
    less, more = (strengths(base(unknown(4)), cells)[0] for cells in (even, one_sided))
    assert more > less  # the counts are far from one accuracy: drawn towards it less

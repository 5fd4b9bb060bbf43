"""Random label spaces, counts and sums for the tests of the inference."""

from __future__ import annotations

from hypothesis import strategies as st

from streams.quality.inference import constants
from streams.quality.inference.model import Copy, strengths, written
from streams.quality.inference.statistics import Base, Statistics
from streams.quality.keys import FIXED

MOST = 300 * FIXED

Cells = dict[int, int]


def masses(most: int = MOST) -> st.SearchStrategy[int]:
    """Return fixed-point masses: none, whole answers, and anything between."""
    return st.just(0) | st.integers(1, most // FIXED).map(lambda whole: whole * FIXED) | st.integers(0, most)


def counts(classes: int) -> st.SearchStrategy[Cells]:
    """Return an annotator's counts by cell, most of them nought where there are many."""
    return st.dictionaries(st.integers(0, classes * classes - 1), masses(), max_size=3 * classes)


@st.composite
def sums(draw: st.DrawFn, classes: int) -> Statistics:
    """Return a project's sums: of each class, no more right answers than answers."""
    given = [draw(masses(10_000 * FIXED)) for _ in range(classes)]
    return Statistics(
        version=draw(st.integers(1, 9)),
        tasks=tuple(draw(masses(10_000 * FIXED)) for _ in range(classes)),
        right=tuple(draw(st.integers(0, mass)) for mass in given),
        given=tuple(given),
        strengths=tuple(draw(masses(50 * FIXED)) for _ in constants.STRENGTHS),
        losses=tuple(draw(masses(100 * FIXED)) for _ in constants.SLIPS),
        gold=(draw(st.integers(0, 2 * constants.CALIBRATED_GOLD)),),
    )


@st.composite
def models(draw: st.DrawFn, most: int = 12) -> tuple[int, Statistics, Cells]:
    """Return a number of classes, a project's sums and an annotator's counts."""
    classes = draw(st.integers(2, most))
    return classes, draw(sums(classes)), draw(counts(classes))


def copied(base: Base, cells: Cells) -> Copy:
    """Return counts as they are sent."""
    return Copy(1, written(cells), strengths(base, cells))

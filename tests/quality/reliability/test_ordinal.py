"""Bias and spread on a scale, against numpy, and back again when ratings are taken back."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.quality.keys import FIXED
from streams.quality.reliability.ordinal import Scale, bias, spread

ratings = st.lists(st.tuples(st.integers(1, 7), st.integers(1_000, 7_000)), min_size=1, max_size=40)


@given(ratings, st.sampled_from([0, -1_000_000, 999_900]))
def test_they_are_those_of_numpy_after_every_rating(told: list[tuple[int, int]], zero: int) -> None:
    scale = Scale()
    for n, (answer, truth) in enumerate(told, 1):
        scale.add(zero + answer, zero + truth / 1000, 1)
        own, others = np.array(told[:n], dtype=float).T
        found = bias(scale)
        assert found is not None
        assert found / FIXED == pytest.approx(own.mean() - others.mean() / 1000, abs=1e-5)
        width = spread(scale)
        if n < 2 or len(set(others)) == 1:
            assert width is None
        else:
            assert width is not None
            assert width / FIXED == pytest.approx(own.std() / others.std() * 1000, rel=1e-6, abs=2e-6)


@given(ratings, ratings)
def test_what_is_taken_back_never_was(kept: list[tuple[int, int]], gone: list[tuple[int, int]]) -> None:
    scale, plain = Scale(), Scale()
    for sign in (1, -1):
        for answer, truth in gone:
            scale.add(answer, truth / 1000, sign)
        for answer, truth in kept if sign > 0 else []:
            scale.add(answer, truth / 1000, 1)
            plain.add(answer, truth / 1000, 1)
    assert scale == plain


def test_of_nothing_there_is_neither() -> None:
    assert (bias(Scale()), spread(Scale())) == (None, None)


def test_the_sums_of_a_long_career_at_the_end_of_the_widest_scale_are_stored() -> None:
    scale = Scale()
    scale.add(1_000_000, 1_000_000, 1)
    long = Scale(*[10**8 * total for total in msgspec.structs.astuple(scale)])
    assert msgspec.json.decode(msgspec.json.encode(long), type=Scale) == long

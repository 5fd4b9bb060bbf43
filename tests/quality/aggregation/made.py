"""Hypothesis strategies for votes, and what tests ask of any space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from streams.quality.aggregation.by_type import aggregate
from streams.quality.aggregation.leaves import leaves
from streams.quality.aggregation.votes import Aggregate, Vote
from streams.quality.keys import FIXED
from tests.schemas.answers import SPACE, Space, answers

WEIGHT = st.integers(0, 5 * FIXED)
POSITIVE = st.integers(1, 5 * FIXED)


def made(**fields: Any) -> Any:
    """Return the label space with these fields."""
    return SPACE.validate_python(fields)


@st.composite
def ballots(
    draw: DrawFn, space: Space, weight: st.SearchStrategy[int] = WEIGHT, least: int = 1, most: int = 6
) -> list[Vote]:
    """Draw votes on a question; several of them are often alike."""
    some = draw(st.lists(answers(space), min_size=1, max_size=3))
    answer = st.sampled_from(some) | answers(space)
    pairs = draw(st.lists(st.tuples(answer, weight), min_size=least, max_size=most))
    return [Vote(given, value) for given, value in pairs]


def decided(space: Space, votes: Sequence[Vote], min_agreement: int = 0, *, plain: bool = False) -> Aggregate:
    """Aggregate whole answers, without posteriors."""
    asked = leaves(space)
    split = [[Vote(leaf.answer(vote.answer), vote.weight) for vote in votes] for leaf in asked]
    return aggregate(space, split, [None] * len(asked), min_agreement, plain=plain)


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Replace names wherever they stand in JSON, keys included."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        return [renamed(one, names) for one in value]
    if isinstance(value, dict):
        return {names.get(key, key): renamed(one, names) for key, one in value.items()}
    return value

"""The leaves of a question, and the categories of a leaf."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.quality.aggregation.leaves import categories, category, leaves
from tests.quality.aggregation.made import made
from tests.schemas.answers import SPACE, Space, answers, spaces


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"type": "classification", "classes": ["wren", "robin"]}, ("wren", "robin")),
        ({"type": "classification", "classes": ["wren", "robin"], "multi": True}, ()),
        ({"type": "pairwise_comparison", "options": ["B", "A"]}, ("B", "A", "tie")),
        (
            {"type": "pairwise_comparison", "options": ["B", "A"], "allow_tie": False, "allow_both_bad": True},
            ("B", "A", "both_bad"),
        ),
        (
            {"type": "pairwise_comparison", "options": ["B", "A"], "allow_both_bad": True},
            ("B", "A", "tie", "both_bad"),
        ),
        ({"type": "likert_scale", "min": -1, "max": 1}, ("-1", "0", "1")),
        ({"type": "likert_scale", "min": 1, "max": 50}, tuple(map(str, range(1, 51)))),
        ({"type": "likert_scale", "min": 1, "max": 51}, ()),
        ({"type": "preference_ranking", "items": ["a", "b"]}, ()),
        ({"type": "span_annotation", "labels": ["person"]}, ()),
        ({"type": "free_text"}, ()),
        ({"type": "multi_turn_dialog", "turns": {"t1": {"type": "likert_scale", "min": 1, "max": 2}}}, ()),
    ],
)
def test_categories_are_finite_lists_in_their_declared_order(fields: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert categories(SPACE.validate_python(fields)) == expected


@given(st.data(), spaces)
def test_a_category_is_found_by_its_place(data: st.DataObject, space: Space) -> None:
    answer = data.draw(answers(space))
    for leaf in leaves(space):
        names = categories(leaf.space)
        own = leaf.answer(answer)
        leaf.space.check(own)
        if names:
            said = own["winner"] if leaf.space.type == "pairwise_comparison" else own
            assert names[category(leaf.space, own)] == str(said)


def test_a_dialog_has_a_leaf_a_turn_and_one_for_the_whole() -> None:
    part = {"type": "likert_scale", "min": 1, "max": 5}
    dialog = made(type="multi_turn_dialog", turns={"overall": part, "a.b": part}, overall=part)
    answer = {"turns": {"overall": 1, "a.b": 2}, "overall": 3}
    assert [(leaf.path, leaf.answer(answer)) for leaf in leaves(dialog)] == [
        ("turns.overall", 1),
        ("turns.a.b", 2),
        ("overall", 3),
    ]
    without = made(type="multi_turn_dialog", turns={"t1": part})
    assert [leaf.path for leaf in leaves(without)] == ["turns.t1"]
    assert [leaf.path for leaf in leaves(made(**part))] == [""]

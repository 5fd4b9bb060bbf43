"""What is an answer, what is not, and whether the error points at the place."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import AnswerError, TaskType
from tests.schemas.answers import SPACE, Space, answers, json_values, spaces, wrong

CLASSES: dict[str, Any] = {"type": "classification", "classes": ["wren", "robin"]}
SCALE: dict[str, Any] = {"type": "likert_scale", "min": 1, "max": 5}
PAIR: dict[str, Any] = {"type": "pairwise_comparison", "options": ["A", "B"]}
RANKING: dict[str, Any] = {"type": "preference_ranking", "items": ["r1", "r2", "r3"]}
SPANS: dict[str, Any] = {"type": "span_annotation", "labels": ["person"], "text_length": 10}
TEXT: dict[str, Any] = {"type": "free_text", "max_chars": 5}
DIALOG: dict[str, Any] = {"type": "multi_turn_dialog", "turns": {"t1": SCALE, "t2": SPANS}, "overall": CLASSES}


@given(st.data())
def test_an_answer_drawn_from_a_space_passes(data: st.DataObject) -> None:
    space = data.draw(spaces)
    answer = data.draw(answers(space))
    space.check(answer)
    space.check(json.loads(json.dumps(answer)))


@given(st.data())
def test_a_wrong_answer_is_refused_at_its_place(data: st.DataObject) -> None:
    space = data.draw(spaces)
    answer, place = data.draw(wrong(space))
    with pytest.raises(AnswerError) as caught:
        space.check(answer)
    assert caught.value.path == place
    assert caught.value.message.startswith("expected ")
    assert str(caught.value) == (f"{place}: {caught.value.message}" if place else caught.value.message)


@given(spaces, json_values)
def test_any_json_is_an_answer_or_refused(space: Space, answer: Any) -> None:
    with suppress(AnswerError):
        space.check(answer)


@given(spaces)
def test_a_space_survives_its_own_json(space: Space) -> None:
    assert SPACE.validate_json(space.model_dump_json()) == space


@pytest.mark.parametrize("task_type", TaskType)
def test_every_task_type_has_a_space(task_type: TaskType) -> None:
    assert task_type in {one["type"] for one in (CLASSES, SCALE, PAIR, RANKING, SPANS, TEXT, DIALOG)}


@pytest.mark.parametrize(
    ("space", "answer"),
    [
        (CLASSES, "wren"),
        ({**CLASSES, "multi": True}, ["robin", "wren"]),
        (SCALE, 5),
        (PAIR, {"winner": "tie"}),
        (PAIR, {"winner": "B", "strength": 3}),
        ({**PAIR, "allow_both_bad": True}, {"winner": "both_bad", "strength": None}),
        (RANKING, ["r3", "r1", "r2"]),
        (SPANS, []),
        (SPANS, [{"start": 0, "end": 10, "label": "person"}, {"start": 3, "end": 5, "label": "person"}]),
        ({**SPANS, "text_length": None}, [{"start": 90, "end": 91, "label": "person"}]),
        (TEXT, "Łódź!"),
        (DIALOG, {"turns": {"t1": 2, "t2": []}, "overall": "robin"}),
    ],
)
def test_an_answer(space: dict[str, Any], answer: Any) -> None:
    SPACE.validate_python(space).check(answer)


@pytest.mark.parametrize(
    ("space", "answer", "error"),
    [
        (CLASSES, "eagle", "expected one of wren, robin"),
        (CLASSES, ["wren"], "expected one of wren, robin"),
        ({**CLASSES, "multi": True}, "wren", "expected a list of at least one class"),
        ({**CLASSES, "multi": True}, ["wren", "wren"], "[1]: expected each class once"),
        (SCALE, 6, "expected a whole number from 1 to 5"),
        (SCALE, True, "expected a whole number from 1 to 5"),
        (SCALE, 3.0, "expected a whole number from 1 to 5"),
        ({**PAIR, "allow_tie": False}, {"winner": "tie"}, "winner: expected one of A, B"),
        (PAIR, {"winner": "both_bad"}, "winner: expected one of A, B, tie"),
        (PAIR, {"winner": "A", "strength": 4}, "strength: expected 1, 2 or 3"),
        (PAIR, {"winner": "A", "strength": True}, "strength: expected 1, 2 or 3"),
        (PAIR, {"winner": "A", "why": "x"}, "why: expected no field but winner, strength"),
        (
            SPANS,
            [{"start": 0, "end": 1, "label": "person", "id": 1}],
            "[0].id: expected no field but start, end, label",
        ),
        (RANKING, ["r1", "r2"], "expected all 3 items, got 2"),
        (RANKING, ["r1", "r1", "r2"], "[1]: expected each item once"),
        (RANKING, ["r1", "r4", "r2"], "[1]: expected one of r1, r2, r3"),
        (SPANS, [{"start": 4, "end": 4, "label": "person"}], "[0].end: expected a whole number above start (4)"),
        (SPANS, [{"start": 4, "end": 11, "label": "person"}], "[0].end: expected at most the text's length, 10"),
        (SPANS, [{"start": 4, "end": 5}], "[0].label: expected one of person"),
        (
            {**SPANS, "text_length": None},
            [{"start": 0, "end": 2**53, "label": "person"}],
            "[0].end: expected at most the text's length, 9007199254740991",
        ),
        (TEXT, " \t", "expected a text that is not blank"),
        (TEXT, "longer", "expected at most 5 characters, got 6"),
        (DIALOG, {"turns": {"t1": 2}, "overall": "wren"}, "turns.t2: expected an answer, there is none"),
        (
            DIALOG,
            {"turns": {"t1": 2, "t2": [{"start": -1}]}, "overall": "wren"},
            "turns.t2[0].start: expected a whole number of at least 0",
        ),
        (DIALOG, {"turns": {"t1": 2, "t2": []}}, "overall: expected one of wren, robin"),
        (DIALOG, {"turns": {"t1": 2, "t2": [], "t3": 1}}, "turns.t3: expected one of t1, t2"),
        (
            {**DIALOG, "overall": None},
            {"turns": {"t1": 2, "t2": []}, "overall": "wren"},
            "overall: expected none: the question asks for turns alone",
        ),
    ],
)
def test_no_answer(space: dict[str, Any], answer: Any, error: str) -> None:
    with pytest.raises(AnswerError) as caught:
        SPACE.validate_python(space).check(answer)
    assert str(caught.value) == error


def test_an_error_stays_short() -> None:
    space = SPACE.validate_python({"type": "classification", "classes": [str(place) * 100 for place in range(10, 60)]})
    dialog = SPACE.validate_python({**DIALOG, "turns": {"t1": space.model_dump()}})
    for answer in ({"turns": {"t1": "x" * 10_000}}, {"turns": {"x" * 10_000: 1}}):
        with pytest.raises(AnswerError) as caught:
            dialog.check(answer)
        assert len(str(caught.value)) < 1_000

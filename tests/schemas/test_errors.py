"""What people read when a contract is broken."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas import CONTRACTS, Annotation, Gold, Project, Task, Tick, explain
from schemas.errors import SHOWN
from tests.schemas.answers import json_values
from tests.schemas.examples import VALID

ANNOTATION = VALID["annotations"][0]
TASK = VALID["tasks"][0]
EYES_ONLY = "for the annotators' eyes only"


def explained(contract: type[Any], value: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        contract.model_validate_json(value if isinstance(value, bytes) else json.dumps(value))
    return explain(caught.value)


def asking(space: Any) -> dict[str, Any]:
    return {**TASK, "questions": [{"question_id": "q", "label_space": space}]}


@pytest.mark.parametrize(
    ("contract", "value", "line"),
    [
        (Tick, {}, "at: required, but missing"),
        (Tick, {"at": "noon"}, "at: Input should be a valid integer, got 'noon'"),
        (Tick, [1], "Input should be an object"),
        (Tick, b"{", "Invalid JSON: EOF while parsing an object at line 1 column 1"),
        (
            Annotation,
            {**ANNOTATION, "task_id": "a\nb"},
            "task_id: expected 1 to 200 characters, none of them a control character, got 'a\\nb'",
        ),
        (
            Annotation,
            {**ANNOTATION, "submitted_at": 1772359200},
            "submitted_at: expected a time in ISO 8601 with its zone, such as 2026-03-01T10:00:00Z, got 1772359200",
        ),
        (
            Annotation,
            {**ANNOTATION, "non_answer": "broken_item"},
            "label: expected either this or non_answer, got both",
        ),
        (Annotation, {**ANNOTATION, "action": "withdraw"}, "label: expected none, as the action is withdraw"),
        (
            Annotation,
            {**ANNOTATION, "confidence": True, "time_spent_s": -1},
            (
                "confidence: Input should be a valid number, got True; "
                "time_spent_s: Input should be greater than or equal to 0, got -1"
            ),
        ),
        (
            Project,
            {"project": "p", "thresholds": {"too_fast_s": 30, "too_slow_s": 30}},
            "thresholds.too_slow_s: expected more than too_fast_s, 30",
        ),
        (
            Project,
            {"project": "p", "label_spaces": {"classification": {"type": "free_text", "max_chars": 0}}},
            "label_spaces.classification.max_chars: Input should be greater than or equal to 1, got 0",
        ),
        (Task, asking({"labels": ["x"]}), "questions.0.label_space: expected an object with a type"),
        (
            Task,
            asking({"type": "likert_scale", "min": 1, "max": 5}),
            "questions.0.label_space: expected a space for classification, got likert_scale",
        ),
        (
            Task,
            asking({"type": "multi_turn_dialog", "turns": {"free_text": {"type": "likert_scale", "min": 1, "max": 1}}}),
            "questions.0.label_space.turns.free_text.max: expected min, 1, plus 1 to 100",
        ),
    ],
)
def test_each_field_is_named_with_what_was_expected(contract: type[Any], value: Any, line: str) -> None:
    assert explained(contract, value) == line


def test_an_unknown_space_is_told_the_known_ones() -> None:
    line = explained(Task, asking({"type": "picture"}))
    assert line.startswith("questions.0.label_space: expected a type among 'classification', 'likert_scale', ")
    assert "picture" not in line


def test_the_first_problems_are_listed_and_the_others_counted() -> None:
    with pytest.raises(ValidationError) as caught:
        Annotation.model_validate({})
    assert explain(caught.value, most=2) == (
        "annotation_id: required, but missing; task_id: required, but missing; and 4 more"
    )


@pytest.mark.parametrize(
    ("contract", "value"),
    [
        (Task, {**TASK, "prompt": [EYES_ONLY]}),
        (Task, {**TASK, "prompt": {"text": EYES_ONLY}}),
        (Task, {**TASK, "instructions": [EYES_ONLY]}),
        (Task, {**TASK, "content": EYES_ONLY, "prompt": None}),
        (Task, {**TASK, "content": {"prompt": EYES_ONLY}, "priority": 2}),
        (Task, {**TASK, "questions": [EYES_ONLY]}),
        (Task, {**TASK, "questions": EYES_ONLY}),
        (Task, {**TASK, "questions": [{"question_id": "q", "text": [EYES_ONLY], "label_space": "s"}]}),
        (Gold, {**VALID["gold"][0], "explanation": [EYES_ONLY]}),
        (Gold, {**VALID["gold"][0], "explanation": EYES_ONLY * 1_000}),
        (Task, EYES_ONLY),
        (Task, json.dumps({**TASK, "prompt": EYES_ONLY}).encode()[:-1]),
    ],
)
def test_what_is_shown_to_annotators_is_not_echoed(contract: type[Any], value: Any) -> None:
    assert EYES_ONLY not in explained(contract, value)


@pytest.mark.parametrize(
    ("contract", "value"),
    [
        (Annotation, {**ANNOTATION, "task_id": "x" * 10_000}),
        (Annotation, {**ANNOTATION, "action": "x" * 10_000}),
        (Annotation, {**ANNOTATION, "submitted_at": "x" * 10_000}),
        (Annotation, {**ANNOTATION, "time_spent_s": "x" * 10_000}),
        (Project, {"project": "p", "label_spaces": {"x" * 10_000: {}}}),
        (Project, {"project": "p", "label_spaces": {"s": {"type": "x" * 10_000}}}),
        (Task, asking("x" * 10_000)),
        (Task, {**TASK, "payment_usd": "9" * 10_000}),
        (Task, {**TASK, "payment_usd": "x" * 10_000}),
    ],
)
def test_nothing_is_echoed_at_length(contract: type[Any], value: Any) -> None:
    line = explained(contract, value)
    assert "x" * SHOWN not in line
    assert "9" * SHOWN not in line


@given(st.data())
def test_whatever_is_wrong_it_is_one_line_that_begins_with_a_place(data: st.DataObject) -> None:
    topic = data.draw(st.sampled_from(sorted(VALID)))
    value = data.draw(st.sampled_from(VALID[topic]))
    field = data.draw(st.sampled_from(sorted(CONTRACTS[topic].model_fields)))
    try:
        CONTRACTS[topic].model_validate_json(json.dumps({**value, field: data.draw(json_values)}))
    except ValidationError as error:
        line = explain(error)
        assert line.isprintable()
        assert line.split(": ")[0].split(".")[0] in CONTRACTS[topic].model_fields
        assert len(line) < 2_000

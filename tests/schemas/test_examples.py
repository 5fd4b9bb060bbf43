"""Every example is what its topic's contract and exported JSON Schema say, and each invalid one is told where."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from schemas import CONTRACTS, Annotation, DeadLetter, NonAnswer, Project, Task, TaskType, Tier, explain
from schemas.export import FOLDER as EXPORTED
from tests.schemas.examples import FOLDER, INVALID, VALID, Invalid, models, parsed

ONES = [(topic, value) for topic, values in VALID.items() for value in values]
JSON_SCHEMA = {
    topic: Draft202012Validator(json.loads((EXPORTED / f"{topic}.json").read_text(encoding="utf-8")))
    for topic in CONTRACTS
}
TASKS: dict[str, Task] = {task.task_id: task for task in parsed("tasks")}
PROJECTS: dict[str, Project] = {project.project: project for project in parsed("projects")}


def check(task_id: str, answer: Any) -> None:
    """Check an answer to a task of the examples; label spaces that are named are its project's."""
    task = TASKS[task_id]
    alone = len(task.questions) == 1
    for question in task.questions:
        space = question.label_space
        if isinstance(space, str):
            space = PROJECTS[task.project].label_spaces[space]
        space.check(answer if alone else answer[question.question_id])
    assert alone or set(answer) == {question.question_id for question in task.questions}


def test_every_topic_has_several_examples_and_no_file_is_left_over() -> None:
    assert all(len(values) >= 2 for values in VALID.values())
    assert {path.name for path in FOLDER.glob("*.jsonl")} == {f"{topic}.jsonl" for topic in CONTRACTS}
    assert {path.name for path in (FOLDER / "invalid").iterdir()} == {f"{topic}.jsonl" for topic in CONTRACTS}
    assert {case.topic for case in INVALID} == set(CONTRACTS)


@pytest.mark.parametrize(("topic", "value"), ONES)
def test_an_example_is_valid(topic: str, value: Any) -> None:
    CONTRACTS[topic].model_validate_json(json.dumps(value))
    JSON_SCHEMA[topic].validate(value)


@pytest.mark.parametrize(("topic", "value"), ONES)
def test_what_is_written_is_what_was_read(topic: str, value: Any) -> None:
    model = CONTRACTS[topic].model_validate_json(json.dumps(value))
    written = model.model_dump_json()
    assert CONTRACTS[topic].model_validate_json(written) == model
    JSON_SCHEMA[topic].validate(json.loads(written))


@pytest.mark.parametrize("case", INVALID, ids=lambda case: f"{case.topic}-{case.field}")
def test_what_is_wrong_is_named(case: Invalid) -> None:
    with pytest.raises(ValidationError) as caught:
        CONTRACTS[case.topic].model_validate_json(json.dumps(case.value))
    assert explain(caught.value).startswith(f"{case.field}: ")
    assert len(caught.value.errors()) == 1
    assert JSON_SCHEMA[case.topic].is_valid(case.value) == case.rule


@pytest.mark.parametrize("topic", CONTRACTS)
def test_each_required_field_is_missed(topic: str) -> None:
    whole = VALID[topic][0]
    required = [name for name, field in CONTRACTS[topic].model_fields.items() if field.is_required()]
    for name in required:
        value = {key: one for key, one in whole.items() if key != name}
        with pytest.raises(ValidationError) as caught:
            CONTRACTS[topic].model_validate_json(json.dumps(value))
        assert explain(caught.value) == f"{name}: required, but missing"
        assert not JSON_SCHEMA[topic].is_valid(value)


def test_every_field_of_every_model_is_shown() -> None:
    seen = [model for topic in CONTRACTS for value in parsed(topic) for model in models(value)]
    shown = {type(model): set[str]() for model in seen}
    for model in seen:
        shown[type(model)] |= model.model_fields_set
    assert {model.__name__: set(model.model_fields) - names for model, names in shown.items()} == {
        model.__name__: set() for model in shown
    }


def test_all_task_types_and_tiers_are_shown() -> None:
    assert {task.task_type for task in TASKS.values()} == set(TaskType)
    assert {task.required_tier for task in TASKS.values()} == set(Tier)
    annotations: list[Annotation] = parsed("annotations")
    labelled = {TASKS[one.task_id].task_type for one in annotations if one.label is not None}
    assert labelled == set(TaskType)
    assert {one.non_answer for one in annotations} <= {None, *NonAnswer}


@pytest.mark.parametrize("topic", ["annotations", "annotations.scored"])
def test_labels_answer_the_tasks_they_are_for(topic: str) -> None:
    for annotation in parsed(topic):
        assert annotation.project == TASKS[annotation.task_id].project
        if annotation.label is not None:
            check(annotation.task_id, annotation.label)


def test_gold_answers_the_tasks_it_is_for() -> None:
    for gold in parsed("gold"):
        assert gold.project == TASKS[gold.task_id].project
        check(gold.task_id, gold.answer)


def test_a_dead_letter_is_read_from_headers() -> None:
    value = VALID["dead-letters"][0]
    headers = [(name, str(one).encode()) for name, one in value.items()]
    assert DeadLetter.from_headers([*headers, ("traceparent", b"\xff")]) == DeadLetter(**value)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [("partition", b"one", "partition: Input should be a valid integer"), ("error", b"\xff", "error: ")],
)
def test_a_header_that_cannot_be_read_is_named(name: str, value: bytes, expected: str) -> None:
    headers = {key: str(one).encode() for key, one in VALID["dead-letters"][0].items()}
    with pytest.raises(ValidationError) as caught:
        DeadLetter.from_headers({**headers, name: value}.items())
    assert explain(caught.value).startswith(expected)

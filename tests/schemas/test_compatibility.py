"""Adding a field: old readers read new data, new readers read old data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, create_model

import schemas
from schemas import CONTRACTS, NonAnswer
from schemas.export import FOLDER
from tests.schemas.examples import models, parsed

REQUIRED: dict[str, list[str]] = json.loads(
    (Path(schemas.__file__).parent / "compatibility.json").read_text(encoding="utf-8")
)
TAKEN: dict[str, list[str]] = json.loads((Path(__file__).parent / "version1.json").read_text(encoding="utf-8"))
INSTANCES: dict[type[BaseModel], list[BaseModel]] = {}
for _model in (model for topic in CONTRACTS for value in parsed(topic) for model in models(value)):
    INSTANCES.setdefault(type(_model), []).append(_model)


def objects(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the schemas of the objects that a JSON Schema describes, by the models' names."""
    parts = {schema["title"]: schema, **schema.get("$defs", {})}
    return {name: part for name, part in parts.items() if part.get("type") == "object"}


def accepted(part: dict[str, Any], definitions: dict[str, Any]) -> set[str]:
    """Return what a field's schema takes: JSON types, the models it refers to, and the values it lists."""
    found = {json.dumps(value) for value in (*part.get("enum", []), *([part["const"]] if "const" in part else []))}
    if isinstance(part.get("type"), str) and not found:
        found.add(part["type"])
    for branch in (*part.get("anyOf", []), *part.get("oneOf", [])):
        found |= accepted(branch, definitions)
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        inner = definitions[name]
        found |= accepted(inner, definitions) if "enum" in inner else {name}
    return found


def fields(schema: dict[str, Any]) -> dict[str, list[str]]:
    """Return what every field of every object takes, by ``Model.field``."""
    return {
        f"{name}.{field}": sorted(accepted(part, schema.get("$defs", {})))
        for name, described in objects(schema).items()
        for field, part in described.get("properties", {}).items()
    }


def newly_required(schema: dict[str, Any]) -> list[str]:
    """Return the fields that are required now, and were not in version 1."""
    return [
        f"{name}.{field}"
        for name, part in objects(schema).items()
        for field in part.get("required", [])
        if field not in REQUIRED.get(name, [])
    ]


def with_field(kind: type[BaseModel]) -> type[BaseModel]:
    """Return the model as a later release would have it."""
    later: type[BaseModel] = create_model(kind.__name__, __base__=kind, added=(str | None, None))
    return later


def committed(topic: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((FOLDER / f"{topic}.json").read_text(encoding="utf-8"))
    return schema


@pytest.mark.parametrize("kind", INSTANCES, ids=lambda kind: kind.__name__)
def test_a_field_can_be_added_to(kind: type[BaseModel]) -> None:
    later = with_field(kind)
    for old in INSTANCES[kind]:
        read = later.model_validate_json(old.model_dump_json())
        assert read.model_dump() == {**old.model_dump(), "added": None}
        new = later.model_validate({**old.model_dump(mode="json"), "added": "by a later release"})
        assert kind.model_validate_json(new.model_dump_json()) == old


@pytest.mark.parametrize("topic", CONTRACTS)
def test_who_reads_with_json_schema_can_too(topic: str) -> None:
    later = with_field(CONTRACTS[topic])
    new_schema = Draft202012Validator(later.model_json_schema())
    for old in parsed(topic):
        value = old.model_dump(mode="json")
        new_schema.validate(value)
        Draft202012Validator(committed(topic)).validate({**value, "added": "by a later release"})


def test_the_examples_reach_every_model() -> None:
    described = {name for topic in CONTRACTS for name in objects(committed(topic))}
    assert {kind.__name__ for kind in INSTANCES} == described == set(REQUIRED)


@pytest.mark.parametrize("topic", CONTRACTS)
def test_no_object_is_closed(topic: str) -> None:
    assert not [name for name, part in objects(committed(topic)).items() if "additionalProperties" in part]


@pytest.mark.parametrize("topic", CONTRACTS)
def test_nothing_became_required(topic: str) -> None:
    """What version 1 did not require, old data may lack: give the field a default. The list may only shrink."""
    assert newly_required(CONTRACTS[topic].model_json_schema()) == []


def test_every_field_of_version_1_still_takes_what_it_took() -> None:
    """Old data holds these types and values: a field may take more, it may not take less, and none may go."""
    now = {name: set(takes) for topic in CONTRACTS for name, takes in fields(committed(topic)).items()}
    lost = {name: set(took) - now.get(name, set()) for name, took in TAKEN.items()}
    assert {name: values for name, values in lost.items() if values or name not in now} == {}
    assert TAKEN["Annotation.non_answer"] == sorted([*(f'"{value}"' for value in NonAnswer), "null"])


@pytest.mark.parametrize("topic", CONTRACTS)
def test_a_required_field_would_be_found(topic: str) -> None:
    contract = CONTRACTS[topic]
    later: type[BaseModel] = create_model(contract.__name__, __base__=contract, added=(str, ...))
    assert newly_required(later.model_json_schema()) == [f"{contract.__name__}.added"]


@pytest.mark.parametrize("topic", [topic for topic in CONTRACTS if topic != "dead-letters"])
def test_every_event_carries_its_schema_version(topic: str) -> None:
    for value in parsed(topic):
        assert value.schema_version == 1
        later = CONTRACTS[topic].model_validate({**value.model_dump(mode="json"), "schema_version": 2})
        assert later.model_dump()["schema_version"] == 2

"""The committed examples: valid ones by topic, and invalid ones with the place of what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

import schemas
from schemas import CONTRACTS

FOLDER = Path(schemas.__file__).parent / "examples"


class Invalid(NamedTuple):
    """`rule`: it breaks a rule that JSON Schema does not state, one between fields or about a zone."""

    topic: str
    field: str
    value: Any
    rule: bool


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


VALID = {topic: _lines(FOLDER / f"{topic}.jsonl") for topic in CONTRACTS}
INVALID = [
    Invalid(topic, line["field"], line["value"], line.get("rule", False))
    for topic in CONTRACTS
    for line in _lines(FOLDER / "invalid" / f"{topic}.jsonl")
]


def parsed(topic: str) -> list[Any]:
    """Return the topic's examples as its contract."""
    return [CONTRACTS[topic].model_validate_json(json.dumps(value)) for value in VALID[topic]]


def models(value: object) -> list[BaseModel]:
    """Return the model and all models within it."""
    if isinstance(value, BaseModel):
        return [value, *(model for name in type(value).model_fields for model in models(getattr(value, name)))]
    if isinstance(value, dict):
        return [model for one in value.values() for model in models(one)]
    return [model for one in value for model in models(one)] if isinstance(value, list) else []

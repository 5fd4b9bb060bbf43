"""Builds the events of the annotator and the project side, through their own decoders."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas import CONTRACTS, DeadLetter
from streams.events import Event, Output, Side

T0 = 1_760_000_000_000


def event(side: Side, topic: str, key: str, body: Any, *, offset: int = 0, timestamp: int | None = None) -> Event:
    """Return `body` as an event of `side`; None is a tombstone."""
    source = next(source for source in side.sources if source.topic == topic)
    raw = None if body is None else msgspec.json.encode(body)
    value = None if raw is None else source.decode(raw)
    if value is not None and source.identity is not None:
        assert source.identity(value) == key
    return Event(topic, 0, offset, T0 + offset if timestamp is None else timestamp, key, value, raw)


def annotation(annotation_id: str, annotator_id: str = "ann", **fields: Any) -> dict[str, Any]:
    """Return a submitted annotation: 60 s on task t1 of project birds, unless `fields` say otherwise."""
    action = fields.get("action", "submit")
    body = {
        "annotation_id": annotation_id,
        "task_id": "t1",
        "annotator_id": annotator_id,
        "project": "birds",
        "label": "wren",
        "time_spent_s": 60,
        "submitted_at": "2026-03-01T10:00:00+02:00",
        **fields,
    }
    if action == "withdraw" or "non_answer" in fields:
        del body["label"]
    return body


def outcome(annotation_id: str = "x1", annotator_id: str = "ann", **fields: Any) -> dict[str, Any]:
    """Return a right gold outcome, unless `fields` say otherwise."""
    return {
        "annotator_id": annotator_id,
        "task_id": "t1",
        "annotation_id": annotation_id,
        "project": "birds",
        "task_type": "classification",
        "question_id": "q",
        "kind": "gold",
        "sign": 1,
        "correct": True,
        "answer": "wren",
        "truth": "wren",
        "quality_score": 1.0,
        "policy_version": 1,
        **fields,
    }


def project(name: str = "birds", **fields: Any) -> dict[str, Any]:
    """Return a project's settings: the defaults, unless `fields` say otherwise."""
    return {"project": name, "policy": {}, "thresholds": {}, **fields}


def settings(policy_version: int, name: str = "birds", **thresholds: Any) -> dict[str, Any]:
    """Return the copy of a project's settings that the annotator side gets."""
    return {
        "project": name,
        "version": 1,
        "policy_version": policy_version,
        "project_settings": project(name, thresholds=thresholds),
    }


def bodies(outputs: list[Output], topic: str) -> list[dict[str, Any]]:
    """Return the decoded values of the outputs to `topic`."""
    return [msgspec.json.decode(output.value or b"null") for output in outputs if output.topic == topic]


def assert_contracts(outputs: list[Output]) -> None:
    """Check every output against the contract of its topic; dead letters carry original bytes."""
    for output in outputs:
        if output.topic == "dead-letters":
            DeadLetter.from_headers(output.headers)
        else:
            assert output.value is not None
            CONTRACTS[output.topic].model_validate_json(output.value)

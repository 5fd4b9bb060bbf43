"""Output records that more than one side writes, built as plain dicts: the encoder is the only cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import msgspec

from streams.events import Output

QUALITY_EVENTS = "quality-events"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 253_402_300_799_999
DAY_MS = 86_400_000

encode = msgspec.json.Encoder().encode


@lru_cache(maxsize=1024)
def instant(timestamp: int) -> datetime:
    """Return milliseconds since the epoch as a UTC time; JSON output spells it in ISO 8601.

    A record's timestamp is its producer's word: what no calendar holds becomes the nearest end.
    """
    return _EPOCH + timedelta(milliseconds=bounded(timestamp))


def bounded(timestamp: int) -> int:
    """Return milliseconds since the epoch within what a calendar holds."""
    return min(max(timestamp, 0), _LAST)


class Scored(msgspec.Struct, gc=False):
    """An `annotations.scored` record: `schemas.ScoredAnnotation`, in its order."""

    schema_version: int
    annotation_id: str
    task_id: str
    annotator_id: str
    project: str
    action: str
    label: Any
    non_answer: str | None
    confidence: float | None
    time_spent_s: float
    presented_order: list[str] | None
    submitted_at: datetime
    flags: list[str]
    quality_score: float
    reliability: float
    reliability_n: int
    tier: str
    kind: str
    policy_version: int
    counts: list[dict[str, Any]] | None
    standing: str
    session: int


class Outcome(msgspec.Struct, gc=False):
    """An `outcomes` record: `schemas.Outcome`, in its order."""

    schema_version: int
    annotator_id: str
    task_id: str
    annotation_id: str
    project: str
    task_type: str
    question_id: str
    kind: str
    sign: int
    correct: bool | None
    answer: Any
    truth: Any
    quality_score: float
    policy_version: int
    evidence: list[dict[str, Any]] | None
    session: int
    time_spent_s: float | None
    similarity_key: str | None


class Label(msgspec.Struct, gc=False):
    """A `labels` record: `schemas.Label`, in its order."""

    schema_version: int
    task_id: str
    project: str
    task_type: str
    version: int
    status: str
    reason: str
    closed_by: str | None
    answers: dict[str, Any]
    votes: int
    non_answers: int
    supersedes: int | None
    policy_version: int
    guidelines_version: str | None
    needs_review: bool
    review_reason: str | None
    at: datetime


def quality_event(
    *,
    event_id: str,
    kind: str,
    annotator_id: str | None,
    project: str,
    policy_version: int,
    timestamp: int,
    task_id: str | None = None,
    annotation_id: str | None = None,
    value: float | None = None,
    threshold: float | None = None,
    n: int | None = None,
    numbers: Mapping[str, Any] = MappingProxyType({}),
) -> Output:
    """Return one quality event, counted by its kind; `numbers` are what else is said.

    Its key is the annotator, or the project where it is about no annotator.
    """
    body: dict[str, Any] = {
        "schema_version": 1,
        "event_id": event_id,
        "annotator_id": annotator_id,
        "project": project,
        "kind": kind,
        "task_id": task_id,
        "annotation_id": annotation_id,
        "value": value,
        "threshold": threshold,
        "n": n,
        **numbers,
        "policy_version": policy_version,
        "at": instant(timestamp),
    }
    return Output(QUALITY_EVENTS, (annotator_id or project).encode(), encode(body), timestamp, tag=kind)

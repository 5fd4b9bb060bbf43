"""Output records that more than one side writes, built as plain dicts: the encoder is the only cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from streams.events import Output

QUALITY_EVENTS = "quality-events"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 253_402_300_799_999

encode = msgspec.json.Encoder().encode


def instant(timestamp: int) -> datetime:
    """Return milliseconds since the epoch as a UTC time; JSON output spells it in ISO 8601.

    A record's timestamp is its producer's word: what no calendar holds becomes the nearest end.
    """
    return _EPOCH + timedelta(milliseconds=min(max(timestamp, 0), _LAST))


def quality_event(
    *,
    event_id: str,
    kind: str,
    annotator_id: str,
    project: str,
    policy_version: int,
    timestamp: int,
    task_id: str | None = None,
    annotation_id: str | None = None,
    value: float | None = None,
    threshold: float | None = None,
    n: int | None = None,
) -> Output:
    """Return one quality event, keyed by the annotator and counted by its kind."""
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
        "policy_version": policy_version,
        "at": instant(timestamp),
    }
    return Output(QUALITY_EVENTS, annotator_id.encode(), encode(body), timestamp, tag=kind)

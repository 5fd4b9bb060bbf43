"""quality-events: what was noticed about an annotator's work, key annotator_id. Names tasks: for staff only."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.common import Contract, Count, Id, Moment, Number


class QualityEventKind(StrEnum):
    """What was noticed."""

    too_fast = "too_fast"
    too_slow = "too_slow"
    gold_incorrect = "gold_incorrect"
    below_gold_threshold = "below_gold_threshold"
    gold_threshold_recovered = "gold_threshold_recovered"
    too_late = "too_late"


class QualityEvent(Contract):
    """An observation with its numbers: `value` against `threshold`, over `n` items. Equal event_ids are one event."""

    event_id: Annotated[str, Field(min_length=1, max_length=700)]
    annotator_id: Id
    project: Id
    kind: QualityEventKind
    task_id: Id | None = None
    annotation_id: Id | None = None
    value: Number | None = None
    threshold: Number | None = None
    n: Count | None = None
    policy_version: Count
    at: Moment

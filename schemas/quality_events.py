"""quality-events: what was noticed about an annotator's work, key annotator_id. Names tasks: for staff only."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.common import Contract, Count, Id, Moment, Number, TaskType


class QualityEventKind(StrEnum):
    """What was noticed."""

    too_fast = "too_fast"
    too_slow = "too_slow"
    gold_incorrect = "gold_incorrect"
    below_gold_threshold = "below_gold_threshold"
    gold_threshold_recovered = "gold_threshold_recovered"
    too_late = "too_late"
    standing_active = "standing_active"
    standing_watched = "standing_watched"
    standing_training = "standing_training"
    standing_paused = "standing_paused"


class StandingReason(StrEnum):
    """Why a standing changed: what speaks against the work, or what ended a sanction."""

    gold = "gold"
    consensus = "consensus"
    speed = "speed"
    consistency = "consistency"
    drift = "drift"
    fatigue = "fatigue"
    recovered = "recovered"
    expired = "expired"
    training_passed = "training_passed"
    taken_back = "taken_back"


class QualityEvent(Contract):
    """An observation with its numbers: `value` against `threshold`, over `n` items. Equal event_ids are one event.

    Attributes
    ----------
    task_type : TaskType, optional
        What a change of standing is about: gold and consensus are counted apart for each.
    reasons : list of StandingReason
        Of a change of standing; the numbers belong to the first.
    low, high : float, optional
        The 95% interval around `value`.
    e_value, e_threshold : float, optional
        The evidence against the annotator, and where it decides. No more than 1/e of the good ever reach e.
    until : datetime, optional
        When a training or a pause ends by itself.
    """

    event_id: Annotated[str, Field(min_length=1, max_length=700)]
    annotator_id: Id
    project: Id
    kind: QualityEventKind
    task_id: Id | None = None
    annotation_id: Id | None = None
    value: Number | None = None
    threshold: Number | None = None
    n: Count | None = None
    task_type: TaskType | None = None
    reasons: list[StandingReason] = Field(default_factory=list)
    low: Number | None = None
    high: Number | None = None
    e_value: Annotated[Number, Field(ge=0)] | None = None
    e_threshold: Annotated[Number, Field(ge=1)] | None = None
    until: Moment | None = None
    policy_version: Count
    at: Moment

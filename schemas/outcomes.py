"""outcomes: how an annotation turned out, key annotator_id. Signed, so that it can be taken back exactly."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from schemas.common import Contract, Count, Id, Json, Share, TaskType, Yes


class OutcomeKind(StrEnum):
    """What the annotation was compared with."""

    gold = "gold"
    attention = "attention"
    training = "training"
    consensus = "consensus"


class Outcome(Contract):
    """One answer compared with the truth, or with the consensus of the others. Sign -1 takes it back."""

    annotator_id: Id
    task_id: Id
    annotation_id: Id
    project: Id
    task_type: TaskType
    question_id: Id
    kind: OutcomeKind
    sign: Literal[1, -1]
    correct: Yes
    answer: Json
    truth: Json
    quality_score: Share
    policy_version: Count

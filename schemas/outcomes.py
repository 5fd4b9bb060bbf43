"""outcomes: how an annotation turned out, key annotator_id. Signed, so that it can be taken back exactly."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.common import Contract, Count, Id, Json, Number, Share, TaskType, Yes
from schemas.inference import Evidence


class OutcomeKind(StrEnum):
    """What the annotation was compared with."""

    gold = "gold"
    attention = "attention"
    training = "training"
    consensus = "consensus"
    posterior = "posterior"


class Outcome(Contract):
    """One answer compared with the truth, or with the consensus of the others. Sign -1 takes it back.

    Attributes
    ----------
    correct : bool or None
        None of kind posterior, which compares with nothing: only the probabilities of the truths have changed.
    evidence : list or None
        What the answer shows of its annotator, one for each of its categorical parts; signed in itself.
    session : int
        The session in which it was submitted, as its scored annotation says.
    time_spent_s : float, optional
        What its annotation took: said with the first question's outcome only, and not of a correction.
    similarity_key : str, optional
        Its task's: tasks that share it should be answered alike.
    """

    annotator_id: Id
    task_id: Id
    annotation_id: Id
    project: Id
    task_type: TaskType
    question_id: Id
    kind: OutcomeKind
    sign: Literal[1, -1]
    correct: Yes | None
    answer: Json
    truth: Json
    quality_score: Share
    policy_version: Count
    evidence: list[Evidence] | None = None
    session: Count = 0
    time_spent_s: Annotated[Number, Field(ge=0)] | None = None
    similarity_key: Id | None = None

"""annotations: what annotators hand in, key annotator_id."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.common import Contract, Id, Json, Moment, Number, RuleError, Share


class Action(StrEnum):
    """What an annotation does to the annotator's earlier one on the task."""

    submit = "submit"
    edit = "edit"
    withdraw = "withdraw"


class NonAnswer(StrEnum):
    """Why a task could not be answered; never held against the annotator."""

    cannot_decide = "cannot_decide"
    broken_item = "broken_item"
    unsafe_content = "unsafe_content"
    not_my_language = "not_my_language"


class Annotation(Contract):
    """One annotation. `label` answers the task's question, or is an object by question_id where there are several."""

    annotation_id: Id
    task_id: Id
    annotator_id: Id
    project: Id
    action: Action = Action.submit
    label: Json = None
    non_answer: NonAnswer | None = None
    confidence: Share | None = None
    time_spent_s: Annotated[Number, Field(ge=0, le=604_800)]
    presented_order: Annotated[list[str], Field(max_length=200)] | None = None
    submitted_at: Moment

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        labelled, declined = self.label is not None, self.non_answer is not None
        if self.action is Action.withdraw:
            if labelled or declined:
                raise RuleError("label" if labelled else "non_answer", "none, as the action is withdraw")
        elif labelled == declined:
            raise RuleError("label", f"either this or non_answer, got {'both' if labelled else 'neither'}")
        return self

"""tasks: what is to be annotated, key task_id. A null value withdraws the task."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, StringConstraints, Tag, model_validator

from schemas.common import Contract, Id, Json, Moment, MoneyUsd, Number, Part, RuleError, Share, TaskType, Tier, Votes
from schemas.label_spaces import LabelSpace

Specialization = Annotated[str, StringConstraints(min_length=1, max_length=100)]

INLINE, NAMED = "label space", "name of a label space"
"""Branches of `SpaceOrName`, as they stand in the place of a validation error."""


def _branch(value: Any) -> str:
    return NAMED if isinstance(value, str) else INLINE


SpaceOrName = Annotated[
    Annotated[LabelSpace, Tag(INLINE)] | Annotated[Id, Tag(NAMED)],
    # One branch is tried, so an error tells of the one that was meant.
    Discriminator(_branch),
]


class Question(Part):
    """One thing a task asks: its own label space, or the name of one of the project's."""

    question_id: Id
    text: str | None = None
    label_space: SpaceOrName


class Task(Contract):
    """A unit of work. Prompt, content and instructions are shown to people and kept nowhere else but in this topic.

    Attributes
    ----------
    redundancy : int, optional
        Votes the task gets at first, instead of what its project asks for.
    """

    task_id: Id
    project: Id
    task_type: TaskType
    prompt: str
    content: Json = None
    instructions: str | None = None
    required_tier: Tier = Tier.crowd
    estimated_time_s: Annotated[Number, Field(gt=0, le=604_800)] = 60.0
    payment_usd: MoneyUsd = Decimal(0)
    created_at: Moment | None = None
    priority: Share = 0.5
    questions: Annotated[list[Question], Field(min_length=1, max_length=50)]
    specializations: list[Specialization] = Field(default_factory=list, max_length=50)
    similarity_key: Id | None = None
    guidelines_version: Id | None = None
    redundancy: Votes | None = None

    @model_validator(mode="after")
    def _questions_fit(self) -> Self:
        ids = [question.question_id for question in self.questions]
        if len(set(ids)) != len(ids):
            raise RuleError("questions", "every question_id once")
        space = self.questions[0].label_space
        if len(ids) == 1 and not isinstance(space, str) and space.type != self.task_type:
            raise RuleError("questions.0.label_space", f"a space for {self.task_type}, got {space.type}")
        return self

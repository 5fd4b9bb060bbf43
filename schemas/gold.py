"""gold: known answers, key task_id; written with the gold right only, never shown to a frontend. Null withdraws one."""

from __future__ import annotations

from pydantic import Field

from schemas.common import Contract, GoldKind, Id, Json


class Gold(Contract):
    """The right answer to a task: to its one question, or an object by question_id."""

    task_id: Id
    project: Id
    kind: GoldKind = GoldKind.gold
    answer: Json
    explanation: str | None = Field(default=None, max_length=10_000)

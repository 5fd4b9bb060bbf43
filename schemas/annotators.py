"""annotators: who annotates, key annotator_id; decisions about them, each with its actor and reason."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.common import AnnotatorKind, Contract, Id, Moment, Tier
from schemas.tasks import Specialization


class Annotator(Contract):
    """An annotator as administrators know them."""

    annotator_id: Id
    tier: Tier = Tier.crowd
    specializations: Annotated[list[Specialization], Field(max_length=50)] = []
    active: bool = True
    pseudonym: Id | None = None
    kind: AnnotatorKind = AnnotatorKind.human
    actor: Id
    reason: str | None = Field(default=None, max_length=2000)
    at: Moment | None = None
    expected_version: Annotated[int, Field(ge=0)] | None = None

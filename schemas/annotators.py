"""annotators: who annotates, key annotator_id; decisions about them, each with its actor and reason."""

from __future__ import annotations

from pydantic import Field

from schemas.common import AnnotatorKind, Contract, Count, Id, Moment, Reason, Tier, Yes
from schemas.tasks import Specialization


class Annotator(Contract):
    """An annotator as administrators know them."""

    annotator_id: Id
    tier: Tier = Tier.crowd
    specializations: list[Specialization] = Field(default_factory=list, max_length=50)
    active: Yes = True
    pseudonym: Id | None = None
    kind: AnnotatorKind = AnnotatorKind.human
    actor: Id
    reason: Reason | None = None
    at: Moment | None = None
    expected_version: Count | None = None

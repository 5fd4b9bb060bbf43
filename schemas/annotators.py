"""annotators: who annotates, key annotator_id; decisions about them, each with its actor and reason."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from schemas.common import AnnotatorKind, Contract, Count, Id, Moment, Part, Reason, RuleError, Tier, Yes
from schemas.tasks import Specialization


class RetractVotes(Part):
    """Which votes to take back: those in `project`, or in all, made from `since` on, or ever, until this record."""

    project: Id | None = None
    since: Moment | None = None


class Annotator(Contract):
    """An annotator as administrators know them; each event states all of it anew.

    `retract_votes` takes votes back, for a `reason` that must be given. Later ones count, unless `active` is false.
    """

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
    retract_votes: RetractVotes | None = None

    @model_validator(mode="after")
    def _is_retracted_for_a_reason(self) -> Self:
        if self.retract_votes is not None and not self.reason:
            raise RuleError("reason", "some, as retract_votes is given")
        return self

"""project-deltas: what changed in a project's sums since the last such record of a partition, key project."""

from __future__ import annotations

from pydantic import Field

from schemas.common import Contract, Id, Moment
from schemas.inference import SpaceDelta


class ProjectDelta(Contract):
    """Integers to be added to a project's sums."""

    project: Id
    inference: list[SpaceDelta] = Field(default_factory=list)
    at: Moment

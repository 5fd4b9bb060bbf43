"""globals.a, globals.t: a project's settings, one copy to every partition of the other sides, key project."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from schemas.common import Contract, Count, Id, RuleError, Version, Yes
from schemas.inference import SpaceStatistics
from schemas.projects import Project


class Globals(Contract):
    """What A and T must know of a project.

    `policy_version` counts the changes of its settings, `sequence` the copies of them: of two with the same settings
    the newer one holds. While `sanctions_frozen`, nobody is sanctioned for disagreeing with the others.

    A record has the settings, or with a key of its own the `statistics` of one list of categories.
    """

    project: Id
    version: Version
    policy_version: Version
    removed: Yes = False
    project_settings: Project | None = None
    statistics: SpaceStatistics | None = None
    sequence: Count = 0
    sanctions_frozen: Yes = False

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.statistics is not None:
            if self.removed or self.project_settings is not None:
                raise RuleError("statistics", "none beside settings")
        elif self.removed == (self.project_settings is not None):
            raise RuleError("project_settings", "none" if self.removed else "some, as removed is false")
        return self

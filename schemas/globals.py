"""globals.a, globals.t: a project's settings, one copy to every partition of the other sides, key project."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from schemas.common import Contract, Count, Id, Part, Reason, RuleError, Version, Yes
from schemas.inference import SpaceStatistics
from schemas.label_spaces import ClassMapping, LabelSpace
from schemas.projects import Project


class SpaceChange(Part):
    """A named label space that a person changed: the project's change of this `number`, counted from 1.

    `change_id` is the place of the administrator's record.
    """

    number: Version
    space: Id
    before: LabelSpace
    after: LabelSpace
    mapping: ClassMapping
    change_id: Id
    actor: Id
    reason: Reason


class Globals(Contract):
    """What A and T must know of a project.

    `policy_version` counts the changes of its settings, `sequence` the copies of them: of two with the same settings
    the newer one holds. While `sanctions_frozen`, nobody is sanctioned for disagreeing with the others.

    A record has the settings, or with a key of its own the `statistics` of one list of categories, or a `change` of a
    label space, which is for T alone.
    """

    project: Id
    version: Version
    policy_version: Version
    removed: Yes = False
    project_settings: Project | None = None
    statistics: SpaceStatistics | None = None
    sequence: Count = 0
    sanctions_frozen: Yes = False
    change: SpaceChange | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.statistics is not None or self.change is not None:
            if self.removed or self.project_settings is not None or None not in (self.statistics, self.change):
                raise RuleError("change" if self.statistics is None else "statistics", "none beside anything else")
        elif self.removed == (self.project_settings is not None):
            raise RuleError("project_settings", "none" if self.removed else "some, as removed is false")
        return self

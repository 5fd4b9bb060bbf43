"""retractions: whose votes a person took back, key annotator_id; a copy to each partition of the task side."""

from __future__ import annotations

from schemas.common import Contract, Count, Id, Reason


class Retraction(Contract):
    """What to take back: the votes in `project`, or in all, from `since` up to `until`, in ms since the epoch.

    `retraction_id` is the place of the administrator's record.
    """

    retraction_id: Id
    annotator_id: Id
    project: Id | None = None
    since: Count = 0
    until: Count
    actor: Id
    reason: Reason

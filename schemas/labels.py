"""labels and labels.latest: what a task's votes come to, key task_id. Every version, and the newest."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from schemas.common import Contract, Count, Id, Json, Moment, Number, Part, Share, TaskType, Version, Yes


class LabelStatus(StrEnum):
    """How far a label can be relied on."""

    provisional = "provisional"
    settled = "settled"
    undecided = "undecided"
    unusable = "unusable"
    withdrawn = "withdrawn"


class LabelAnswer(Part):
    """One question's answer.

    Attributes
    ----------
    confidence : float or None
        Posterior probability of `label`.
    vote_share : float or None
        Its share of the votes, all alike.
    agreement : float or None
        Its share of the votes' weight.
    distribution : dict of str to float
        The posterior of every class.
    calibrated : bool
        Whether gold supports reading `confidence` as a frequency.
    reason : str or None
        Why there is no label.
    effective_votes : float or None
        How many votes of equal weight would say as much.
    details : dict
        What only its task type has.
    """

    label: Json = None
    confidence: Share | None = None
    vote_share: Share | None = None
    agreement: Share | None = None
    distribution: dict[str, Share] = Field(default_factory=dict)
    calibrated: Yes = False
    reason: str | None = None
    effective_votes: Number | None = None
    details: dict[str, Json] = Field(default_factory=dict)


class Label(Contract):
    """A version of a task's label; `supersedes` names the version before it.

    Attributes
    ----------
    needs_review : bool
        Whether a reviewer should look at it.
    review_reason : str or None
        Why: ``undecided``, ``disputed`` (its agreement is below the project's) or ``sampled``.
    """

    task_id: Id
    project: Id
    task_type: TaskType
    version: Version
    status: LabelStatus
    reason: str
    closed_by: str | None = None
    answers: dict[Id, LabelAnswer]
    votes: Count
    non_answers: Count
    supersedes: Version | None = None
    policy_version: Count
    guidelines_version: Id | None = None
    needs_review: Yes = False
    review_reason: str | None = None
    at: Moment

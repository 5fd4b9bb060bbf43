"""quality-events: what was noticed about an annotator's work, or about a project; keyed by whom. For staff only."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.agreement import ConfusedClasses, DisputedTask
from schemas.common import Contract, Count, Id, Moment, Number, Part, Reason, RuleError, Share, TaskType


class QualityEventKind(StrEnum):
    """What was noticed."""

    too_fast = "too_fast"
    too_slow = "too_slow"
    gold_incorrect = "gold_incorrect"
    below_gold_threshold = "below_gold_threshold"
    gold_threshold_recovered = "gold_threshold_recovered"
    too_late = "too_late"
    standing_active = "standing_active"
    standing_watched = "standing_watched"
    standing_training = "standing_training"
    standing_paused = "standing_paused"
    votes_retracted = "votes_retracted"
    label_space_changed = "label_space_changed"
    gold_withdrawn = "gold_withdrawn"
    agreement_low = "agreement_low"
    agreement_recovered = "agreement_recovered"
    agreement_high = "agreement_high"
    agreement_high_lost = "agreement_high_lost"


class StandingReason(StrEnum):
    """Why a standing changed: what speaks against the work, or what ended a sanction."""

    gold = "gold"
    consensus = "consensus"
    speed = "speed"
    consistency = "consistency"
    habit = "habit"
    drift = "drift"
    fatigue = "fatigue"
    recovered = "recovered"
    expired = "expired"
    training_passed = "training_passed"
    taken_back = "taken_back"


class AnnotatorWork(Part):
    """An annotator's work on one task type of a project until now.

    Attributes
    ----------
    accuracy, agreement : float
        Smoothed shares of right answers on gold, and of answers that agree with the others'.
    quartiles_s : list of float, optional
        Of the time an annotation took, within 10%, from `timed` of them.
    pairs, alike : int
        Pairs of answers to tasks of one similarity key, and those of them that are the same.
    bias, spread : float, optional
        On a scale: how much higher than the others in the mean, in steps, and by how much wider.
    spammer_score : float, optional
        Near 0: the answers hardly depend on what is asked. As of the last wrong answer.
    drift, fatigue : float
        How far the work has become worse of late, and in this session, in standard deviations.
    """

    gold_n: Count
    gold_correct: Count
    accuracy: Share
    consensus_n: Count
    consensus_agree: Count
    agreement: Share
    timed: Count
    quartiles_s: list[Number] | None = None
    pairs: Count
    alike: Count
    bias: Number | None = None
    spread: Annotated[Number, Field(ge=0)] | None = None
    spammer_score: Share | None = None
    drift: Annotated[Number, Field(ge=0)]
    fatigue: Annotated[Number, Field(ge=0)]


_ABOUT_PROJECT = ("agreement_", "label_space_", "gold_withdrawn")


class SpaceChanged(Part):
    """What a changed label space came to in one partition.

    Attributes
    ----------
    tasks : int
        Tasks that were answered in it.
    votes, votes_taken_back : int
        Votes and non-answers that stand, and votes that went.
    gold, gold_withdrawn : int
        Known answers that stand, and those of a class that was retired or split.
    verdicts_withdrawn : int
        Reviewers' verdicts that were for such a class.
    labels, reopened : int
        Labels that were superseded, and tasks that are open again.
    """

    space: Id
    tasks: Count
    votes: Count
    votes_taken_back: Count
    gold: Count
    gold_withdrawn: Count
    verdicts_withdrawn: Count
    labels: Count
    reopened: Count


class QualityEvent(Contract):
    """An observation with its numbers: `value` against `threshold`, over `n` items. Equal event_ids are one event.

    Events about a project's agreement or label spaces are about no annotator, and their key is the project: of a gold
    answer that went with its class `task_id` says which. Low agreement freezes
    sanctions that rest on consensus and names what is disputed and confused: look at the instructions first. High
    agreement says that the work may be automated.

    Attributes
    ----------
    task_type : TaskType, optional
        What a change of standing is about: gold and consensus are counted apart for each.
    reasons : list of StandingReason
        Of a change of standing; the numbers belong to the first.
    low, high : float, optional
        The 95% interval around `value`.
    e_value, e_threshold : float, optional
        The evidence against the annotator, and where it decides. No more than 1/e of the good ever reach e.
    until : datetime, optional
        When a training or a pause ends by itself.
    disputed, confused : list
        Where agreement is low: the tasks whose votes differ most, and the categories that are taken for each other.
    work : AnnotatorWork, optional
        Of a change of standing: all that is known of the annotator's work on that task type.
    labels : int, optional
        Of votes taken back, how many labels changed; `n` is how many votes and non-answers went, in one partition.
    change : SpaceChanged, optional
        Of a label space that was changed.
    actor, reason : str, optional
        Who took votes back or changed a label space, and why.
    """

    event_id: Annotated[str, Field(min_length=1, max_length=700)]
    annotator_id: Id | None = None
    project: Id
    kind: QualityEventKind
    task_id: Id | None = None
    annotation_id: Id | None = None
    value: Number | None = None
    threshold: Number | None = None
    n: Count | None = None
    task_type: TaskType | None = None
    reasons: list[StandingReason] = Field(default_factory=list)
    low: Number | None = None
    high: Number | None = None
    e_value: Annotated[Number, Field(ge=0)] | None = None
    e_threshold: Annotated[Number, Field(ge=1)] | None = None
    until: Moment | None = None
    disputed: list[DisputedTask] = Field(default_factory=list)
    confused: list[ConfusedClasses] = Field(default_factory=list)
    work: AnnotatorWork | None = None
    labels: Count | None = None
    change: SpaceChanged | None = None
    actor: Id | None = None
    reason: Reason | None = None
    policy_version: Count
    at: Moment

    @model_validator(mode="after")
    def _is_about_somebody(self) -> Self:
        about_project = self.kind.value.startswith(_ABOUT_PROJECT)
        if about_project == (self.annotator_id is not None):
            raise RuleError("annotator_id", f"{'none' if about_project else 'some'}, as kind is {self.kind.value}")
        return self

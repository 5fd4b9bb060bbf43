"""projects: what a project asks for, key project. A null value removes it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from schemas.common import Contract, Count, Id, Moment, MoneyUsd, Number, Part, Reason, RuleError, Share, Version, Votes
from schemas.label_spaces import ClassMapping, LabelSpace

Seconds = Annotated[Number, Field(le=604_800)]


class Gain(Part):
    """A task closes when one more vote is expected to bring less than it costs, the task's `payment_usd`.

    Attributes
    ----------
    value_usd : Decimal
        What it is worth that an answer is right instead of wrong.
    """

    value_usd: Annotated[MoneyUsd, Field(gt=0)]


class Policy(Part):
    """When a task has enough votes, and how they are weighed.

    Attributes
    ----------
    redundancy : int
        Votes a task gets at first.
    max_redundancy : int
        Votes it gets at most, when the first ones do not agree.
    min_agreement : float
        The leader's share of the weight from which a label is settled.
    unusable_after : int
        So many non-answers close a task as unusable.
    weighting : str
        ``reliability``: by what is inferred of each annotator; ``quality_weighted``: by the quality score of each
        annotation; ``uniform``: all alike. With the last two a label is the plain weighted majority, mean, ranking ...
    target_confidence : float or None
        From `min_redundancy` votes on, a task closes as soon as its label is this probable; with `redundancy` votes it
        closes at the latest, unless they do not agree.
    gain : Gain or None
        In the place of a target: from `min_redundancy` votes on a task closes as soon as no vote is worth what it
        costs, up to `redundancy`. Where votes cost nothing, all are asked for.
    adaptive : str
        What becomes of `target_confidence` or `gain`. ``on``: tasks close by it. ``shadow``: they close by redundancy,
        and `agreement` says what the rule would have saved, and cost on gold. ``off``: nothing.
    review_share : float
        So many of the settled labels ask for a review, chosen by the task's id; undecided and disputed ones all do.
    """

    redundancy: Votes = 3
    max_redundancy: Votes = 5
    min_agreement: Share = 0.6
    unusable_after: Votes = 2
    weighting: Literal["reliability", "quality_weighted", "uniform"] = "reliability"
    target_confidence: Annotated[Share, Field(ge=0.5, lt=1)] | None = None
    min_redundancy: Votes = 2
    review_share: Share = 0.1
    gain: Gain | None = None
    adaptive: Literal["off", "shadow", "on"] = "on"

    @model_validator(mode="after")
    def _can_be_extended(self) -> Self:
        if self.max_redundancy < self.redundancy:
            raise RuleError("max_redundancy", f"at least redundancy, {self.redundancy}")
        if self.gain is not None and self.target_confidence is not None:
            raise RuleError("gain", "none beside target_confidence: a task closes early by one rule")
        return self


class Factors(Part):
    """What each flag multiplies the published quality score by."""

    too_fast: Share = 0.3
    too_slow: Share = 0.8
    gold_incorrect: Share = 0.5
    below_gold_threshold: Share = 0.3


class GoldTest(Part):
    """The test that an annotator's standing rests on: gold alone, looked at after every answer, for ever.

    Attributes
    ----------
    p0 : float
        An accuracy that is to be found soon.
    p1 : float
        The lowest accuracy that is acceptable.
    alpha : float
        Chance that somebody at p1 or above is ever sanctioned for one task type, at most.
    """

    p0: Annotated[Number, Field(gt=0, lt=1)] = 0.6
    p1: Annotated[Number, Field(gt=0, lt=1)] = 0.8
    alpha: Annotated[Number, Field(ge=0.000_001, le=0.5)] = 0.05

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.p1 - self.p0 < 0.01:
            raise RuleError("p1", f"at least .01 above p0, {self.p0:g}")
        return self


class Thresholds(Part):
    """When an annotation or an annotator is flagged. Seconds, counts, and a share of right answers.

    Attributes
    ----------
    min_gold, gold_accuracy : int, float
        So many gold answers at least, and less than this share of them right: flagged, which sanctions nobody.
    gold_test : GoldTest
        What sanctions: a training the first time, a pause each time after.
    training_items : int
        So many training answers, at least p1 of them right, end a training early.
    pause_hours : int
        After so long a training or a pause ends by itself.
    """

    too_fast_s: Annotated[Seconds, Field(ge=0)] = 5.0
    too_slow_s: Annotated[Seconds, Field(gt=0)] = 600.0
    min_gold: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = 10
    gold_accuracy: Share = 0.7
    factors: Factors = Factors()
    gold_test: GoldTest = GoldTest()
    training_items: Annotated[int, Field(strict=True, ge=1, le=1_000)] = 5
    pause_hours: Annotated[int, Field(strict=True, ge=1, le=720)] = 24

    @model_validator(mode="after")
    def _leave_room(self) -> Self:
        if self.too_slow_s <= self.too_fast_s:
            raise RuleError("too_slow_s", f"more than too_fast_s, {self.too_fast_s:g}")
        return self


class AgreementThresholds(Part):
    """When agreement, by the lower bound of alpha, is too low to sanction on, and high enough to automate the work.

    Nothing is said of fewer than `min_units` units: questions on tasks with two votes at least.
    """

    low: Share = 0.6
    high: Share = 0.8
    min_units: Annotated[int, Field(strict=True, ge=2, le=1_000_000)] = 50

    @model_validator(mode="after")
    def _leave_room(self) -> Self:
        if self.high <= self.low:
            raise RuleError("high", f"more than low, {self.low:g}")
        return self


class Project(Contract):
    """A project's settings. `expected_version` guards against overwriting a change one has not seen.

    Attributes
    ----------
    mappings : dict of str to ClassMapping
        Of each label space that this record changes: what becomes of its classes. Those not named stay. It needs an
        actor and a reason, and is no part of the settings: the next record has none, or others.
    """

    project: Id
    version: Version = 1
    guidelines_version: Id = "1"
    policy: Policy = Policy()
    thresholds: Thresholds = Thresholds()
    agreement: AgreementThresholds = AgreementThresholds()
    label_spaces: dict[Id, LabelSpace] = Field(default_factory=dict, max_length=200)
    actor: Id | None = None
    reason: Reason | None = None
    at: Moment | None = None
    expected_version: Count | None = None
    mappings: dict[Id, ClassMapping] = Field(default_factory=dict, max_length=20)

    @model_validator(mode="after")
    def _is_mapped_for_a_reason(self) -> Self:
        if self.mappings:
            for field in ("actor", "reason"):
                if not getattr(self, field):
                    raise RuleError(field, "some, as mappings are given")
        return self

    @model_validator(mode="before")
    @classmethod
    def _is_no_other_message(cls, given: Any) -> Any:
        # Everything but the name has a default, so whatever names a project would set it back to the defaults.
        for field in ("task_id", "annotator_id", "policy_version"):
            if isinstance(given, dict) and field in given:
                raise RuleError(field, "no such field: this is another topic's message")
        return given

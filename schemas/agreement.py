"""agreement: how far a project's annotators agree, key project. Names tasks: for staff only."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.common import Contract, Count, Id, Moment, MoneyUsd, Number, Part, Share, SumUsd, Yes
from schemas.label_spaces import Name
from schemas.project_deltas import AgreementScale, AnnotatorDigest, PartName

Metric = Literal["nominal", "ordinal", "interval", "ratio"]


class UndefinedReason(StrEnum):
    """Why a statistic has no value."""

    no_units = "no_units"
    one_value = "one_value"
    negative_values = "negative_values"
    few_shared_items = "few_shared_items"


class AgreementStanding(StrEnum):
    """What follows from a project's agreement; `unknown` while there are too few items."""

    unknown = "unknown"
    low = "low"
    fair = "fair"
    high = "high"


class Statistic(Part):
    """A value, or the reason why there is none."""

    value: Number | None = None
    reason: UndefinedReason | None = None


class UnitsByRaters(Part):
    """How many units have so many votes."""

    raters: Count
    units: Count


class AgreementFigures(Part):
    """Agreement over a set of units.

    Attributes
    ----------
    alpha : dict
        Krippendorff's, by the metrics that make sense.
    lower : Statistic
        What alpha is at least, at 95%; nominal, for steps interval.
    """

    units: Count
    votes: Count
    raters: list[UnitsByRaters] = Field(default_factory=list)
    alpha: dict[Metric, Statistic]
    lower: Statistic
    ac1: Statistic
    raw: Statistic


class DayAgreement(Part):
    """One day's units: those whose newest vote came on it."""

    day: date
    units: Count
    votes: Count
    alpha: Statistic
    raw: Statistic


class PairKappa(Part):
    """Cohen's kappa of two annotators over `n` items, with its 95% interval. Digests stand for their ids."""

    one: AnnotatorDigest
    other: AnnotatorDigest
    n: Count
    kappa: Number
    low: Number
    high: Number


class MeanKappa(Part):
    """The mean over `pairs`: of the pairs that are followed, those with 10 shared items at least.

    At most 64 pairs are followed, `share` of all there are, chosen by a digest of their ids.
    """

    value: Number | None = None
    reason: UndefinedReason | None = None
    share: Share
    pairs: list[PairKappa] = Field(default_factory=list)


class ConfusedClasses(Part):
    """Two categories that votes on the same unit were for, and their share of all disagreement on the question."""

    question: PartName
    one: Name
    other: Name
    share: Share


class DisputedTask(Part):
    """A task, and the share of pairs of its votes that differ."""

    task_id: Id
    question: PartName
    dispute: Share
    votes: Count


class QuestionAgreement(Part):
    """One question, or one part of a dialog: over all time, over the last 30 days, and for each of these."""

    question: PartName
    scale: AgreementScale
    all_time: AgreementFigures
    recent: AgreementFigures
    days: list[DayAgreement] = Field(default_factory=list)
    kappa: MeanKappa


class PolicyFigures(Part):
    """What closing tasks early would have saved and cost, by a rule of the project's policy that runs in shadow.

    `tasks` without gold, and on `gold` tasks, as they closed; a rule is followed as `Policy` names it.

    Attributes
    ----------
    votes, votes_saved : int
        Votes that the tasks closed with, and how many of them the rule would not have asked for.
    paid_usd, saved_usd : Decimal
        What these cost, at what the tasks pay.
    differing : int
        Tasks that would have had another label.
    gold_accuracy, gold_accuracy_by_rule : float or None
        Share of right labels that the votes on gold come to: all of them, and those that the rule would have had.
    """

    target_confidence: Share | None = None
    value_usd: MoneyUsd | None = None
    min_redundancy: Count
    tasks: Count
    votes: Count
    votes_saved: Count
    paid_usd: SumUsd
    saved_usd: SumUsd
    differing: Count
    gold: Count
    gold_accuracy: Share | None = None
    gold_accuracy_by_rule: Share | None = None


class Agreement(Contract):
    """A project's agreement, gold left out. `alpha` and `lower` are the questions' means, weighted by their votes.

    Attributes
    ----------
    questions_left_out : bool
        Whether the project has more questions than are followed.
    disputed : list
        The ten tasks whose votes differ most.
    confused : list
        The ten pairs of categories with the most disagreement.
    policies : list
        What rules in shadow would have saved, the newest first.
    """

    project: Id
    units: Count
    votes: Count
    alpha: Statistic
    lower: Statistic
    standing: AgreementStanding
    sanctions_frozen: Yes = False
    questions: list[QuestionAgreement] = Field(default_factory=list)
    questions_left_out: Yes = False
    disputed: Annotated[list[DisputedTask], Field(max_length=10)] = Field(default_factory=list)
    confused: Annotated[list[ConfusedClasses], Field(max_length=10)] = Field(default_factory=list)
    policies: list[PolicyFigures] = Field(default_factory=list)
    at: Moment

"""annotations.scored: an annotation with what is known of its annotator, key task_id."""

from __future__ import annotations

from enum import StrEnum

from schemas.annotations import Annotation
from schemas.common import AnnotatorKind, Count, Share, Standing, Tier
from schemas.inference import AnnotatorCounts


class Flag(StrEnum):
    """What an annotation or its annotator was flagged for."""

    too_fast = "too_fast"
    too_slow = "too_slow"
    below_gold_threshold = "below_gold_threshold"


class ScoredAnnotation(Annotation):
    """An annotation after the annotator side.

    Attributes
    ----------
    quality_score : float
        Product of the factors of its flags.
    reliability : float
        Smoothed probability that the annotator answers rightly, from `reliability_n` outcomes.
    policy_version : int
        Version of the project's settings that was applied; 0 when none was known yet.
    counts : list or None
        The annotator's counts that the task's partition does not have yet.
    standing : Standing
        The annotator's in the project: the most severe of those for its task types.
    session : int
        Which of the annotator's sessions in the project it belongs to; half an hour without work ends one. 0: unknown.
    """

    flags: list[Flag]
    quality_score: Share
    reliability: Share
    reliability_n: Count
    tier: Tier
    kind: AnnotatorKind
    policy_version: Count
    counts: list[AnnotatorCounts] | None = None
    standing: Standing = Standing.active
    session: Count = 0

"""The contracts: one module per topic, with examples and exported JSON Schema. Importing this package does no I/O.

What happens to the data is in `streams`; nothing here knows about it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel

from schemas.agreement import Agreement, AgreementStanding, UndefinedReason
from schemas.annotations import Action, Annotation, NonAnswer
from schemas.annotators import Annotator, RetractVotes
from schemas.common import AnnotatorKind, GoldKind, Id, Standing, TaskType, Tier
from schemas.dead_letters import DeadLetter
from schemas.erased import Erased, ErasureProgress, ErasureSide
from schemas.erasures import Erasure, ErasureKind
from schemas.errors import explain
from schemas.globals import Globals, SpaceChange
from schemas.gold import Gold
from schemas.label_spaces import (
    AnswerError,
    ClassificationSpace,
    ClassMapping,
    DialogSpace,
    FreeTextSpace,
    LabelSpace,
    LikertSpace,
    PairwiseSpace,
    RankingSpace,
    SimpleSpace,
    SpanSpace,
)
from schemas.labels import Label, LabelAnswer, LabelStatus
from schemas.outcomes import Outcome, OutcomeKind
from schemas.project_deltas import ProjectDelta
from schemas.projects import AgreementThresholds, Factors, GoldTest, Policy, Project, Thresholds
from schemas.quality_events import AnnotatorWork, QualityEvent, QualityEventKind
from schemas.retractions import Retraction
from schemas.reviews import Review, Verdict
from schemas.scored import Flag, ScoredAnnotation
from schemas.tasks import Question, Task
from schemas.ticks import Tick

CONTRACTS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {
        "projects": Project,
        "tasks": Task,
        "gold": Gold,
        "reviews": Review,
        "annotators": Annotator,
        "annotations": Annotation,
        "annotations.scored": ScoredAnnotation,
        "outcomes": Outcome,
        "project-deltas": ProjectDelta,
        "retractions": Retraction,
        "globals.a": Globals,
        "globals.t": Globals,
        "ticks.a": Tick,
        "ticks.t": Tick,
        "erasures.a": Erasure,
        "erasures.t": Erasure,
        "erasures.done": Erased,
        "labels": Label,
        "labels.latest": Label,
        "quality-events": QualityEvent,
        "agreement": Agreement,
        "dead-letters": DeadLetter,
    }
)
"""Topic to contract."""

__all__ = [
    "CONTRACTS",
    "Action",
    "Agreement",
    "AgreementStanding",
    "AgreementThresholds",
    "Annotation",
    "Annotator",
    "AnnotatorKind",
    "AnnotatorWork",
    "AnswerError",
    "ClassMapping",
    "ClassificationSpace",
    "DeadLetter",
    "DialogSpace",
    "Erased",
    "Erasure",
    "ErasureKind",
    "ErasureProgress",
    "ErasureSide",
    "Factors",
    "Flag",
    "FreeTextSpace",
    "Globals",
    "Gold",
    "GoldKind",
    "GoldTest",
    "Id",
    "Label",
    "LabelAnswer",
    "LabelSpace",
    "LabelStatus",
    "LikertSpace",
    "NonAnswer",
    "Outcome",
    "OutcomeKind",
    "PairwiseSpace",
    "Policy",
    "Project",
    "ProjectDelta",
    "QualityEvent",
    "QualityEventKind",
    "Question",
    "RankingSpace",
    "RetractVotes",
    "Retraction",
    "Review",
    "ScoredAnnotation",
    "SimpleSpace",
    "SpaceChange",
    "SpanSpace",
    "Standing",
    "Task",
    "TaskType",
    "Thresholds",
    "Tick",
    "Tier",
    "UndefinedReason",
    "Verdict",
    "explain",
]

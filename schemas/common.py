"""What the contracts share: ids, names from the field, and the model they derive from."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

Id = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Field(description="1 to 200 characters, no control characters."),
]
Version = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Json = Any
Moment = Annotated[AwareDatetime, Field(description="ISO 8601, with its zone.")]


class Tier(StrEnum):
    """How far an annotator has come; a task may require one."""

    crowd = "crowd"
    trained = "trained"
    expert = "expert"
    domain_specialist = "domain_specialist"

    @property
    def rank(self) -> int:
        """0 for the lowest tier."""
        return _RANKS[self]


_RANKS = {tier: rank for rank, tier in enumerate(Tier)}


class TaskType(StrEnum):
    """What kind of judgement a task asks for."""

    preference_ranking = "preference_ranking"
    likert_scale = "likert_scale"
    classification = "classification"
    span_annotation = "span_annotation"
    free_text = "free_text"
    pairwise_comparison = "pairwise_comparison"
    multi_turn_dialog = "multi_turn_dialog"


class AnnotatorKind(StrEnum):
    """Who annotates: a person, or a model acting as one."""

    human = "human"
    judge = "judge"


class GoldKind(StrEnum):
    """Why a known answer is there: to measure, to check attention, or to teach."""

    gold = "gold"
    attention = "attention"
    training = "training"


class Contract(BaseModel):
    """Base of every contract.

    Unknown fields are ignored and every added field has a default, so old readers read new data and new readers old.
    """

    model_config = ConfigDict(extra="ignore", use_enum_values=False)

    schema_version: Version = 1


MoneyUsd = Annotated[
    Decimal,
    Field(ge=0, max_digits=12, decimal_places=6, description="US dollars, as a string or a number; never a float inside."),
    PlainSerializer(str, return_type=str, when_used="json"),
]

"""What the contracts share: ids, numbers, names from the field, and the model they derive from."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    StringConstraints,
)
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True, slots=True)
class _Expected:
    """Says what was expected, for people, instead of what the validator tripped over.

    `pattern` holds in JSON only: there a time may not be a number, nor a string of digits.
    """

    message: str
    pattern: str | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        if self.pattern is not None:
            text = core_schema.str_schema(pattern=self.pattern)
            schema = core_schema.json_or_python_schema(core_schema.chain_schema([text, schema]), schema)
        return core_schema.custom_error_schema(schema, "expected", custom_error_message=f"expected {self.message}")


LARGEST = 2**53 - 1
"""The largest whole number that every JSON reader reads exactly."""

# Strict: a number is not a string of digits, nor is true the number 1. JSON Schema says the same.
Count = Annotated[int, Field(strict=True, ge=0, le=LARGEST)]
Version = Annotated[int, Field(strict=True, ge=1, le=LARGEST)]
Votes = Annotated[int, Field(strict=True, ge=1, le=64)]
Number = Annotated[float, Field(strict=True)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Yes = Annotated[bool, Field(strict=True)]

Id = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$"),
    _Expected("1 to 200 characters, none of them a control character"),
]
Moment = Annotated[
    AwareDatetime,
    _Expected("a time in ISO 8601 with its zone, such as 2026-03-01T10:00:00Z", r"^\d{4}-\d{2}-\d{2}[Tt ]"),
    Field(json_schema_extra={"format": "date-time"}),
]
MoneyUsd = Annotated[
    Decimal,
    Field(
        ge=0,
        max_digits=12,
        decimal_places=6,
        description="US dollars, as a string or a number, at most 6 decimals.",
        json_schema_extra={"pattern": r"^[0-9]{1,12}([.][0-9]{1,6})?$"},
    ),
    PlainSerializer(str, return_type=str, when_used="json"),
]
SumUsd = Annotated[
    Decimal,
    Field(
        ge=0,
        max_digits=22,
        decimal_places=6,
        description="US dollars of many tasks, as a string.",
        json_schema_extra={"pattern": r"^[0-9]{1,16}([.][0-9]{1,6})?$"},
    ),
    PlainSerializer(str, return_type=str, when_used="json"),
]
Reason = Annotated[str, Field(max_length=2000)]
Json = Any


class Tier(StrEnum):
    """How far an annotator has come; a task may require one. Compare ranks: as strings, tiers sort by spelling."""

    crowd = "crowd"
    trained = "trained"
    expert = "expert"
    domain_specialist = "domain_specialist"

    @property
    def rank(self) -> int:
        """0 for the lowest tier.

        >>> Tier.trained.rank < Tier.expert.rank
        True
        """
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


class Standing(StrEnum):
    """What the machine lets an annotator do: work; work with more gold; train; nothing for a time."""

    active = "active"
    watched = "watched"
    training = "training"
    paused = "paused"


class GoldKind(StrEnum):
    """Why a known answer is there: to measure, to check attention, or to teach."""

    gold = "gold"
    attention = "attention"
    training = "training"


class RuleError(ValueError):
    """A rule between the fields of one model is broken.

    Parameters
    ----------
    field : str
        The place to look at, from the model on: ``max``, ``questions.0.label_space``.
    expected : str
        What was expected there.
    """

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field = field
        self.expected = expected


class Part(BaseModel):
    """Base of what contracts are made of. Unknown fields are ignored, so old readers read new data."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class Contract(Part):
    """Base of every contract. A field added later has a default, so new readers read old data."""

    schema_version: Version = 1

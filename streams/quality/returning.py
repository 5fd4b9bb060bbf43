"""What one side writes and another reads back: the fields that are read, decoded without building the contract.

The contracts of these topics are `schemas.ScoredAnnotation`, `schemas.Outcome` and `schemas.ProjectDelta`; a test holds
the fields here to theirs. Their records are written by goldstream alone, so they were validated when they came in;
types are checked again, since anybody may write to a topic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from streams.events import CONTROL, Rejected

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_FEW = msgspec.Meta(min_length=2, max_length=50)


class ScoredVote(msgspec.Struct, frozen=True, gc=False):
    """What the task side reads of a scored annotation."""

    annotation_id: Id
    task_id: Id
    annotator_id: Id
    project: Id
    reliability: Share
    quality_score: Share
    action: Literal["submit", "edit", "withdraw"] = "submit"
    label: Any = None
    non_answer: Literal["cannot_decide", "broken_item", "unsafe_content", "not_my_language"] | None = None


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """What the annotator side reads of an outcome."""

    annotator_id: Id
    task_id: Id
    annotation_id: Id
    project: Id
    kind: Literal["gold", "attention", "training", "consensus"]
    sign: Literal[1, -1]
    correct: bool


Change = Annotated[int, msgspec.Meta(ge=-(2**53 - 1), le=2**53 - 1)]
Category = Annotated[int, msgspec.Meta(ge=0, le=63)]
Day = Annotated[int, msgspec.Meta(ge=0, le=3_000_000)]
Raters = Annotated[int, msgspec.Meta(ge=2, le=200)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


class ToldScale(msgspec.Struct, frozen=True, gc=False):
    """What may be answered to a question whose sums changed."""

    type: Literal["classification", "likert_scale", "pairwise_comparison"]
    categories: Annotated[list[Annotated[str, msgspec.Meta(min_length=1, max_length=200)]], _FEW]
    first: Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)] | None = None


class QuestionChange(msgspec.Struct, frozen=True, gc=False):
    """What changed in the sums of one question."""

    question: Annotated[str, msgspec.Meta(min_length=1, max_length=420)]
    scale: ToldScale
    sums: list[tuple[Day, Raters, Category, Category, Change]] = []
    couples: list[tuple[Id, Id, Category, Category, Change]] = []
    disputed: list[tuple[Id, Annotated[int, msgspec.Meta(ge=0, le=1_000_000)], Count]] = []


class ProjectChange(msgspec.Struct, frozen=True, gc=False):
    """What the project side reads of a project's deltas."""

    project: Id
    changes: Count = 0
    agreement: list[QuestionChange] = []


T = TypeVar("T", bound=msgspec.Struct)


def reader(type: type[T]) -> Callable[[bytes], T]:
    """Return the decoder of `type`: bytes to `type`, or `Rejected` as `streams.quality.decode.contract` has it."""
    decode = msgspec.json.Decoder(type).decode
    ids = [field.name for field in msgspec.structs.fields(type) if field.type == Id]

    def read(raw: bytes) -> T:
        try:
            value = decode(raw)
        except msgspec.ValidationError as error:
            raise Rejected("invalid", str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Rejected("malformed_json", f"value: {error}") from None
        # JSON has control characters as escapes or in these bytes: few records need a look at each id.
        if b"\\" in raw or b"\x7f" in raw or b"\xc2" in raw:
            for name in ids:
                if CONTROL.search(getattr(value, name)):
                    raise Rejected("invalid", f"{name}: expected no control character")
        return value

    return read

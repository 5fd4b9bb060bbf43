"""What one side writes and another reads back: the fields that are read, decoded without building the contract.

The contracts of these topics are `schemas.ScoredAnnotation` and `schemas.Outcome`; a test holds the fields here to
theirs. Their records are written by goldstream alone, so they were validated when they came in; types are checked
again, since anybody may write to a topic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from schemas import TaskType
from streams.events import CONTROL, Rejected

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Fixed = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
SpaceId = Annotated[str, msgspec.Meta(max_length=16, pattern="^[0-9a-f]{16}")]


class Counts(msgspec.Struct, frozen=True, gc=False):
    """An annotator's counts on one label space, as they came: `schemas.inference.AnnotatorCounts`."""

    space: SpaceId
    classes: Annotated[int, msgspec.Meta(ge=2, le=50)]
    version: Annotated[int, msgspec.Meta(ge=1)]
    counts: list[tuple[Annotated[int, msgspec.Meta(ge=0, lt=2500)], Annotated[int, msgspec.Meta(ge=0)]]]
    strengths: tuple[Fixed, Fixed, Fixed] = (1_000_000, 0, 0)


class Shown(msgspec.Struct, frozen=True, gc=False):
    """Evidence on one label space: `schemas.inference.Evidence`."""

    space: SpaceId
    classes: Annotated[int, msgspec.Meta(ge=2, le=50)]
    given: Annotated[int, msgspec.Meta(ge=0, lt=50)]
    change: list[tuple[Annotated[int, msgspec.Meta(ge=0, lt=50)], int]]


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
    counts: list[Counts] | None = None
    time_spent_s: NotNegative = 0.0
    session: Count = 0
    kind: Literal["human", "judge"] = "human"
    presented_order: Annotated[list[str], msgspec.Meta(max_length=200)] | None = None


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """What the annotator side reads of an outcome."""

    annotator_id: Id
    task_id: Id
    annotation_id: Id
    project: Id
    kind: Literal["gold", "attention", "training", "consensus", "posterior"]
    sign: Literal[1, -1]
    correct: bool | None
    task_type: TaskType
    question_id: Id
    answer: Any = None
    truth: Any = None
    session: Count = 0
    time_spent_s: NotNegative | None = None
    similarity_key: Id | None = None
    evidence: list[Shown] | None = None


T = TypeVar("T", bound=msgspec.Struct)

_ESCAPE, _DELETE = b"\\\x7f"
"""Bytes as numbers, which are found ten times as fast."""


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
        if not raw.isascii() or _ESCAPE in raw or _DELETE in raw:
            for name in ids:
                if CONTROL.search(getattr(value, name)):
                    raise Rejected("invalid", f"{name}: expected no control character")
        return value

    return read

"""What one side writes and another reads back: the fields that are read, decoded without building the contract.

The contracts of these topics are `schemas.ScoredAnnotation` and `schemas.Outcome`; a test holds the fields here to
theirs. Their records are written by goldstream alone, so they were validated when they came in; types are checked
again, since anybody may write to a topic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from streams.events import Rejected

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class ScoredVote(msgspec.Struct, frozen=True, gc=False):
    """What the task side reads of a scored annotation."""

    annotation_id: str
    task_id: str
    annotator_id: str
    project: str
    reliability: Share
    quality_score: Share
    action: Literal["submit", "edit", "withdraw"] = "submit"
    label: Any = None
    non_answer: Literal["cannot_decide", "broken_item", "unsafe_content", "not_my_language"] | None = None


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """What the annotator side reads of an outcome."""

    annotator_id: str
    task_id: str
    annotation_id: str
    project: str
    kind: Literal["gold", "attention", "training", "consensus"]
    sign: Literal[1, -1]
    correct: bool


T = TypeVar("T", bound=msgspec.Struct)


def reader(type: type[T]) -> Callable[[bytes], T]:
    """Return the decoder of `type`: bytes to `type`, or `Rejected` as `streams.quality.decode.contract` has it."""
    decode = msgspec.json.Decoder(type).decode

    def read(raw: bytes) -> T:
        try:
            return decode(raw)
        except msgspec.ValidationError as error:
            raise Rejected("invalid", str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Rejected("malformed_json", f"value: {error}") from None

    return read

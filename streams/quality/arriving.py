"""Annotations as nearly all of them arrive, decoded without building their contract, at a fifth of its time.

`schemas.Annotation` stays the contract: whatever is not plainly fine here goes to it, and it alone refuses. A test
holds the two together: what is taken here, the contract takes with equal values.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

from schemas import Action, Annotation, NonAnswer
from streams.quality.decode import contract

_LARGEST = 2**53 - 1

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Answer = str | Annotated[int, msgspec.Meta(ge=-_LARGEST, le=_LARGEST)] | list[str] | None


# Unknown fields are for the contract too: what is skipped here is not looked at.
class PlainAnnotation(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What `schemas.Annotation` has, for the plainest answers: a text, a whole number, a list of texts."""

    annotation_id: _Id
    task_id: _Id
    annotator_id: _Id
    project: _Id
    time_spent_s: Annotated[float, msgspec.Meta(ge=0, le=604_800)]
    submitted_at: Annotated[datetime, msgspec.Meta(tz=True)]
    action: Action = Action.submit
    label: _Answer = None
    non_answer: NonAnswer | None = None
    confidence: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    presented_order: Annotated[list[str], msgspec.Meta(max_length=200)] | None = None
    schema_version: Annotated[int, msgspec.Meta(ge=1, le=_LARGEST)] = 1


Arrived: TypeAlias = Annotation | PlainAnnotation

_LONG_FRACTION = re.compile(rb"\.[0-9]{7}")
"""Of a fraction beyond microseconds the contract drops the rest, and this decoder rounds it."""

_ESCAPE, _DELETE = b"\\\x7f"
"""Bytes as numbers, which are found ten times as fast."""

_WITHDRAW = Action.withdraw
_plain = msgspec.json.Decoder(PlainAnnotation).decode
_whole = contract(Annotation)


def annotation(raw: bytes) -> Arrived:
    """Return the annotation in `raw`; raise `Rejected` as `streams.quality.decode.contract` has it."""
    try:
        found = _plain(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _whole(raw)
    answered = (found.label is not None) + (found.non_answer is not None)
    if (
        answered == (found.action is not _WITHDRAW)
        # No control character can be in an id: JSON has no bare ones but the last of ASCII, and escapes are excluded.
        and raw.isascii()
        and _ESCAPE not in raw
        and _DELETE not in raw
        and not _LONG_FRACTION.search(raw)
    ):
        return found
    return _whole(raw)

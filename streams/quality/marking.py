"""What the marks of a task show of its voters' precision and recall: told when it has moved, and taken back exactly.

A vote on spans is told as the confusion of its characters: beside gold, or else beside the probabilities that all votes
come to. Rounded to spans, or without the vote itself, those would let trust decay in a loop.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from schemas import SpanSpace
from streams.quality.aggregation.span_annotation import length_of, posterior
from streams.quality.aggregation.span_confusion import CLASSES, OUTSIDE_MARKED, Soft, confusion
from streams.quality.aggregation.spans import typed
from streams.quality.case import Case
from streams.quality.casting import cast
from streams.quality.inference import constants
from streams.quality.inferring import Reading
from streams.quality.keys import FIXED
from streams.quality.spaces import Part
from streams.quality.task_state import Entry


class Expected(NamedTuple):
    """What the characters of a text of that length should be marked as."""

    pieces: list[Soft]
    length: int


def expected(case: Case, reading: Reading | None) -> dict[int, Expected]:
    """Return what votes are told by, for each part of spans by its number among the task's.

    That is a known truth, or else the probabilities that the counted votes come to; nothing without a reading of them.
    """
    found: dict[int, Expected] = {}
    if not any(part.is_spans for part in case.parts):
        return found
    first = 0
    for place, question in enumerate(case.asked):
        for number, part in enumerate(question.parts, first):
            space = part.leaf.space
            if isinstance(space, SpanSpace):
                one = _expected(case, reading, space, place, first, number)
                if one is not None:
                    found[number] = one
        first += len(question.parts)
    return found


def _expected(
    case: Case, reading: Reading | None, space: SpanSpace, place: int, first: int, number: int
) -> Expected | None:
    task, part = case.task, case.parts[number]
    truth = task.known
    if truth is not None:
        right = part.leaf.answer(truth.answers[place])
        pieces = [Soft(*piece, label, FIXED) for label, pieces in typed(right).items() for piece in pieces]
        given = [part.leaf.answer(entry.answers[place]) for entry in task.entries if entry.answers is not None]
        return Expected(pieces, length_of(space, [right, *given]))
    if reading is None:
        return None
    votes = [entry for entry in task.entries[: task.counted] if entry.answers is not None]
    own = cast(case, votes, reading, place, first)[number - first]
    return Expected(posterior(space, own), length_of(space, [vote.answer for vote in own]))


def change(entry: Entry, part: Part, number: int, answer: Any, after: Expected | None) -> list[dict[str, Any]]:
    """Return the evidence that brings a vote's annotator from what was told of a part to `after`; the vote keeps it.

    What has hardly moved is left as it was told.
    """
    before = entry.marked[number] if entry.marked else []
    new = [] if after is None else confusion(answer, after.pieces, after.length)
    differences = [one - other for one, other in zip(new or _NOTHING, before or _NOTHING, strict=True)]
    if before and new and sum(map(abs, differences)) <= constants.MOVED * sum(new[OUTSIDE_MARKED:]):
        return []
    marked = entry.marked or [[]] * len(entry.places)
    marked = [*marked[:number], new, *marked[number + 1 :]]
    entry.marked = marked if any(marked) else []
    return [
        {"space": part.space_id, "classes": CLASSES, "given": mark, "change": moved}
        for mark in range(CLASSES)
        if (moved := [[k, one] for k in range(CLASSES) if (one := differences[k * CLASSES + mark])])
    ]


_NOTHING = [0] * CLASSES**2

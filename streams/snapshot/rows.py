"""What a snapshot says of a label: a row for each question, and which labels it leaves out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

SETTLED: Final = "settled"
KNOWN: Final = "gold"
"""What closes a label whose answer was known: an export of it would say nothing of the annotators, and leak gold."""


class Answer(msgspec.Struct, gc=False):
    """One question's answer, as labels carry it."""

    label: Any = None
    confidence: float | None = None
    vote_share: float | None = None
    agreement: float | None = None
    distribution: dict[str, float] = {}
    calibrated: bool = False
    reason: str | None = None
    effective_votes: float | None = None
    details: dict[str, Any] = {}


class Label(msgspec.Struct, gc=False):
    """A label as it is read: `schemas.Label`."""

    task_id: str
    project: str
    task_type: str
    version: int
    status: str
    reason: str
    answers: dict[str, Answer]
    votes: int
    non_answers: int
    policy_version: int
    at: str
    closed_by: str | None = None
    guidelines_version: str | None = None


class Row(msgspec.Struct, gc=False):
    """One question of one task, in the order of the file's fields.

    `distribution` is the soft label, `details` what only its task type has. A label without answers, such as an
    unusable one, is one row without a question.
    """

    task_id: str
    question_id: str | None
    project: str
    task_type: str
    status: str
    label: Any
    confidence: float | None
    calibrated: bool
    distribution: dict[str, float]
    vote_share: float | None
    agreement: float | None
    effective_votes: float | None
    details: dict[str, Any]
    votes: int
    non_answers: int
    reason: str
    closed_by: str | None
    version: int
    policy_version: int
    guidelines_version: str | None
    at: str


_decode = msgspec.json.Decoder(Label).decode


def read_label(value: bytes) -> Label | None:
    """Return a record's label; None where it is none."""
    try:
        return _decode(value)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def left_out(label: Label, project: str | None, statuses: frozenset[str]) -> str | None:
    """Return why a label is not in the snapshot, as its manifest counts it; None where it is.

    Parameters
    ----------
    project : str or None
        The only one that is wanted.
    statuses : frozenset of str
        Those that are wanted.
    """
    if project is not None and label.project != project:
        return "other_projects"
    if label.closed_by == KNOWN:
        return KNOWN
    return None if label.status in statuses else label.status


def rows(label: Label) -> Iterator[Row]:
    """Yield a label's rows, in the order of its questions."""
    answers: Iterable[tuple[str | None, Answer]] = label.answers.items() or [(None, Answer())]
    for question_id, answer in answers:
        yield Row(
            task_id=label.task_id,
            question_id=question_id,
            project=label.project,
            task_type=label.task_type,
            status=label.status,
            label=answer.label,
            confidence=answer.confidence,
            calibrated=answer.calibrated,
            distribution=answer.distribution,
            vote_share=answer.vote_share,
            agreement=answer.agreement,
            effective_votes=answer.effective_votes,
            details=answer.details,
            votes=label.votes,
            non_answers=label.non_answers,
            reason=answer.reason or label.reason,
            closed_by=label.closed_by,
            version=label.version,
            policy_version=label.policy_version,
            guidelines_version=label.guidelines_version,
            at=label.at,
        )

"""Spans as a file gives them, what the labels of a replay mark, and how that compares with the truth by characters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import msgspec

from schemas import SpanSpace
from streams.quality.aggregation import span_annotation
from streams.quality.aggregation.spans import typed
from streams.quality.aggregation.votes import Vote
from streams.replay.files import FileError
from streams.replay.history import History

MOST_LABELS, MOST_CHARS = 200, 200
UNNAMED = "span"
"""The label of spans that have none."""

Marks: TypeAlias = list[dict[str, Any]]


@dataclass(frozen=True)
class Spans:
    """What may be marked.

    Attributes
    ----------
    names : tuple of str
        The spans' labels.
    """

    names: tuple[str, ...]

    @property
    def task_type(self) -> str:
        """The task type that asks for such an answer."""
        return "span_annotation"

    @property
    def space(self) -> dict[str, Any]:
        """The label space as `schemas.label_spaces` has it."""
        return {"type": "span_annotation", "labels": list(self.names)}

    def answer(self, name: str) -> Marks:
        """Return a label of the file as annotations carry it."""
        return marks(name)

    def allows(self, name: str) -> bool:
        """Return whether it may be answered: the labels of the truth are among the names."""
        return all(mark["label"] in self.names for mark in marks(name))


class Marked(NamedTuple):
    """What a label marks, undecided ones included, and from how many votes."""

    marks: Marks
    votes: int = 0
    status: str = ""
    confidence: float | None = None


class Scores(NamedTuple):
    """Over all tasks together, by characters; `exact_f1` by whole spans. None where nothing is marked or true."""

    character_f1: float | None
    precision: float | None
    recall: float | None
    exact_f1: float | None


class _Answer(msgspec.Struct):
    label: Marks | None = None
    confidence: float | None = None
    details: dict[str, Any] = {}


class _Label(msgspec.Struct):
    status: str
    votes: int
    answers: dict[str, _Answer]


_decode = msgspec.json.Decoder(_Label).decode
_list = msgspec.json.Decoder(list[Any]).decode


def spans_of(history: History) -> Spans:
    """Return the labels of the spans in a history and its truth.

    Raises
    ------
    FileError
        A label of the file is no list of spans, or there are too many different ones.
    """
    names: set[str] = set()
    for answer in history.answers:
        try:
            names.update(mark["label"] for mark in marks(answer.label))
        except ValueError as error:
            raise FileError(history.path, answer.line, history.columns.label, str(error)) from None
    for task, label in history.truth.items():
        try:
            names.update(mark["label"] for mark in marks(label))
        except ValueError as error:
            raise FileError(history.path, None, None, f"the truth of task {task!r}: {error}") from None
    if len(names) > MOST_LABELS:
        error_ = f"expected at most {MOST_LABELS} different labels of spans, got {len(names)}"
        raise FileError(history.path, None, history.columns.label, error_)
    return Spans(tuple(sorted(names)) or (UNNAMED,))


def marks(text: str) -> Marks:
    """Return the spans of a label: JSON, a list of ``[start, end]``, ``[start, end, label]`` or objects of the three.

    Characters count from 0, and the end is the first one beyond. Empty spans mark nothing and are left out.

    Raises
    ------
    ValueError
        It is something else.

    Examples
    --------
    >>> marks('[[0, 4], [6, 9, "drug"], [5, 5]]')
    [{'start': 0, 'end': 4, 'label': 'span'}, {'start': 6, 'end': 9, 'label': 'drug'}]
    """
    try:
        found = [_mark(one) for one in _list(text)]
    except msgspec.DecodeError:
        raise ValueError(f"expected a JSON list of [start, end] or [start, end, label], got {text[:40]!r}") from None
    return [mark for mark in found if mark["end"] > mark["start"]]


def _mark(given: Any) -> dict[str, Any]:
    if isinstance(given, dict):
        start, end, label = given.get("start"), given.get("end"), given.get("label", UNNAMED)
    elif isinstance(given, list) and 2 <= len(given) <= 3:
        start, end, label = (*given, UNNAMED)[:3]
    else:
        start = end = label = None
    if type(start) is not int or type(end) is not int or not 0 <= start <= end or not _is_name(label):
        raise ValueError(f"expected [start, end] or [start, end, label], 0 <= start <= end, got {str(given)[:40]!r}")
    return {"start": start, "end": end, "label": label}


def _is_name(label: Any) -> bool:
    return isinstance(label, str) and 1 <= len(label) <= MOST_CHARS


def marked(raw: bytes) -> Marked:
    """Read a record of the topic `labels`: of one that is undecided, the characters that are likelier in than out."""
    label = _decode(raw)
    answer = next(iter(label.answers.values()), _Answer())
    found = answer.label
    if found is None:
        pieces = answer.details.get("pieces", [])
        found = [{"start": start, "end": end, "label": name} for start, end, name, sure in pieces if sure > 1 / 2]
    return Marked(found, label.votes, label.status, answer.confidence)


def majority(history: History, spans: Spans) -> dict[str, Marked]:
    """Return the characters that more than half of a task's workers mark."""
    votes: dict[str, dict[str, Vote]] = {}
    for answer in history.answers:
        votes.setdefault(answer.task, {})[answer.worker] = Vote(marks(answer.label))
    space = SpanSpace.model_validate(spans.space)
    return {
        task: Marked(span_annotation.aggregate(space, list(given.values()), 0, plain=True).label, len(given))
        for task, given in votes.items()
    }


def scores(pairs: Iterable[tuple[Marks, Marks]]) -> Scores:
    """Return what pairs of marks and the truth are worth.

    >>> scores([(marks("[[0, 4]]"), marks("[[2, 4], [8, 10]]")), ([], [])])
    Scores(character_f1=0.5, precision=0.5, recall=0.5, exact_f1=0.0)
    """
    both = given = true = same = pieces = 0
    for found, truth in pairs:
        sums = span_annotation.overlap(found, truth)
        both, given, true = both + sums[0], given + sums[1], true + sums[2]
        one, other = _whole(found), _whole(truth)
        same, pieces = same + len(one & other), pieces + len(one) + len(other)
    return Scores(_share(2 * both, given + true), _share(both, given), _share(both, true), _share(2 * same, pieces))


def _whole(found: Marks) -> set[tuple[int, int, str]]:
    return {(*piece, label) for label, pieces in typed(found).items() for piece in pieces}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None

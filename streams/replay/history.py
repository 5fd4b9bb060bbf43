"""An annotation history as it was read: who answered what, in the file's order, and what is known to be true."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from streams.events import CONTROL
from streams.replay.files import FileError, rows

ANNOTATIONS = "annotations.csv"
TRUTH = "truth.csv"
"""Taken as the truth where it stands beside a file."""
LONGEST_S = 604_800
_ID_CHARS = 200
_ReadLabel: TypeAlias = Callable[[Path, int, str, Mapping[str, Any]], str]
JSON_CHARS = 100_000
"""Bound on a label that is JSON."""


class Answer(NamedTuple):
    """One row: `seconds` and `at` (ms since 1970) are None where the file does not tell."""

    line: int
    task: str
    worker: str
    label: str
    seconds: float | None
    at: int | None


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns are called; None where a column has its usual name, and may be missing."""

    task: str = "task"
    worker: str = "worker"
    label: str = "label"
    time: str | None = None
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class History:
    """An annotation history.

    Attributes
    ----------
    answers : list of Answer
        In the file's order. Of several by one worker on one task the last counts.
    votes : mapping of str to int
        Workers per task, in the order of the tasks' first rows.
    truth : mapping of str to str
        The right label of the tasks it is known of, those not in `votes` left out.
    """

    path: Path
    name: str
    columns: Columns
    answers: list[Answer]
    votes: Mapping[str, int]
    truth: Mapping[str, str]


def read(path: Path, columns: Columns, truth: Path | None, *, in_json: bool = False) -> History:
    """Read a history, and the truth from `truth` or from the `TRUTH` beside it.

    Parameters
    ----------
    in_json : bool
        Whether labels are JSON: what a file that is JSON itself has as a list is kept as its text.

    Raises
    ------
    FileError
        A column is missing, or a value is not what its column needs.
    """
    read_label = _json_label if in_json else _label
    answers = _answers(path, columns, read_label)
    if not answers:
        raise FileError(path, None, None, "has no annotations, only its first line")
    votes = Counter(task for task, _ in dict.fromkeys((answer.task, answer.worker) for answer in answers))
    beside = path.parent / TRUTH
    found = truth if truth is not None else beside if beside.is_file() else None
    known = {} if found is None else {task: label for task, label in _truth(found, read_label).items() if task in votes}
    if truth is not None and not known:
        raise FileError(truth, None, None, f"names none of the {len(votes)} tasks in {path}")
    return History(path, _name(path), columns, answers, votes, known)


def _name(path: Path) -> str:
    return path.absolute().parent.name if path.name == ANNOTATIONS else path.stem


def _answers(path: Path, columns: Columns, read_label: _ReadLabel) -> list[Answer]:
    given, lines = rows(path)
    for flag, column in (("task", columns.task), ("worker", columns.worker), ("label", columns.label)):
        _demand(path, given, column, flag)
    for flag, named in (("time", columns.time), ("timestamp", columns.timestamp)):
        if named is not None:
            _demand(path, given, named, flag)
    seconds = columns.time or ("time_spent_s" if "time_spent_s" in given else None)
    at = columns.timestamp or ("timestamp" if "timestamp" in given else None)
    return [
        Answer(
            line,
            _identity(path, line, columns.task, values),
            _identity(path, line, columns.worker, values),
            read_label(path, line, columns.label, values),
            None if seconds is None else _seconds(path, line, seconds, values),
            None if at is None else _moment(path, line, at, values),
        )
        for line, values in lines
    ]


def _truth(path: Path, read_label: _ReadLabel) -> dict[str, str]:
    given, lines = rows(path)
    for column in ("task", "label"):
        _demand(path, given, column, None)
    return {_identity(path, line, "task", values): read_label(path, line, "label", values) for line, values in lines}


def _demand(path: Path, given: list[str], column: str, flag: str | None) -> None:
    if column not in given:
        remedy = "" if flag is None else f"; name the right one with --{flag}-column"
        raise FileError(path, 1, column, f"is missing, there are {', '.join(map(str, given))}{remedy}")


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return str(value).lower() if isinstance(value, bool) else None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _identity(path: Path, line: int, column: str, values: Mapping[str, Any]) -> str:
    text = _text(values.get(column))
    if text is None or not 1 <= len(text) <= _ID_CHARS or CONTROL.search(text):
        raise FileError(path, line, column, f"expected an id of 1 to {_ID_CHARS} characters, none a control character")
    return text


def _label(path: Path, line: int, column: str, values: Mapping[str, Any]) -> str:
    text = _text(values.get(column))
    if not text or len(text) > _ID_CHARS:
        raise FileError(path, line, column, f"expected a label of 1 to {_ID_CHARS} characters")
    return text


def _json_label(path: Path, line: int, column: str, values: Mapping[str, Any]) -> str:
    value = values.get(column)
    text = value if isinstance(value, str) else json.dumps(value)
    if not text or len(text) > JSON_CHARS:
        raise FileError(path, line, column, f"expected JSON of 1 to {JSON_CHARS} characters")
    return text


def _seconds(path: Path, line: int, column: str, values: Mapping[str, Any]) -> float | None:
    value = values.get(column)
    if value is None or value == "":
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_S:
        raise FileError(path, line, column, f"expected seconds, 0 to {LONGEST_S}, got {str(value)[:40]!r}")
    return seconds


def _moment(path: Path, line: int, column: str, values: Mapping[str, Any]) -> int | None:
    value = values.get(column)
    if value is None or value == "":
        return None
    try:
        return milliseconds(value)
    except (TypeError, ValueError, OverflowError):
        expected = "expected a time in ISO 8601, such as 2026-03-01T10:00:00Z, or in seconds since 1970"
        raise FileError(path, line, column, f"{expected}, got {str(value)[:40]!r}") from None


def milliseconds(value: Any) -> int:
    """Return a time in ms since 1970; one without a zone is UTC. Raises `ValueError` where it is none.

    >>> milliseconds("2026-03-01T10:00:00Z"), milliseconds("1772359200"), milliseconds(1772359200.5)
    (1772359200000, 1772359200000, 1772359200500)
    """
    if isinstance(value, datetime):
        moment = value
    else:
        try:
            number = float(value)
        except ValueError:
            moment = datetime.fromisoformat(value)
        else:
            if not isfinite(number) or not 0 <= number < 1e11:
                raise ValueError("no time of this millennium")
            return round(number * 1000)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)

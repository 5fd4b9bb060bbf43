"""A task's questions: JSON text in its state, parsed once per distinct text; answers checked against them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from pydantic import TypeAdapter

from schemas import AnswerError, LabelSpace, SpanSpace, Task
from streams.events import Rejected
from streams.quality.aggregation.leaves import Leaf, categories, category, leaves

_PARSED = 1_024
QUESTIONS_CHARS = 100_000
"""Bound on a task's questions with their label spaces: they are part of its state, and of its label by class."""
_JUDGED = frozenset({"classification", "likert_scale", "pairwise_comparison"})

_space = TypeAdapter[Any](LabelSpace).validate_python
_canonical = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of a question: what is aggregated by itself.

    Attributes
    ----------
    names : tuple of str
        Its categories; none where answers are no finite list.
    space_id : str
        Identifies its list of categories, or the labels of its spans: an annotator's confusion is kept for each. Empty
        where there is none.
    is_spans : bool
        Whether its answers are spans.
    """

    leaf: Leaf
    names: tuple[str, ...]
    space_id: str
    is_spans: bool

    def place(self, answer: Any) -> int:
        """Return the place of an answer to the whole question among the categories, -1 where there are none."""
        if not self.names:
            return -1
        own = self.leaf.answer(answer)
        # A class is its own name: it need not be looked for by what kind of space it is.
        return self.names.index(own) if type(own) is str else category(self.leaf.space, own)


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its label space.

    Attributes
    ----------
    parts : tuple of Part
        Its leaves, in their order.
    judged : bool
        Whether an answer is plainly right or wrong beside a known truth.
    """

    question_id: str
    space: Any
    parts: tuple[Part, ...]
    judged: bool

    def right(self, answer: Any, truth: Any) -> bool:
        """Whether `answer` says what `truth` says; of a comparison only the winner counts."""
        if self.space.type == "pairwise_comparison":
            return bool(answer["winner"] == truth["winner"])
        return bool(answer == truth)


def digest(task: Task) -> str:
    """Return 64 bits, in hex, that identify what annotators are shown and asked."""
    content = [
        task.project,
        task.task_type,
        task.prompt,
        task.content,
        task.instructions,
        [[question.question_id, question.text, _plain(question.label_space)] for question in task.questions],
    ]
    return hashlib.blake2b(_canonical(content), digest_size=8).hexdigest()


def written(task: Task) -> str:
    """Return the questions as they are stored: ``[[question_id, space or the name of one], ...]``."""
    return _canonical([[question.question_id, _plain(question.label_space)] for question in task.questions]).decode()


def space_text(space: Any) -> str:
    """Return a label space as JSON text, without what equals its defaults."""
    return _canonical(_plain(space)).decode()


def resolved(text: str, task_type: str, named: Mapping[str, str]) -> str:
    """Replace the names of label spaces by the project's.

    Raises
    ------
    Rejected
        ``unknown_label_space`` when the project has no such space, or one of another type than a task with
        this single question needs.
    """
    asked = msgspec.json.decode(text)
    for pair in asked:
        question_id, name = pair
        if not isinstance(name, str):
            continue
        if name not in named:
            raise Rejected("unknown_label_space", f"question {question_id!r}: the project has no label space {name!r}")
        pair[1] = msgspec.json.decode(named[name])
        if len(asked) == 1 and pair[1]["type"] != task_type:
            raise Rejected(
                "unknown_label_space",
                f"question {question_id!r}: label space {name!r} has type {pair[1]['type']}, not {task_type}",
            )
    full = _canonical(asked).decode()
    if len(full) > QUESTIONS_CHARS:
        raise Rejected(
            "oversized",
            f"questions: {len(full)} characters with their label spaces, at most {QUESTIONS_CHARS} are kept",
        )
    return full


def names(task: Task) -> list[str]:
    """Return the name of each question's label space, "" for one of its own; nothing where all are."""
    found = [one.label_space if isinstance(one.label_space, str) else "" for one in task.questions]
    return found if any(found) else []


@lru_cache(maxsize=_PARSED)
def replaced(text: str, is_meant: tuple[bool, ...], space: str) -> str:
    """Return questions with another label space, as `space_text` has it, in those that are meant."""
    asked = msgspec.json.decode(text)
    for pair, meant in zip(asked, is_meant, strict=True):
        if meant:
            pair[1] = msgspec.json.decode(space)
    return _canonical(asked).decode()


@lru_cache(maxsize=_PARSED)
def questions(text: str) -> tuple[Question, ...] | None:
    """Parse questions; None where a label space is still a name, which `resolved` replaces."""
    asked = msgspec.json.decode(text)
    if any(isinstance(space, str) for _, space in asked):
        return None
    return tuple(_question(question_id, _space(space)) for question_id, space in asked)


def answers(asked: tuple[Question, ...], label: Any, field: str) -> list[Any]:
    """Return the answer to each question, in their order.

    Parameters
    ----------
    label : Any
        The answer itself for one question; ``{question_id: answer}`` for several, each of them answered.
    field : str
        The name of the checked field, for the error.

    Raises
    ------
    Rejected
        ``label_outside_space``; the error names the question, the place in the answer and what was expected.
    """
    if len(asked) == 1:
        _check(asked[0], label, field)
        return [label]
    names = [question.question_id for question in asked]
    if not isinstance(label, dict) or label.keys() != set(names):
        raise Rejected("label_outside_space", f"{field}: expected an object with an answer for each of {names}")
    for question in asked:
        _check(question, label[question.question_id], field)
    return [label[name] for name in names]


def places(asked: tuple[Question, ...], given: list[Any]) -> list[int]:
    """Return the category that the answers choose in each part, -1 where it has none."""
    if len(asked) == 1:  # nearly always, and then faster
        return [part.place(given[0]) for part in asked[0].parts]
    return [part.place(answer) for question, answer in zip(asked, given, strict=True) for part in question.parts]


def _check(question: Question, answer: Any, field: str) -> None:
    try:
        question.space.check(answer)
    except AnswerError as error:
        joint = "" if not error.path or error.path.startswith("[") else "."
        raise Rejected(
            "label_outside_space",
            f"{field}{joint}{error.path}: question {question.question_id!r}: {error.message}",
        ) from None


def _plain(space: Any) -> Any:
    if isinstance(space, str):
        return space
    return {**space.model_dump(mode="json", exclude_defaults=True), "type": space.type}


def _question(question_id: str, space: Any) -> Question:
    multi = space.type == "classification" and space.multi
    return Question(
        question_id=question_id,
        space=space,
        parts=tuple(_part(leaf) for leaf in leaves(space)),
        judged=space.type in _JUDGED and not multi,
    )


def _part(leaf: Leaf) -> Part:
    space, names = leaf.space, categories(leaf.space)
    named = space.labels if isinstance(space, SpanSpace) else names
    content = _canonical([space.type, named])
    space_id = hashlib.blake2b(content, digest_size=8).hexdigest() if named else ""
    return Part(leaf, names, space_id, isinstance(space, SpanSpace))

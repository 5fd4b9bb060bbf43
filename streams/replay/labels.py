"""The one label space of a replayed project: classes, or steps of a scale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from streams.replay.files import FileError
from streams.replay.history import History

MOST_CLASSES, MOST_STEPS = 50, 101


class Asked(Protocol):
    """What every task of a replayed project asks."""

    @property
    def task_type(self) -> str:
        """The task type."""

    @property
    def space(self) -> dict[str, Any]:
        """The label space as `schemas.label_spaces` has it."""

    def answer(self, name: str) -> Any:
        """Return a label of the file as annotations carry it."""

    def allows(self, name: str) -> bool:
        """Return whether it may be answered."""


@dataclass(frozen=True)
class Labels:
    """What may be answered.

    Attributes
    ----------
    names : tuple of str
        As they stand in the file; of a scale, lowest first.
    first : int or None
        Of a scale, the number of its lowest step; None for classes.
    """

    names: tuple[str, ...]
    first: int | None = None

    @cached_property
    def index(self) -> Mapping[str, int]:
        """The place of each name."""
        return {name: place for place, name in enumerate(self.names)}

    @property
    def is_ordinal(self) -> bool:
        """Whether the names are steps of a scale."""
        return self.first is not None

    @property
    def task_type(self) -> str:
        """The task type that asks for such an answer."""
        return "classification" if self.first is None else "likert_scale"

    @property
    def space(self) -> dict[str, Any]:
        """The label space as `schemas.label_spaces` has it."""
        if self.first is None:
            return {"type": "classification", "classes": list(self.names)}
        return {"type": "likert_scale", "min": self.first, "max": self.first + len(self.names) - 1}

    def answer(self, name: str) -> str | int:
        """Return a name as annotations carry it."""
        return name if self.first is None else self.first + self.index[name]

    def allows(self, name: str) -> bool:
        """Return whether it may be answered."""
        return name in self.index

    def place(self, answer: Any) -> int | None:
        """Return the place of an answer, or of a key of a distribution; None where it is no single name."""
        if self.first is None:
            return self.index.get(answer)
        try:
            step = float(answer)
        except (TypeError, ValueError):
            return None
        place = int(step) - self.first
        return place if step.is_integer() and 0 <= place < len(self.names) else None


def labels_of(history: History, classes: Sequence[str] | None, ordinal: Sequence[str] | None) -> Labels:
    """Return the labels that were named, or else those in the file, in order: numbers by value, texts by spelling.

    Raises
    ------
    FileError
        The file has a label that is not among those named, too many different ones, or fewer than two.
    """
    named = ordinal if ordinal is not None else classes
    if named is not None:
        known = frozenset(named)
        for answer in history.answers:
            if answer.label not in known:
                flag = "--classes" if ordinal is None else "--ordinal"
                error = f"expected one of {', '.join(named)} ({flag}), got {answer.label!r}"
                raise FileError(history.path, answer.line, history.columns.label, error)
    if ordinal is not None:
        return Labels(tuple(ordinal), _first_step(ordinal))
    names = tuple(named) if named is not None else in_order({answer.label for answer in history.answers})
    if not 2 <= len(names) <= MOST_CLASSES:
        error = f"expected 2 to {MOST_CLASSES} different labels, got {len(names)}; name the classes with --classes"
        raise FileError(history.path, None, history.columns.label, error)
    return Labels(names)


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return names by value where all are numbers, by spelling otherwise.

    >>> in_order(["10", "9", "-1"]), in_order(["b", "10", "a"])
    (('-1', '9', '10'), ('10', 'a', 'b'))
    """
    try:
        return tuple(sorted(names, key=lambda name: (float(name), name)))
    except ValueError:
        return tuple(sorted(names))


def _first_step(names: Sequence[str]) -> int:
    """Return the lowest step's own number where the steps are counted up by one; 0 otherwise."""
    try:
        steps = [int(name) for name in names]
    except ValueError:
        return 0
    counted = steps == list(range(steps[0], steps[0] + len(steps)))
    return steps[0] if counted and abs(steps[0]) <= 1_000_000 - MOST_STEPS else 0

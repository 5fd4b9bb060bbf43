"""The parts of a task's questions whose answers are one of few categories: those that agreement is told of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any

from streams.quality.agreement.coincidences import MOST_CATEGORIES, Scale
from streams.quality.spaces import questions

MOST_LEAVES = 64
"""So many of a task's leaves are told of, the first ones."""

PAIRWISE = ("first", "second")
"""Options have other names in each task: what is confused is the one shown as the first of its label space."""

_Read = Callable[[list[Any]], Any]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One label space with few categories: a question, a turn of a dialog, or the dialog as a whole.

    Attributes
    ----------
    name : str
        The question's id; of a dialog with the path within its answer.
    type : str
        The label space's.
    category : callable
        Returns the place in `scale` of what a vote's answers, one for each question, say here.
    """

    name: str
    type: str
    scale: Scale
    category: Callable[[list[Any]], int]


@lru_cache(maxsize=1_024)
def leaves(text: str) -> tuple[Leaf, ...]:
    """Return the categorical leaves of questions as `spaces.questions` reads them, in their order."""
    found = [leaf for name, space, read in _parts(text) if (leaf := _leaf(name, space, read)) is not None]
    return tuple(found[:MOST_LEAVES])


def _parts(text: str) -> Iterator[tuple[str, Any, _Read]]:
    for place, question in enumerate(questions(text) or ()):
        name, space = question.question_id, question.space
        if space.type != "multi_turn_dialog":
            yield name, space, itemgetter(place)
            continue
        for turn, part in space.turns.items():
            yield f"{name}.turns.{turn}", part, partial(_within, (place, "turns", turn))
        if space.overall is not None:
            yield f"{name}.overall", space.overall, partial(_within, (place, "overall"))


def _within(path: tuple[int | str, ...], answers: Any) -> Any:
    for step in path:
        answers = answers[step]
    return answers


def _leaf(name: str, space: Any, read: _Read) -> Leaf | None:
    match space.type:
        case "classification" if not space.multi:
            classes = tuple(sorted(space.classes))  # tasks may list the same ones in another order
            index = {one: place for place, one in enumerate(classes)}
            return Leaf(name, space.type, Scale(classes), lambda answers: index[read(answers)])
        case "likert_scale" if space.max - space.min < MOST_CATEGORIES:
            first = space.min
            steps = tuple(map(str, range(first, space.max + 1)))
            return Leaf(name, space.type, Scale(steps, first), lambda answers: int(read(answers)) - first)
        case "pairwise_comparison":
            verdicts = [*["tie"] * space.allow_tie, *["both_bad"] * space.allow_both_bad]
            winners = {one: place for place, one in enumerate((*space.options, *verdicts))}
            scale = Scale((*PAIRWISE, *verdicts))
            return Leaf(name, space.type, scale, lambda answers: winners[read(answers)["winner"]])
        case _:
            return None

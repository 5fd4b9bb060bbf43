"""The parts of a task's questions whose answers are one of few categories: those that agreement is told of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from schemas import LikertSpace, PairwiseSpace
from streams.quality.agreement.coincidences import Scale
from streams.quality.spaces import Part, questions

MOST_LEAVES = 64
"""So many of a task's leaves are told of, the first ones."""

PAIRWISE = ("first", "second")
"""Options have other names in each task: what is confused is the one that its label space names first."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One label space with few categories: a question, a turn of a dialog, or the dialog as a whole.

    Attributes
    ----------
    name : str
        The question's id; of a dialog with the path within its answer.
    type : str
        The label space's.
    place : int
        Which of the places of an entry is for this leaf.
    order : tuple of int
        The category in `scale` of each place in the label space.
    """

    name: str
    type: str
    scale: Scale
    place: int
    order: tuple[int, ...]

    def category(self, places: list[int]) -> int:
        """Return what an entry with these places chose."""
        return self.order[places[self.place]]


@lru_cache(maxsize=1_024)
def leaves(text: str) -> tuple[Leaf, ...]:
    """Return the categorical leaves of questions as `spaces.questions` reads them, in their order."""
    parts = [(question.question_id, part) for question in questions(text) or () for part in question.parts]
    found = [_leaf(question_id, part, place) for place, (question_id, part) in enumerate(parts) if part.names]
    return tuple(found[:MOST_LEAVES])


def _leaf(question_id: str, part: Part, place: int) -> Leaf:
    name = f"{question_id}.{part.leaf.path}" if part.leaf.path else question_id
    space, names = part.leaf.space, part.names
    match space:
        case LikertSpace():
            scale = Scale(names, space.min)
        case PairwiseSpace():
            scale = Scale((*PAIRWISE, *names[2:]))
        case _:
            classes = tuple(sorted(names))  # tasks may list the same ones in another order
            return Leaf(name, space.type, Scale(classes), place, tuple(map(classes.index, names)))
    return Leaf(name, space.type, scale, place, tuple(range(len(names))))

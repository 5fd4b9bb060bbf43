"""The leaves of a question: the simple label spaces it consists of, and the categories of those that have some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from schemas import ClassificationSpace, DialogSpace, LabelSpace, LikertSpace, PairwiseSpace, SimpleSpace

MOST_STEPS = 50
"""A rating scale with more steps is not categorical: its answers are numbers."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One simple label space within a question.

    Attributes
    ----------
    path : str
        Where it is: empty for the question itself, ``turns.<turn>`` or ``overall`` in a dialog.
    keys : tuple of str
        The same, step by step.
    """

    path: str
    space: SimpleSpace
    keys: tuple[str, ...] = ()

    def answer(self, whole: Any) -> Any:
        """Return the leaf's part of the answer to the whole question."""
        for key in self.keys:
            whole = whole[key]
        return whole


def leaves(space: LabelSpace) -> tuple[Leaf, ...]:
    """Return the leaves of a question: the turns of a dialog as declared, then its overall; else the space itself."""
    if not isinstance(space, DialogSpace):
        return (Leaf("", space),)
    turns = [Leaf(f"turns.{turn}", part, ("turns", turn)) for turn, part in space.turns.items()]
    overall = [] if space.overall is None else [Leaf("overall", space.overall, ("overall",))]
    return (*turns, *overall)


def categories(space: LabelSpace) -> tuple[str, ...]:
    """Return a leaf's categories in their declared order; none where its answers are no finite list.

    Classes of a single-answer classification; the options of a comparison, then ``tie`` and ``both_bad`` where
    allowed; the steps of a scale with at most 50 of them.

    >>> categories(LikertSpace(type="likert_scale", min=-1, max=1))
    ('-1', '0', '1')
    """
    match space:
        case ClassificationSpace(multi=False):
            return tuple(space.classes)
        case PairwiseSpace():
            return (*space.options, *["tie"] * space.allow_tie, *["both_bad"] * space.allow_both_bad)
        case LikertSpace() if space.max - space.min < MOST_STEPS:
            return tuple(map(str, range(space.min, space.max + 1)))
        case _:
            return ()


def category(space: LabelSpace, answer: Any) -> int:
    """Return the place of an answer among the `categories` of its leaf.

    >>> category(PairwiseSpace(type="pairwise_comparison", options=["A", "B"]), {"winner": "tie", "strength": None})
    2
    """
    match space:
        case LikertSpace():
            return int(answer) - space.min
        case PairwiseSpace():
            return categories(space).index(answer["winner"])
        case _:
            return categories(space).index(answer)

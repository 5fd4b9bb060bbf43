"""One task while one event is applied to it: what the functions of the task side hand to each other."""

from __future__ import annotations

import msgspec

from streams.events import State
from streams.quality.spaces import Part, Question, questions, resolved
from streams.quality.task_state import Settings, Task


class Case(msgspec.Struct):
    """A published task with its project's settings.

    Attributes
    ----------
    asked : tuple of Question
        The task's questions, parsed.
    timestamp : int
        The event's, in ms; the outputs carry it.
    parts : tuple of Part
        The leaves of all questions, in their order; they follow from `asked`.
    """

    state: State
    task_id: str
    task: Task
    settings: Settings
    asked: tuple[Question, ...]
    timestamp: int
    parts: tuple[Part, ...] = ()

    def __post_init__(self) -> None:
        """Put the parts together, once for all that is done with them."""
        asked = self.asked
        self.parts = asked[0].parts if len(asked) == 1 else tuple(part for one in asked for part in one.parts)


def resolve(state: State, task_id: str, task: Task, settings: Settings, timestamp: int) -> tuple[Case, str]:
    """Return the case, and the questions' text with every label space in place to store with the next change.

    Raises `Rejected` when the project lacks a label space that the task names.
    """
    text = task.questions
    asked = questions(text)
    if asked is None:
        text = resolved(text, task.task_type, settings.label_spaces)
        asked = questions(text) or ()
    return Case(state, task_id, task, settings, asked, timestamp), text

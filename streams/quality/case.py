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
    """

    state: State
    task_id: str
    task: Task
    settings: Settings
    asked: tuple[Question, ...]
    timestamp: int

    @property
    def parts(self) -> tuple[Part, ...]:
        """The leaves of all questions, in their order."""
        asked = self.asked
        return asked[0].parts if len(asked) == 1 else tuple(part for question in asked for part in question.parts)


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

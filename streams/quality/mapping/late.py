"""Answers that still name classes of before: what is renamed or merged is taken for what it has become, for ever.

A class keeps its name as long as it is in its label space, so an old name is never mistaken for a new class, however
late it comes: no clock has to say until when.
"""

from __future__ import annotations

from typing import Any

from streams.events import Rejected
from streams.quality.case import Case
from streams.quality.mapping import changes
from streams.quality.mapping.classes import Gone, Turn, all_names, carried


def translated(case: Case, label: Any, field: str) -> Any:
    """Return an answer to a task, in the names that its label spaces have now.

    Raises
    ------
    Rejected
        ``label_outside_space`` for a class that was retired or split.
    """
    task = case.task
    if not case.settings.changes or not any(task.spaces):
        return label
    asked = case.asked
    if len(asked) == 1:
        return _translated(case, 0, label, field)
    if not isinstance(label, dict):
        return label
    found = dict(label)
    for number, question in enumerate(asked):
        name = question.question_id
        if name in label:
            found[name] = _translated(case, number, label[name], f"{field}.{name}")
    return found


def _translated(case: Case, number: int, answer: Any, field: str) -> Any:
    space, question = case.task.spaces[number], case.asked[number]
    if not space:
        return answer
    try:
        return carried(question.space, answer, _turn(case, space, all_names(question.space)))
    except Gone as gone:
        instead = f"split into {', '.join(map(repr, gone.targets))}: give one of them" if gone.targets else "retired"
        raise Rejected(
            "label_outside_space", f"{field}: question {question.question_id!r}: {gone.name!r} was {instead}"
        ) from None


def _turn(case: Case, space: str, current: frozenset[str]) -> Turn:
    def turn(name: str) -> str:
        """Follow a name through the changes, from the newest that knew it."""
        if name in current:
            return name
        found = (changes.change_of(case.state, case.task.project, n) for n in range(1, case.settings.changes + 1))
        mappings = [change.mapping for change in found if change.space == space]
        first = max((place for place, mapping in enumerate(mappings) if name in mapping), default=len(mappings))
        now = name
        for mapping in mappings[first:]:
            targets = mapping.get(now, [now])
            if len(targets) != 1:
                raise Gone(name, targets)
            now = targets[0]
        return now

    return turn

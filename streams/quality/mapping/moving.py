"""One task brought into the label space that has taken the place of its own: nothing is left of the old one.

All that its votes told is taken back in the old space, and told in the new one: outcomes, evidence, calibration and
agreement. Votes and known answers of a class that was retired or split go as if withdrawn.
"""

from __future__ import annotations

from typing import Final

import msgspec

from streams.events import Output
from streams.quality import calibrating, closing, evidence, judging, labels, outcomes
from streams.quality.agreement import telling
from streams.quality.case import Case
from streams.quality.closing import revise
from streams.quality.deciding import again
from streams.quality.labels import LABEL_SPACE_CHANGED, LABELS
from streams.quality.mapping.carrying import Carrying
from streams.quality.mapping.changes import Change
from streams.quality.mapping.classes import Gone

RESTATED: Final = frozenset({"settled", "undecided"})


def move(case: Case, change: Change) -> list[Output]:
    """Bring a task whose questions are in place into the space that `change` has made of one of theirs.

    A closed task of which no counted vote went, and in which no two answers have become one, stays closed: it says the
    same in other names. Any other is decided anew.
    """
    task, state = case.task, case.state
    erred, phase, reviewed = judging.errors(case), task.phase, task.is_reviewed
    posterior = task.posterior
    columns = [entry.columns for entry in task.entries]
    outputs = _take_back(case)
    carrying = Carrying(case, change)
    task.questions = carrying.text
    new = msgspec.structs.replace(case, asked=carrying.asked)
    keeps = carrying.entries(task.entries, columns)
    carrying.knowledge(new)
    outputs += carrying.truth(new)
    carrying.verdict(new)
    task.posterior = carrying.posterior(case.parts, new.parts, posterior) if keeps else []
    if phase in RESTATED and keeps and not reviewed:
        told = _restate(new, carrying)
    elif phase == "unusable" and keeps:
        told = []
    else:
        if not keeps and task.truth is None:
            task.counted = 0  # from the first again, so that what is taken back was never there
        told = revise(new, LABEL_SPACE_CHANGED)
    tally = change.tally
    tally.tasks += 1
    tally.labels += any(output.topic == LABELS for output in told)
    tally.reopened += task.phase == "open" and phase != "open"
    telling.note(state, case.task_id, task, task.questions, [])
    judging.note(new, erred)
    return outputs + told


def _take_back(case: Case) -> list[Output]:
    """Take back all that the task has told, under the names that it was told."""
    task = case.task
    counted, truth, review = telling.counted(task), task.truth, task.review
    outputs: list[Output] = []
    for entry in task.entries:
        outputs += outcomes.take_back(case, entry)
    outputs += evidence.move(case, None)
    number, task.counted, task.truth, task.review = task.counted, 0, None, None
    outputs += calibrating.check(case)
    telling.note(case.state, case.task_id, task, task.questions, counted)
    task.counted, task.truth, task.review = number, truth, review
    return outputs


def _restate(case: Case, carrying: Carrying) -> list[Output]:
    """Publish a closed task's label in other names, by the votes that closed it."""
    task = case.task
    decision = again(case)
    if decision is None or task.published is None:
        return revise(case, LABEL_SPACE_CHANGED)
    if not decision.aggregates:
        try:
            decision = msgspec.structs.replace(decision, given=carrying.answers(task.published.answers))
        except Gone:
            return revise(case, LABEL_SPACE_CHANGED)
    closing.move(case, decision)
    return labels.correct(case, decision, LABEL_SPACE_CHANGED) + outcomes.retell(case, decision)

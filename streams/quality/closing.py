"""Deciding a task anew and all that follows: its phase, its place in the queue, labels and outcomes."""

from __future__ import annotations

from streams.events import Output, State
from streams.quality import calibrating, expiry, labels, outcomes, rescoring, shadowing
from streams.quality.case import Case
from streams.quality.deciding import Decision, again, known, settle
from streams.quality.holding import Decoders, Step, leave_waiting, replay
from streams.quality.reviewing import over
from streams.quality.task_state import CLOSED, Terms, enter, load, task_key, totals
from streams.quality.ticking import now


def revise(case: Case, why: str | None = None) -> list[Output]:
    """Decide the task from the entries it has now, and the verdict that stands over them.

    Parameters
    ----------
    why : str or None
        The reason of a label that follows, where somebody's decision is behind it.

    Returns
    -------
    list of Output
        A label if what was published no longer holds, and the outcomes that changed.
    """
    decision = _decide(case)
    move(case, decision)
    outputs = labels.correct(case, decision, why) + outcomes.retell(case, decision) + calibrating.check(case)
    return outputs + shadowing.check(case, decision)


def rescore(case: Case) -> list[Output] | None:
    """Add up a closed task's votes with what is known of their annotators by now.

    A label is published only when it says something else: another answer, or one that is much more or less probable.

    Returns
    -------
    list of Output or None
        None when nothing has changed.
    """
    decision = again(case)
    if decision is None:
        return None
    outputs: list[Output] = []
    if labels.differs(case, decision):
        move(case, decision)
        outputs = labels.correct(case, decision)
    return outputs + outcomes.retell(case, decision)


def move(case: Case, decision: Decision) -> None:
    """Bring the task into the decision's phase; closed tasks queue for their retention to end."""
    task, state = case.task, case.state
    if decision.phase == task.phase:
        return
    if decision.phase in CLOSED and task.phase not in CLOSED:
        task.expiry = expiry.append(state, expiry.CLOSINGS, case.task_id, now(state))
        rescoring.closed(state, totals(state).closed + 1)
    elif task.phase in CLOSED and decision.phase not in CLOSED:
        leave_closings(case)
    enter(state, task, decision.phase)


def leave_closings(case: Case) -> None:
    """Take a task that is closed no more out of the queue for its retention to end."""
    if case.task.expiry:
        expiry.remove(case.state, expiry.CLOSINGS, case.task.expiry, case.task_id)
        case.task.expiry = 0


def forget_oldest(state: State, step: Step, decoders: Decoders) -> list[Output]:
    """Leave a stub of the task that closed first: its label, without its votes.

    Events that waited for its project to come back are replayed: they are too late now.
    """
    oldest = expiry.oldest(state, expiry.CLOSINGS)
    if oldest is None:
        return []
    task_id = oldest[0]
    task = load(state, task_id)
    expiry.remove(state, expiry.CLOSINGS, task.expiry, task_id)
    dropped = sum(entry.answers is not None for entry in task.entries)
    if dropped:
        totals(state).votes -= dropped
    enter(state, task, "stub")
    task.expiry = 0
    task.entries, task.counted, task.questions, task.spaces, task.terms = [], 0, "[]", [], Terms()
    # What it told the project stands.
    task.posterior, task.is_counted, task.losses, task.shadow = [], False, [], None
    task.review = None
    state.put(task_key(task_id), task)
    return replay(state, task_id, leave_waiting(state, task_id, task), step, decoders)


def _decide(case: Case) -> Decision:
    truth = case.task.truth
    if truth is not None:
        return Decision("gold", "gold", "gold", known(case.asked, truth.answers))
    return over(case, settle(case))

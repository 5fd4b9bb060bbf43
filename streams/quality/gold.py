"""Known answers: set, corrected and withdrawn, each time with the outcomes of the votes already there."""

from __future__ import annotations

from schemas import Gold
from streams.events import Output, Rejected
from streams.quality.case import Case
from streams.quality.closing import revise
from streams.quality.mapping.late import translated
from streams.quality.records import encode
from streams.quality.spaces import answers
from streams.quality.task_state import Truth

TRUTH_BYTES = 10_000
"""Bound on a known answer: every vote remembers what it was compared with."""


def apply(case: Case, gold: Gold | None) -> list[Output]:
    """Set the truth of a published task, or withdraw it when `gold` is None; the same again changes nothing.

    Raises
    ------
    Rejected
        ``project_mismatch``, ``label_outside_space``, or ``nothing_to_withdraw`` for a task without gold.
    """
    task = case.task
    if gold is None:
        if task.truth is None and "gold" in task.left:
            task.left.remove("gold")  # it was withdrawn with the task that is published again
            return []
        if task.truth is None:
            raise Rejected("nothing_to_withdraw", "the task has no gold")
        task.truth, task.counted = None, 0  # what changed meanwhile is counted as if there had been no gold
        return revise(case)
    if gold.project != task.project:
        raise Rejected("project_mismatch", f"project: the task belongs to {task.project!r}")
    size = len(encode(gold.answer))
    if size > TRUTH_BYTES:
        raise Rejected("oversized", f"answer: {size} bytes, at most {TRUTH_BYTES} are kept with a task")
    truth = Truth(str(gold.kind), answers(case.asked, translated(case, gold.answer, "answer"), "answer"))
    if truth == task.truth:
        return []
    task.left = []
    task.truth = truth
    return revise(case)

"""Verdicts of reviewers: a label accepted, fixed or rejected, whatever the votes say, or returned to them."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from schemas import Review as Given
from schemas import Verdict
from streams.events import Output, Rejected
from streams.quality.case import Case
from streams.quality.closing import revise
from streams.quality.deciding import Decision, known
from streams.quality.gold import TRUTH_BYTES
from streams.quality.mapping.late import translated
from streams.quality.records import encode
from streams.quality.spaces import answers
from streams.quality.task_state import Review

ANSWER_BYTES: Final = 100_000
"""Bound on an answer of a reviewer: it is kept with the task and in its label."""
RETURNED: Final = "review_returned"


def apply(case: Case, given: Given) -> list[Output]:
    """Let a verdict stand, or take the standing one back; the same again changes nothing.

    Raises
    ------
    Rejected
        ``project_mismatch``, ``version_conflict``, ``label_outside_space``, ``oversized``; ``nothing_to_accept``
        without a label that answers, ``nothing_to_return`` where no verdict stands and the task is open.
    """
    task = case.task
    if given.project != task.project:
        raise Rejected("project_mismatch", f"project: the task belongs to {task.project!r}")
    if given.expected_version not in (None, task.version):
        raise Rejected(
            "version_conflict",
            f"expected_version {given.expected_version}: the label of {case.task_id!r} is at version {task.version}",
        )
    if given.verdict is Verdict.return_:
        return _return(case)
    before = task.review or Review("")
    review = msgspec.structs.replace(
        before,
        verdict=given.verdict.value,
        answers={} if given.verdict is Verdict.reject else _answers(case, given),
        becomes_gold=given.becomes_gold,
    )
    if review == before:
        return []
    task.review = review
    return revise(case)


def _answers(case: Case, given: Given) -> dict[str, Any]:
    """Return the answers that are to stand, as labels carry them."""
    label = case.task.published
    if given.verdict is Verdict.accept:
        found = {} if label is None else label.answers
        if not found or any(answer["label"] is None for answer in found.values()):
            raise Rejected("nothing_to_accept", f"verdict: task {case.task_id!r} has no label that answers; fix it")
        stated = {question_id: answer["label"] for question_id, answer in found.items()}
        if given.becomes_gold:
            _check(case, stated if len(stated) > 1 else next(iter(stated.values())), "label", TRUTH_BYTES)
        return found
    truths = _check(case, given.answer, "answer", TRUTH_BYTES if given.becomes_gold else ANSWER_BYTES)
    return Decision("settled", aggregates=known(case.asked, truths)).answers(case.asked)


def _check(case: Case, answer: Any, field: str, most: int) -> list[Any]:
    size = len(encode(answer))
    if size > most:
        raise Rejected("oversized", f"{field}: {size} bytes, at most {most} are kept with a task")
    return answers(case.asked, translated(case, answer, field), field)


def _return(case: Case) -> list[Output]:
    """Take a verdict back; where the votes alone would have closed the task, ask for more than there are."""
    task = case.task
    before = task.review
    if before is None and task.phase in {"open", "gold"}:
        raise Rejected("nothing_to_return", f"verdict: task {case.task_id!r} is {task.phase}, and no verdict stands")
    if before is not None and before.verdict == "return" and task.phase in {"open", "gold"}:
        return []
    review = (
        Review("return") if before is None else Review("return", votes=before.votes, non_answers=before.non_answers)
    )
    by_votes_open = task.truth is not None or (before is not None and task.is_reviewed and before.is_open)
    if not by_votes_open:
        counted = task.entries[: task.counted]
        review.votes = sum(entry.answers is not None for entry in counted)
        review.non_answers = len(counted) - review.votes
    task.review = review if review.votes or review.non_answers else None
    return revise(case, RETURNED)

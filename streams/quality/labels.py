"""Label events: each version that changes what was published, to the history and the newest-only topic."""

from __future__ import annotations

from math import fsum
from typing import Any

from streams.events import Output
from streams.quality.case import Case
from streams.quality.deciding import APART, Decision
from streams.quality.records import Label, encode, instant
from streams.quality.reviewing import REVIEW, wanted
from streams.quality.task_state import CLOSED, Published

LABELS = "labels"
LABELS_LATEST = "labels.latest"
VOTES_RETRACTED = "votes_retracted"
"""The reason of a label that changed with votes that a person took back."""
LABEL_SPACE_CHANGED = "label_space_changed"
"""The reason of a label whose classes a person has changed."""


def correct(case: Case, decision: Decision, why: str | None = None) -> list[Output]:
    """Publish what the task's entries now amount to, if that differs from the newest label.

    An open task says nothing, except that a label which stood before no longer does. A known truth is
    published only to supersede a label that was. `why`, if given, takes the place of the reason where votes decide.
    """
    task = case.task
    if decision.phase == "open":
        if task.published is None or task.published.status not in CLOSED:
            return []
        return _publish(case, "provisional", why or "reopened", None, {})
    if decision.phase == "gold":
        if task.published is None or task.published.status == "withdrawn":
            return []
        return _publish(case, "settled", decision.reason, decision.closed_by, decision.answers(case.asked), why)
    return _publish(case, decision.phase, decision.reason, decision.closed_by, decision.answers(case.asked), why)


def differs(case: Case, decision: Decision) -> bool:
    """Whether a closed task's decision says something else than its newest label: not just about the same."""
    published = case.task.published
    if not decision.aggregates:
        return False
    if published is None or published.status != decision.phase:
        return True
    return any(
        found.label != (old := published.answers.get(question.question_id, {})).get("label")
        or _distance(found.distribution, old.get("distribution", {})) > APART
        for question, found in zip(case.asked, decision.aggregates, strict=True)
    )


def _distance(one: dict[str, float], other: dict[str, float]) -> float:
    return fsum(abs(value - other.get(name, 0.0)) for name, value in one.items())


def withdraw(case: Case) -> list[Output]:
    """Publish that the task was withdrawn."""
    return _publish(case, "withdrawn", "withdrawn", None, {})


def latest_erased(task_id: str, timestamp: int) -> Output:
    """Return the null that takes a task's newest label out of the newest-only topic."""
    return Output(LABELS_LATEST, task_id.encode(), None, timestamp, tag="erased")


def _publish(
    case: Case, status: str, reason: str, closed_by: str | None, answers: dict[str, Any], why: str | None = None
) -> list[Output]:
    task, before = case.task, case.task.published
    counted = task.entries[: task.counted]
    votes = sum(entry.answers is not None for entry in counted)
    body = Published(
        status=status,
        reason=reason,
        closed_by=closed_by,
        answers=answers,
        votes=votes,
        non_answers=len(counted) - votes,
        policy_version=case.settings.policy_version,
        guidelines_version=task.terms.guidelines_version or case.settings.guidelines_version or None,
    )
    if closed_by in {REVIEW, "gold"} and why == VOTES_RETRACTED:
        why = None  # no votes decide it
    # Somebody's decision as a reason is no difference by itself: not when it is given, nor when it is no more.
    if before is not None and (why is not None or before.reason in {VOTES_RETRACTED, LABEL_SPACE_CHANGED}):
        body.reason = before.reason
    if body == before:
        return []
    body.reason = why or reason
    review = wanted(case, body)
    supersedes = task.version or None
    task.version += 1
    task.published = body
    value = encode(
        Label(
            schema_version=1,
            task_id=case.task_id,
            project=task.project,
            task_type=task.task_type,
            version=task.version,
            status=status,
            reason=body.reason,
            closed_by=closed_by,
            answers=answers,
            votes=body.votes,
            non_answers=body.non_answers,
            supersedes=supersedes,
            policy_version=body.policy_version,
            guidelines_version=body.guidelines_version,
            needs_review=review is not None,
            review_reason=review,
            at=instant(case.timestamp),
        )
    )
    key = case.task_id.encode()
    return [Output(topic, key, value, case.timestamp, tag=status) for topic in (LABELS, LABELS_LATEST)]

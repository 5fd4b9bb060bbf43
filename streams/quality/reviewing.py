"""What a reviewer's verdict makes of a label, and which labels ask for one."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import msgspec

from streams.quality.case import Case
from streams.quality.deciding import Decision
from streams.quality.keys import FIXED, fixed
from streams.quality.task_state import Published

REVIEW: Final = "review"
"""What closes a label that a reviewer decided."""


def over(case: Case, decision: Decision) -> Decision:
    """Return what the standing verdict makes of what the votes come to.

    Of votes on an accepted label it is still told how they compare with each other. On one that was fixed or rejected
    they were misled, or the task is: they are told nothing, unless the answer became gold.
    """
    review = case.task.review
    if review is None:
        return decision
    review.is_open = decision.phase == "open"
    match review.verdict:
        case "accept":
            return msgspec.structs.replace(
                decision, phase="settled", reason="review_accepted", closed_by=REVIEW, given=review.answers
            )
        case "fix":
            return Decision("settled", "review_fix", REVIEW, given=review.answers)
        case "reject":
            return Decision("undecided", "review_rejected", REVIEW)
        case _:
            return decision


def wanted(case: Case, label: Published) -> str | None:
    """Return why a label asks for a review; None for one that does not, or had one."""
    if label.closed_by == REVIEW or case.task.known is not None:
        return None
    if label.status == "undecided":
        return "undecided"
    if label.status != "settled":
        return None
    settings = case.settings
    if any(
        answer["agreement"] is not None and fixed(answer["agreement"]) < settings.min_agreement
        for answer in label.answers.values()
    ):
        return "disputed"
    return "sampled" if is_sampled(case.task_id, settings.review_share) else None


def is_sampled(task_id: str, share: int) -> bool:
    """Return whether a task is among the `share` of all, fixed-point, that are looked at whatever the votes say.

    A larger share has the tasks of a smaller one.

    >>> sum(is_sampled(f"t{number}", 100_000) for number in range(1_000))
    118
    """
    drawn = int.from_bytes(blake2b(task_id.encode(), digest_size=8, person=b"review").digest())
    return drawn * FIXED >> 64 < share

"""When a task has votes enough: sure enough, or by redundancy, extended while votes disagree; or it is undecided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from streams.quality import stopping
from streams.quality.aggregation.by_type import aggregate
from streams.quality.aggregation.published import within
from streams.quality.aggregation.votes import Aggregate
from streams.quality.case import Case
from streams.quality.casting import cast
from streams.quality.inference import constants
from streams.quality.inference.posterior import distance
from streams.quality.inference.slip import believed
from streams.quality.inferring import Reading
from streams.quality.keys import FIXED
from streams.quality.spaces import Question
from streams.quality.task_state import Entry, Phase, Review

APART = 0.2
"""A distribution that moved by so much in sum is published anew, though the answer is the same."""


class Decision(msgspec.Struct, frozen=True):
    """What the counted entries amount to.

    Attributes
    ----------
    aggregates : tuple of Aggregate
        Of each question; empty where votes were not added up.
    reading : Reading or None
        What the votes come to; None where a truth is known.
    given : dict or None
        A reviewer's answers, in the place of what the votes come to.
    """

    phase: Phase
    reason: str = ""
    closed_by: str | None = None
    aggregates: tuple[Aggregate, ...] = ()
    reading: Reading | None = None
    given: dict[str, Any] | None = None

    def answers(self, asked: Sequence[Question]) -> dict[str, Any]:
        """Return the answers by question, as labels carry them."""
        if self.given is not None:
            return self.given
        return {
            question.question_id: answer(found, is_calibrated=is_calibrated)
            for question, found, is_calibrated in zip(asked, self.aggregates, self._calibrated(asked), strict=False)
        }

    def _calibrated(self, asked: Sequence[Question]) -> list[bool]:
        found: list[bool] = []
        first = 0
        for question in asked:
            after = first + len(question.parts)
            bases = [] if self.reading is None else self.reading.bases[first:after]
            found.append(bool(bases) and all(base is not None and base.is_calibrated for base in bases))
            first = after
        return found


_NOT_RETURNED = Review("")


def settle(case: Case) -> Decision:
    """Count entries from the bench, oldest first, until the task is decided or the bench is empty."""
    task, settings = case.task, case.settings
    entries = task.entries
    reading = Reading(case)
    votes = [entry for entry in entries[: task.counted] if entry.answers is not None]
    for entry in votes:
        reading.add(entry)
    returned = task.review or _NOT_RETURNED
    # So many entries may count before non-answers are too many, and so many votes are enough.
    useless = settings.unusable_after + returned.non_answers
    redundancy = max(stopping.redundancy(case), returned.votes + 1)
    may_close = settings.has_rule and settings.adaptive == "on"
    while True:
        if task.counted - len(votes) >= useless:
            counted = task.entries[: task.counted]
            kinds = Counter(entry.non_answer for entry in counted if entry.non_answer is not None)
            return Decision("unusable", kinds.most_common(1)[0][0], "non_answers", reading=reading)
        if len(votes) >= redundancy:
            decision = _enough(case, votes, reading, redundancy)
            if decision is not None:
                return decision
        elif may_close and len(votes) > returned.votes:
            closed = early(case, votes, reading)
            if closed is not None:
                return Decision("settled", "agreed", *closed, reading)
        if task.counted == len(entries):
            return Decision("open", reading=reading)
        entry = entries[task.counted]
        task.counted += 1
        if entry.answers is not None:
            votes.append(entry)
            reading.add(entry)


def _enough(case: Case, votes: list[Entry], reading: Reading, redundancy: int) -> Decision | None:
    """Add up as many votes as were asked for, or more; return None where they disagree and more may be asked for."""
    settings = case.settings
    found = aggregates(case, votes, reading, settings.min_agreement)
    reason = next((one.reason for one in found if one.reason is not None), None)
    if reason is None:
        return Decision("settled", "agreed", "redundancy" if len(votes) == redundancy else "extended", found, reading)
    returned = case.task.review or _NOT_RETURNED
    if len(votes) < returned.votes + max(stopping.redundancy(case), settings.max_redundancy):
        return None
    return Decision("undecided", reason, "max_redundancy", found, reading)


def early(case: Case, votes: list[Entry], reading: Reading) -> tuple[str, tuple[Aggregate, ...]] | None:
    """Return the rule by which fewer votes than the redundancy are enough, and what they come to; None where not."""
    rule = stopping.closes(case, reading)
    if rule is None:
        return None
    found = aggregates(case, votes, reading, case.settings.min_agreement)
    return None if any(one.reason is not None for one in found) else (rule, found)


def again(case: Case) -> Decision | None:
    """Decide a closed task by the votes that closed it; None when they show what they did when it was told last.

    It stays closed: votes that came after all would not be comparable. What was settled stays settled even where the
    votes' weights agree less now.
    """
    task = case.task
    votes = [entry for entry in task.entries[: task.counted] if entry.answers is not None]
    reading = Reading(case)
    for entry in votes:
        reading.add(entry)
    told, posteriors = task.posterior, reading.posteriors
    is_still = any(posteriors) and len(told) == len(posteriors) and not any(map(has_moved, told, posteriors))
    if is_still and _says_the_same(case, reading):
        return None
    was_settled = task.phase == "settled"
    found = aggregates(case, votes, reading, 0 if was_settled else case.settings.min_agreement)
    reason = next((one.reason for one in found if one.reason is not None), None)
    closed_by = None if task.published is None else task.published.closed_by
    if reason is None:
        return Decision("settled", "rescored", closed_by, found, reading)
    if was_settled:
        return Decision("settled", "", closed_by, (), reading)
    return Decision("undecided", reason, closed_by, found, reading)


def _says_the_same(case: Case, reading: Reading) -> bool:
    """Whether gold has taught so little since the label that the same posterior would be published about as it was."""
    published = case.task.published
    if published is None or case.settings.weighting != "reliability":
        return True
    first = 0
    for question in case.asked:
        part, base = question.parts[0], reading.bases[first]
        shares = published.answers.get(question.question_id, {}).get("distribution")
        if len(question.parts) == 1 and base is not None and shares:
            now = believed(reading.posteriors[first], base.slip)
            before = [round(FIXED * shares.get(name, 0.0)) for name in part.names]
            if distance(now, before) > APART * FIXED:
                return False
        first += len(question.parts)
    return True


def has_moved(old: Sequence[int], new: Sequence[int]) -> bool:
    """Whether a posterior is by `constants.MOVED` from what was told, or was not told."""
    return not old or distance(old, new) > constants.MOVED * FIXED


def aggregates(case: Case, votes: list[Entry], reading: Reading, min_agreement: int) -> tuple[Aggregate, ...]:
    """Return what the votes on each question come to, by the project's policy."""
    is_plain = case.settings.weighting != "reliability"
    found: list[Aggregate] = []
    first = 0
    for place, question in enumerate(case.asked):
        after = first + len(question.parts)
        soft = [
            None if is_plain or base is None else believed(part, base.slip)
            for part, base in zip(reading.posteriors[first:after], reading.bases[first:after], strict=True)
        ]
        own = cast(case, votes, reading, place, first)
        found.append(aggregate(question.space, own, soft, min_agreement, plain=is_plain))
        first = after
    return within(found)


def answer(found: Aggregate, *, is_calibrated: bool) -> dict[str, Any]:
    """Return one question's answer as labels carry it."""
    return {
        "label": found.label,
        "confidence": found.confidence,
        "vote_share": found.vote_share,
        "agreement": found.agreement,
        "distribution": found.distribution,
        "calibrated": is_calibrated and found.confidence is not None,
        "reason": found.reason,
        "effective_votes": found.effective_votes,
        "details": found.details,
    }


def known(asked: Sequence[Question], truths: list[Any]) -> tuple[Aggregate, ...]:
    """Return the answers of a task whose truth is known."""
    return tuple(
        Aggregate(
            label=truth,
            confidence=1.0,
            distribution={part.names[part.place(truth)]: 1.0 for part in question.parts[:1] if part.names},
        )
        for question, truth in zip(asked, truths, strict=True)
    )

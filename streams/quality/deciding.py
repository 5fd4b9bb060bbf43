"""When a task has votes enough: fixed redundancy, extended while they disagree, then undecided."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from streams.quality.aggregation.classification import Tally, posterior, tally, weight
from streams.quality.spaces import Question
from streams.quality.task_state import Entry, Phase, Settings, Task

UNIFORM = 700_000
"""Everyone's reliability under the policy ``uniform``, fixed-point (1e-6)."""


class Decision(msgspec.Struct, frozen=True):
    """What the counted entries amount to.

    Attributes
    ----------
    tallies : tuple
        Per question the tally behind its answer, None where nothing is aggregated; empty unless votes were
        added up.
    """

    phase: Phase
    reason: str = ""
    closed_by: str | None = None
    answers: dict[str, Any] = {}
    tallies: tuple[Tally | None, ...] = ()


OPEN = Decision("open")


def settle(task: Task, settings: Settings, asked: tuple[Question, ...]) -> Decision:
    """Count entries from the bench, oldest first, until the task is decided or the bench is empty."""
    entries = task.entries
    votes = [entry for entry in entries[: task.counted] if entry.answers is not None]
    while True:
        decision = _judge(task, votes, settings, asked)
        if decision is not OPEN or task.counted == len(entries):
            return decision
        entry = entries[task.counted]
        task.counted += 1
        if entry.answers is not None:
            votes.append(entry)


def _judge(task: Task, votes: list[Entry], settings: Settings, asked: tuple[Question, ...]) -> Decision:
    """Apply the redundancy rule to exactly the counted entries; `votes` are those of them that answer."""
    if task.counted - len(votes) >= settings.unusable_after:
        counted = task.entries[: task.counted]
        kinds = Counter(entry.non_answer for entry in counted if entry.non_answer is not None)
        return Decision("unusable", kinds.most_common(1)[0][0], "non_answers")
    redundancy = task.terms.redundancy or settings.redundancy
    if len(votes) < redundancy:
        return OPEN
    tallies = tuple(_tally(place, question, votes, settings) for place, question in enumerate(asked))
    reason = _reason(tallies)
    if reason is not None and reason != "no_aggregator" and len(votes) < max(redundancy, settings.max_redundancy):
        return OPEN
    if reason is None:
        phase: Phase = "settled"
        closed_by = "redundancy" if len(votes) == redundancy else "extended"
    else:
        phase = "undecided"
        closed_by = "redundancy" if reason == "no_aggregator" else "max_redundancy"
    answers = {question.question_id: _answer(question, counts) for question, counts in zip(asked, tallies, strict=True)}
    return Decision(phase, reason or "agreed", closed_by, answers, tallies)


def vote_weight(entry: Entry, question: Question, settings: Settings) -> int:
    """Return the weight of a vote on a classification question, 1e-6 nats."""
    return weight(UNIFORM if settings.uniform else entry.reliability, len(question.classes))


def _tally(place: int, question: Question, votes: list[Entry], settings: Settings) -> Tally | None:
    if not question.classes:
        return None
    index = question.index
    pairs = [
        (index[entry.answers[place]], vote_weight(entry, question, settings))
        for entry in votes
        if entry.answers is not None
    ]
    return tally(pairs, len(question.classes), settings.min_agreement)


def _reason(tallies: tuple[Tally | None, ...]) -> str | None:
    if None in tallies:
        return "no_aggregator"
    return next((counts.reason for counts in tallies if counts is not None and counts.reason is not None), None)


def _answer(question: Question, counts: Tally | None) -> dict[str, Any]:
    if counts is None:
        return answer(reason="no_aggregator")
    shares = posterior(counts.weights)
    leader, total = counts.leader, sum(counts.weights)
    decided = leader is not None and counts.reason is None
    return answer(
        label=question.classes[leader] if leader is not None and decided else None,
        confidence=shares[leader] if leader is not None and decided else None,
        vote_share=round(counts.counts[leader] / sum(counts.counts), 6) if leader is not None else None,
        agreement=round(max(counts.weights) / total, 6) if total else None,
        distribution=dict(zip(question.classes, shares, strict=True)),
        reason=counts.reason,
    )


def answer(
    *,
    label: Any = None,
    confidence: float | None = None,
    vote_share: float | None = None,
    agreement: float | None = None,
    distribution: dict[str, float] | None = None,
    reason: str | None = None,
) -> dict[str, Any]:
    """Return one question's answer as labels carry it."""
    return {
        "label": label,
        "confidence": confidence,
        "vote_share": vote_share,
        "agreement": agreement,
        "distribution": distribution or {},
        "calibrated": False,
        "reason": reason,
    }


def known(asked: tuple[Question, ...], truths: list[Any]) -> dict[str, Any]:
    """Return the answers of a task whose truth is known."""
    return {
        question.question_id: answer(
            label=truth, confidence=1.0, distribution={truth: 1.0} if question.classes else None
        )
        for question, truth in zip(asked, truths, strict=True)
    }

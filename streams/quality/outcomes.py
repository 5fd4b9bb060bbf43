"""Telling the annotator side how votes fared, and taking back exactly what was told."""

from __future__ import annotations

from typing import Any

from streams.events import Output
from streams.quality.aggregation.classification import leader_without
from streams.quality.case import Case
from streams.quality.checks import product
from streams.quality.deciding import Decision, vote_weight
from streams.quality.keys import FIXED
from streams.quality.records import Outcome, encode, quality_event
from streams.quality.task_state import Entry, Told

OUTCOMES = "outcomes"

_Verdict = tuple[str, bool, Any] | None


def retell(case: Case, decision: Decision) -> list[Output]:
    """Bring what every vote was told up to date with the task's decision.

    A settled task tells each counted vote whether it agrees with the unique leader of the others, if they
    have one. A known truth tells every vote, benched ones too. Anything else takes back what was told.
    Unchanged outcomes are not repeated.
    """
    task = case.task
    outputs: list[Output] = []
    for place, entry in enumerate(task.entries):
        if task.truth is not None:
            outputs += judge_by_truth(case, entry)
        elif decision.phase == "settled" and place < task.counted:
            outputs += _tell(case, entry, _consensus(case, entry, decision))
        else:
            outputs += take_back(case, entry)
    return outputs


def judge_by_truth(case: Case, entry: Entry) -> list[Output]:
    """Tell one vote how it compares with the task's known truth."""
    truth = case.task.truth
    if truth is None or entry.answers is None:
        return take_back(case, entry)
    verdicts: list[_Verdict] = [
        (truth.kind, question.right(answer, right), right) if question.judged else None
        for question, answer, right in zip(case.asked, entry.answers, truth.answers, strict=True)
    ]
    return _tell(case, entry, verdicts)


def take_back(case: Case, entry: Entry) -> list[Output]:
    """Repeat what a vote was told with the sign -1."""
    outputs = [_outcome(case, entry, place, told, -1) for place, told in enumerate(entry.told) if told is not None]
    entry.told = []
    return outputs


def _consensus(case: Case, entry: Entry, decision: Decision) -> list[_Verdict]:
    verdicts: list[_Verdict] = []
    for question, answer, tally in zip(case.asked, entry.answers or (), decision.tallies, strict=False):
        verdict: _Verdict = None
        if tally is not None:
            own, others = question.index[answer], tally.leader
            if others is None or own == others:  # a vote for another class does not make the leader
                others = leader_without(tally.weights, own, vote_weight(entry, question, case.settings))
            if others is not None:
                verdict = ("consensus", own == others, question.classes[others])
        verdicts.append(verdict)
    return verdicts


def _tell(case: Case, entry: Entry, verdicts: list[_Verdict]) -> list[Output]:
    if entry.is_erased:
        return []
    before = entry.told or [None] * len(verdicts)
    told: list[Told | None] = []
    outputs: list[Output] = []
    failed: Told | None = None
    for place, (old, verdict) in enumerate(zip(before, verdicts, strict=True)):
        new = None if verdict is None else _told(case, entry, *verdict)
        if old is not None and old.same(new):
            told.append(old)
            continue
        told.append(new)
        if old is not None:
            outputs.append(_outcome(case, entry, place, old, -1))
        if new is not None:
            outputs.append(_outcome(case, entry, place, new, 1))
            if new.kind == "gold" and not new.correct:
                failed = new
    entry.told = told if any(told) else []
    if failed is not None:
        outputs.append(_gold_incorrect(case, entry, failed))
    return outputs


def _told(case: Case, entry: Entry, kind: str, correct: bool, truth: Any) -> Told:
    settings = case.settings
    wrong = kind == "gold" and not correct
    quality = product((entry.quality, settings.gold_incorrect)) if wrong else entry.quality
    return Told(kind, correct, truth, quality, settings.policy_version, case.task.terms.similarity_key)


def _outcome(case: Case, entry: Entry, place: int, told: Told, sign: int) -> Output:
    body = Outcome(
        schema_version=1,
        annotator_id=entry.annotator_id,
        task_id=case.task_id,
        annotation_id=entry.annotation_id,
        project=case.task.project,
        task_type=case.task.task_type,
        question_id=case.asked[place].question_id,
        kind=told.kind,
        sign=sign,
        correct=told.correct,
        answer=None if entry.answers is None else entry.answers[place],
        truth=told.truth,
        quality_score=told.quality / FIXED,
        policy_version=told.policy_version,
        session=entry.session,
        time_spent_s=entry.time_ms / 1000 if entry.time_ms and not place else None,
        similarity_key=told.similarity_key,
    )
    return Output(OUTCOMES, entry.annotator_id.encode(), encode(body), case.timestamp, tag=told.kind)


def _gold_incorrect(case: Case, entry: Entry, told: Told) -> Output:
    return quality_event(
        event_id=f"{case.task_id}:{entry.annotation_id}:gold_incorrect",
        kind="gold_incorrect",
        annotator_id=entry.annotator_id,
        project=case.task.project,
        policy_version=told.policy_version,
        timestamp=case.timestamp,
        task_id=case.task_id,
        annotation_id=entry.annotation_id,
        value=told.quality / FIXED,
    )

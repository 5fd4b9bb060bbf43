"""Telling the annotator side how votes fared, and taking back exactly what was told."""

from __future__ import annotations

from operator import sub
from typing import Any

from streams.events import Output
from streams.quality import erasures, evidence, marking
from streams.quality.aggregation.by_type import aggregate, score
from streams.quality.aggregation.categorical import leader
from streams.quality.case import Case
from streams.quality.casting import cast, vote_weight
from streams.quality.checks import product
from streams.quality.deciding import Decision
from streams.quality.inferring import Reading
from streams.quality.keys import FIXED
from streams.quality.records import Outcome, encode, quality_event
from streams.quality.task_state import Entry, Told

OUTCOMES = "outcomes"
POSTERIOR = "posterior"
AGREES = FIXED // 2
"""An answer without categories agrees with the others when it scores so much beside what they say."""
FEW = 10
"""Of more votes than this one's own part in what all say is small, and leaving each out in turn takes long."""

_Verdict = tuple[str, bool, Any] | None


def retell(case: Case, decision: Decision) -> list[Output]:
    """Bring what every vote was told up to date with the task's decision.

    A settled task tells each counted vote whether it agrees with what the others say, if they say something. A known
    truth tells every vote, benched ones too. Anything else takes back what was told. Beside that, counted votes are
    told the posterior that the task stands at. What is unchanged is not repeated.
    """
    task = case.task
    after = evidence.target(case, decision)
    marks = {} if after is None or after is task.posterior else marking.expected(case, decision.reading)
    is_known, is_settled = task.known is not None, decision.phase == "settled"
    nothing: list[_Verdict] = [None] * len(case.asked)
    votes = [entry for entry in task.entries[: task.counted] if entry.answers is not None] if is_settled else []
    outputs: list[Output] = []
    own = -1
    for place, entry in enumerate(task.entries):
        is_counted = place < task.counted
        if entry.answers is None:
            continue
        own += 1
        if entry.is_erased:
            continue
        if is_known:
            outputs += _tell(case, entry, _by_truth(case, entry), after, marks)
        elif is_settled and is_counted:
            outputs += _tell(case, entry, _consensus(case, votes, own, decision.reading), after, marks)
        else:
            to = after if is_counted else None
            # Nearly always there is nothing to tell of a vote on an open task.
            if entry.told or entry.is_evidence != (to is not None) or (to is not None and to is not task.posterior):
                outputs += _tell(case, entry, nothing, to, marks)
    return outputs + evidence.move(case, after)


def judge_by_truth(case: Case, entry: Entry) -> list[Output]:
    """Tell one vote how it compares with the task's known truth."""
    if case.task.known is None or entry.answers is None or entry.is_erased:
        return take_back(case, entry)
    return _tell(case, entry, _by_truth(case, entry), case.task.posterior or None, marking.expected(case, None))


def take_back(case: Case, entry: Entry) -> list[Output]:
    """Repeat what a vote was told with the sign -1, and subtract its evidence."""
    return _tell(case, entry, [None] * len(case.asked), None, {})


def _by_truth(case: Case, entry: Entry) -> list[_Verdict]:
    truth = case.task.known
    if truth is None or entry.answers is None:
        return [None] * len(case.asked)
    return [
        (truth.kind, question.right(answer, right), right) if question.judged else None
        for question, answer, right in zip(case.asked, entry.answers, truth.answers, strict=True)
    ]


def _consensus(case: Case, votes: list[Entry], own: int, reading: Reading | None) -> list[_Verdict]:
    """Compare the vote at `own` with what the others say: its own part in it is left out."""
    if reading is None or len(reading.models) < 2:
        return [None] * len(case.asked)
    verdicts: list[_Verdict] = []
    first = 0
    for number, question in enumerate(case.asked):
        verdict: _Verdict = None
        if len(question.parts) == 1:
            if question.parts[0].names:
                verdict = _beside_leader(case, votes, reading, own, first)
            else:
                verdict = _beside_others(case, votes, reading, own, number, first)
        verdicts.append(verdict)
        first += len(question.parts)
    return verdicts


def _beside_leader(case: Case, votes: list[Entry], reading: Reading, own: int, number: int) -> _Verdict:
    part, models = case.parts[number], reading.models
    given = votes[own].places[number]
    model = models[own][number]
    if case.settings.weighting == "reliability" and model is not None:
        rest = list(map(sub, reading.scores[number], reading.said(own, number)))
        most = max(rest)
        others = None if rest.count(most) > 1 else rest.index(most)
    else:
        weights = [0] * len(part.names)
        for place, entry in enumerate(votes):
            if place != own:
                weights[entry.places[number]] += vote_weight(case.settings, entry, part, models[place][number])
        others = leader(weights)
    return None if others is None else ("consensus", given == others, part.names[others])


def _beside_others(case: Case, votes: list[Entry], reading: Reading, own: int, place: int, number: int) -> _Verdict:
    question = case.asked[place]
    entry = votes[own]
    cast_by = cast(case, votes, reading, place, number)[0]
    rest = [vote for other, vote in enumerate(cast_by) if other != own] if len(cast_by) <= FEW else cast_by
    said = aggregate(question.space, [rest], [None], 0, plain=case.settings.weighting != "reliability").label
    if said is None or entry.answers is None:
        return None
    return "consensus", score(question.space, entry.answers[place], said) >= AGREES, said


def _tell(
    case: Case,
    entry: Entry,
    verdicts: list[_Verdict],
    after: evidence.Posteriors | None,
    marks: dict[int, marking.Expected],
) -> list[Output]:
    before = entry.told or [None] * len(verdicts)
    shown = evidence.change(case, entry, after, marks)
    told: list[Told | None] = []
    outputs: list[Output] = []
    failed: Told | None = None
    for place, (old, verdict) in enumerate(zip(before, verdicts, strict=True)):
        new = None if verdict is None else _told(case, entry, *verdict)
        own = shown[place]
        if old is not None and old.same(new):
            told.append(old)
        else:
            told.append(new)
            if old is not None:
                outputs.append(_outcome(case, entry, place, old, -1, [] if new is not None else own))
            if new is not None:
                outputs.append(_outcome(case, entry, place, new, 1, own))
                if new.kind == "gold" and not new.correct:
                    failed = new
            if old is not None or new is not None:
                continue
        if own:
            outputs.append(_outcome(case, entry, place, _nothing(case, entry), 1, own))
    entry.told = told if any(told) else []
    if failed is not None:
        outputs.append(_gold_incorrect(case, entry, failed))
    # An erasure that is not done may yet come to this vote: nobody is told of it any more.
    return [] if outputs and erasures.is_pending(case.state, entry.annotator_id) else outputs


def _nothing(case: Case, entry: Entry) -> Told:
    return Told(POSTERIOR, None, None, entry.quality, case.settings.policy_version)


def _told(case: Case, entry: Entry, kind: str, correct: bool, truth: Any) -> Told:
    settings = case.settings
    wrong = kind == "gold" and not correct
    quality = product((entry.quality, settings.gold_incorrect)) if wrong else entry.quality
    return Told(kind, correct, truth, quality, settings.policy_version, case.task.terms.similarity_key)


def _outcome(case: Case, entry: Entry, place: int, told: Told, sign: int, shown: list[dict[str, Any]]) -> Output:
    body = Outcome(  # by place: so many names would take eight times as long
        1,
        entry.annotator_id,
        case.task_id,
        entry.annotation_id,
        case.task.project,
        case.task.task_type,
        case.asked[place].question_id,
        told.kind,
        sign,
        told.correct,
        None if entry.answers is None else entry.answers[place],
        told.truth,
        told.quality / FIXED,
        told.policy_version,
        shown or None,
        entry.session,
        entry.time_ms / 1000 if entry.time_ms and not place and told.kind != POSTERIOR else None,
        told.similarity_key,
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

"""An outcome counted into what is kept of its annotator's work on that task type, or taken out again."""

from __future__ import annotations

from typing import Final

from schemas import TaskType
from streams.events import State
from streams.quality.annotator_state import Record, Times
from streams.quality.checks import Rules
from streams.quality.keys import key
from streams.quality.reliability import consistency, drift, ordinal, speed
from streams.quality.reliability.accuracy import interval, reliability
from streams.quality.returning import Judgement

WORK: Final = frozenset({"gold", "consensus"})
"""Outcomes of the work itself: neither attention checks nor training."""
TIMED: Final = 10
"""Speed is judged after so many times, and again after as many more."""
HASTY: Final = (100_000, 50_000)
"""Of somebody hasty, the lower end of the share of implausible times is at least this; then until it is below that."""


def count(state: State, outcome: Judgement, record: Record, rules: Rules) -> bool:
    """Count an outcome by its sign; tell whether it is one that is counted by task type.

    What takes back more than was counted counts nothing: it was told before there were records, or is about another
    task type than it says, and the sums by project have taken it.
    """
    if not _count_answer(record, outcome, rules):
        return False
    if outcome.kind in WORK:
        _count_time(state, record, outcome, rules)
        _count_repeat(state, record, outcome)
        if outcome.task_type == TaskType.likert_scale:
            _count_rating(record.scale, outcome)
    return True


def is_blank(record: Record) -> bool:
    """Return whether no outcome stands, so that nothing is to be kept but the standing and what led to it."""
    return not (record.gold_n or record.consensus_n or record.training_n)


def _count_answer(record: Record, outcome: Judgement, rules: Rules) -> bool:
    sign, correct = outcome.sign, outcome.correct
    match outcome.kind:
        case "gold":
            before = record.gold_n, record.gold_correct
        case "consensus":
            before = record.consensus_n, record.consensus_agree
        case "training":
            before = record.training_n, record.training_correct
        case _:
            return False
    n, right = before[0] + sign, before[1] + sign * bool(correct)
    if not 0 <= right <= n:
        return False
    match outcome.kind:
        case "gold":
            record.gold_n, record.gold_correct = n, right
        case "consensus":
            record.consensus_n, record.consensus_agree = n, right
        case _:
            record.training_n, record.training_correct = n, right
    # While the others do not agree with each other either, it says nothing that somebody does not agree with them.
    if outcome.kind == "gold" or (outcome.kind == "consensus" and not rules.frozen):
        _follow(record, outcome, *(before if sign > 0 else (n, right)))
    return True


def _follow(record: Record, outcome: Judgement, n: int, right: int) -> None:
    """Bring the cumulative sums up to date; `n` and `right` are without this answer."""
    if n < drift.WARM_UP:
        return
    excess = drift.excess(bool(outcome.correct), reliability(right, n))
    if outcome.sign < 0:
        record.drift = drift.forgiven(record.drift, excess)
        if outcome.session == record.session:
            record.fatigue = drift.forgiven(record.fatigue, excess)
        return
    record.drift = drift.cusum(record.drift, excess)
    if outcome.session > record.session:
        record.session, record.fatigue = outcome.session, 0
    if outcome.session == record.session:
        record.fatigue = drift.cusum(record.fatigue, excess)


def _count_time(state: State, record: Record, outcome: Judgement, rules: Rules) -> None:
    if outcome.time_spent_s is None:
        return
    milliseconds, sign = round(outcome.time_spent_s * 1000), outcome.sign
    if sign < 0 and speed.bin_of(milliseconds) not in record.times:
        return
    speed.add(record.times, milliseconds, sign)
    record.timed += sign
    place = key("v", outcome.project, outcome.task_type)
    others = state.get(place, Times) or Times({})
    speed.add(others.bins, milliseconds, sign)
    if others.bins:
        state.put(place, others)
    else:
        state.delete(place)
    if record.timed < TIMED:
        record.is_hasty = False
    elif sign < 0:
        record.is_hasty = record.is_hasty and _is_hasty(record, others, rules, HASTY[0])
    elif record.timed % TIMED == 0:
        record.is_hasty = _is_hasty(record, others, rules, HASTY[record.is_hasty])


def _is_hasty(record: Record, others: Times, rules: Rules, least: int) -> bool:
    fence = speed.fence(others.bins)
    if fence is None:
        fence = speed.bin_of(round(rules.too_fast_s * 1000))
    ends = interval(sum(number for place, number in record.times.items() if place < fence), record.timed)
    return ends is not None and ends[0] >= least


def _count_repeat(state: State, record: Record, outcome: Judgement) -> None:
    if outcome.similarity_key is None:
        return
    place = _repeats_key(outcome)
    repeats = state.get(place, consistency.Repeats) or consistency.Repeats({})
    name = consistency.digest(outcome.similarity_key, outcome.question_id)
    change = consistency.count(repeats, name, consistency.digest(outcome.answer), outcome.sign)
    if change is not None:
        record.pairs += change[0]
        record.alike += change[1]
        state.put(place, repeats)


def forget_repeats(state: State, outcome: Judgement) -> None:
    """Forget the answers to alike tasks, once none of them stands."""
    place = _repeats_key(outcome)
    if state.get(place, consistency.Repeats) is not None:
        state.delete(place)


def _repeats_key(outcome: Judgement) -> str:
    return key("y", outcome.annotator_id, outcome.project, outcome.task_type)


def _count_rating(scale: ordinal.Scale, outcome: Judgement) -> None:
    answer, truth = outcome.answer, outcome.truth
    if type(answer) is int and type(truth) in (int, float) and (outcome.sign > 0 or scale.n):
        scale.add(answer, truth, outcome.sign)

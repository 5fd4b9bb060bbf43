"""An outcome counted into what is kept of its annotator's work on that task type, or taken out again."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from schemas import TaskType
from streams.events import State
from streams.quality.annotator_state import Record, Times
from streams.quality.checks import Rules
from streams.quality.keys import FIXED, key
from streams.quality.learning import Confusions, confusions_key
from streams.quality.reliability import consistency, drift, ordinal, speed
from streams.quality.reliability.accuracy import interval, reliability
from streams.quality.reliability.spammer import spammer_score
from streams.quality.returning import Judgement

WORK: Final = frozenset({"gold", "consensus"})
"""Outcomes of the work itself: neither attention checks nor training."""
TIMED: Final = 10
"""Speed is judged after so many times, and again after as many more."""
HASTY: Final = (100_000, 50_000)
"""Of somebody hasty, the lower end of the share of implausible times is at least this; then until it is below that."""
HABIT: Final = (20_000, 40_000)
"""A spammer score below this says that answers hardly depend on the truth; and until it is above that."""
_LIKERT: Final = TaskType.likert_scale
EACH: Final = 10
"""Of so many items of a class it is told how they are answered."""


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
        _look_for_habit(state, record, outcome)
        if outcome.task_type is _LIKERT:
            _count_rating(record.scale, outcome)
    return True


def is_blank(record: Record) -> bool:
    """Return whether no outcome stands, so that nothing is to be kept but the standing and what led to it."""
    return not (record.gold_n or record.consensus_n or record.training_n)


def _count_answer(record: Record, outcome: Judgement, rules: Rules) -> bool:
    kind, sign = outcome.kind, outcome.sign
    if kind == "consensus":
        n, right = record.consensus_n, record.consensus_agree
    elif kind == "gold":
        n, right = record.gold_n, record.gold_correct
    elif kind == "training":
        n, right = record.training_n, record.training_correct
    else:
        return False
    now_n, now_right = n + sign, right + (sign if outcome.correct else 0)
    if not 0 <= now_right <= now_n:
        return False
    if kind == "consensus":
        record.consensus_n, record.consensus_agree = now_n, now_right
    elif kind == "gold":
        record.gold_n, record.gold_correct = now_n, now_right
    else:
        record.training_n, record.training_correct = now_n, now_right
    # While the others do not agree with each other either, it says nothing that somebody does not agree with them.
    if kind == "gold" or (kind == "consensus" and not rules.frozen):
        _follow(record, outcome, *((n, right) if sign > 0 else (now_n, now_right)))
    return True


def _follow(record: Record, outcome: Judgement, n: int, right: int) -> None:
    """Bring the cumulative sums up to date; `n` and `right` are without this answer."""
    if n < drift.WARM_UP:
        return
    excess = _excess(bool(outcome.correct), right, n)
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


@lru_cache(maxsize=1 << 16)
def _excess(correct: bool, right: int, n: int) -> int:
    return drift.excess(correct, reliability(right, n))


def _count_time(state: State, record: Record, outcome: Judgement, rules: Rules) -> None:
    if outcome.time_spent_s is None:
        return
    place, sign = speed.bin_of(round(outcome.time_spent_s * 1000)), outcome.sign
    if sign < 0 and place not in record.times:
        return
    speed.add(record.times, place, sign)
    record.timed += sign
    shared = key("v", outcome.project, outcome.task_type)
    others = state.get(shared, Times) or Times({})
    speed.add(others.bins, place, sign)
    if others.bins:
        state.put(shared, others)
    else:
        state.delete(shared)
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


def _look_for_habit(state: State, record: Record, outcome: Judgement) -> None:
    """Bring the spammer score up to date where that may lead to something: most answers are right."""
    if outcome.correct and outcome.sign > 0 and record.spammer >= HABIT[1]:
        return
    if not outcome.evidence:
        if outcome.sign < 0:
            record.spammer = FIXED  # until it is looked at again: a correction never speaks against anybody
        return
    kept = state.get(confusions_key(outcome.annotator_id, outcome.project), Confusions) or Confusions()
    counts = kept.spaces.get(outcome.evidence[0].space)
    score = None if counts is None else spammer_score(counts.cells, counts.classes, EACH * FIXED)
    record.spammer = FIXED if score is None else score


def _count_rating(scale: ordinal.Scale, outcome: Judgement) -> None:
    answer, truth = outcome.answer, outcome.truth
    if type(answer) is int and type(truth) in (int, float) and (outcome.sign > 0 or scale.n):
        scale.add(answer, truth, outcome.sign)

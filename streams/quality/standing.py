"""An annotator's standing by task type: what each outcome does to it, and what the clock ends.

=========  =============================================================  ==============================================
standing   begins                                                         ends
=========  =============================================================  ==============================================
active     with nothing known
watched    when anything speaks against the work: more gold is served     when nothing does any more
training   when the gold test decides for the first time                  when the training is passed, or by time
paused     when it decides again                                          by time
=========  =============================================================  ==============================================

The gold test decides when its evidence reaches 1/alpha, and again when, since a sanction, it has grown by that much
once more. So somebody of an accuracy of p1 or above is ever sanctioned with a chance of at most alpha, and k times with
at most alpha to the k, however long they work and however often they are looked at. Only a wrong answer imposes
anything: what is taken back does not, and a sanction that what stands does not support on its own is lifted. Banning is
up to people.
"""

from __future__ import annotations

from typing import Final

import msgspec

from schemas import Standing, TaskType
from streams.events import Event, Output, State
from streams.quality import expiry
from streams.quality.annotator_state import Record, Stats, record_key
from streams.quality.checks import Rules, rules_of
from streams.quality.counting import WORK, count, forget_repeats, is_blank
from streams.quality.keys import FIXED, key, parts
from streams.quality.records import instant, quality_event
from streams.quality.reliability.gold_test import bar
from streams.quality.returning import Judgement
from streams.quality.suspicion import PAIRS, e_value, finding, gold_evidence, suspicions
from streams.quality.ticking import Clock, now
from streams.quality.work import work

SANCTIONS: Final = 8
"""So many sanctions are remembered of an annotator's work on a task type: enough to take one back."""
HOUR_MS: Final = 3_600_000
_ACTIVE: Final = Standing.active.value
_WATCHED: Final = Standing.watched.value
_TRAINING: Final = Standing.training.value
_PAUSED: Final = Standing.paused.value
_SEVERITY: Final = {standing.value: place for place, standing in enumerate(Standing)}
_TASK_TYPES: Final = tuple(task_type.value for task_type in TaskType)
_QUEUES: Final = key("u")
_BLANK: Final = Record()


class Queues(msgspec.Struct, array_like=True):
    """The lengths in hours of which trainings and pauses are queued: each has a queue, so that ends come in order."""

    hours: list[int]


def judged(state: State, event: Event, outcome: Judgement, stats: Stats, rules: Rules) -> list[Output]:
    """Count an outcome, and bring the standing up to date; `stats` gets the worst of the annotator's in the project."""
    place = record_key(outcome.annotator_id, outcome.project, outcome.task_type)
    record = state.get(place, Record) or Record()
    if not count(state, outcome, record, rules):
        return []
    outputs: list[Output] = []
    if _changes_nothing(record, outcome):
        state.put(place, record)
        return outputs
    before = record.standing
    reasons = _review(state, place, record, outcome, rules)
    if record.standing != before:
        record.changes += 1
        outputs = [_changed(event, place, record, reasons, rules, outcome)]
    is_empty = False
    if is_blank(record):
        record.drift = record.fatigue = record.session = 0
        record.spammer = FIXED
        forget_repeats(state, outcome)
        is_empty = record == _BLANK
    if is_empty:
        state.delete(place)
    else:
        state.put(place, record)
    if outputs:
        stats.standing = worst(state, outcome.annotator_id, outcome.project)
    return outputs


def end_due(state: State, event: Event, clock: Clock, most: int) -> list[Output]:
    """End the trainings and pauses whose time is over, at most so many: the annotator is watched then."""
    queues = state.get(_QUEUES, Queues)
    outputs: list[Output] = []
    for hours in [] if queues is None else list(queues.hours):
        while len(outputs) < most and expiry.is_due(state, _queue(hours), clock, hours * HOUR_MS):
            outputs.append(_end_oldest(state, event, hours))
    return outputs


def forget(state: State, place: str) -> None:
    """Take the record under this key out of what ends by time, before it is deleted."""
    record = state.get(place, Record)
    if record is not None:
        _leave(state, place, record)


def worst(state: State, annotator_id: str, project: str) -> str:
    """Return the most severe standing over the annotator's task types in a project."""
    records = (state.get(record_key(annotator_id, project, task_type), Record) for task_type in _TASK_TYPES)
    found = (record.standing for record in records if record is not None)
    return max(found, key=_SEVERITY.__getitem__, default=_ACTIVE)


def _changes_nothing(record: Record, outcome: Judgement) -> bool:
    """Return whether it is plain that the standing stays: nearly always, so that this is asked first.

    A right answer speaks against nobody. Only how fast it came may, or how it compares with others of theirs.
    """
    return (
        outcome.correct is True
        and outcome.sign > 0
        and record.standing == _ACTIVE
        and not record.is_hasty
        and record.pairs < PAIRS
    )


def _review(state: State, place: str, record: Record, outcome: Judgement, rules: Rules) -> list[str]:
    """Change the record's standing to what it is after an outcome; return why, if it has changed."""
    is_sanctioned = record.standing in (_TRAINING, _PAUSED)
    taken_back = outcome.kind if outcome.sign < 0 and outcome.kind in WORK else None
    if outcome.kind == "gold":
        reached = gold_evidence(record, rules)
        if outcome.sign < 0:
            if _lift(record, reached, rules) and is_sanctioned:
                _leave(state, place, record)
                record.reasons = suspicions(record, rules, taken_back)
                record.standing = _WATCHED if record.reasons else _ACTIVE
                return ["taken_back", *record.reasons]
        elif is_sanctioned:
            record.bars[-1] = max(record.bars[-1], reached)
        elif not outcome.correct and reached >= _base(record, 0) + bar(rules.alpha):
            _impose(state, place, record, reached, rules)
            return list(record.reasons)
    if record.standing == _TRAINING and outcome.kind == "training" and _has_passed(record, rules):
        _leave(state, place, record)
        record.standing = _WATCHED
        return ["training_passed", *record.reasons]
    if is_sanctioned:
        return []
    record.reasons = suspicions(record, rules, taken_back)
    record.standing = _WATCHED if record.reasons else _ACTIVE
    return list(record.reasons) or ["recovered"]


def _base(record: Record, back: int) -> int:
    """Return the evidence that the next sanction starts from, or that the one so many before it did."""
    return record.bars[-1 - back] if len(record.bars) > back else 0


def _impose(state: State, place: str, record: Record, reached: int, rules: Rules) -> None:
    record.standing = _PAUSED if record.bars else _TRAINING
    record.reasons = sorted({"gold", *record.reasons}, key=lambda reason: reason != "gold")
    record.bars = [*record.bars[1 - SANCTIONS :], reached]
    record.since = (record.training_n, record.training_correct)
    record.hours = rules.pause_hours
    at = now(state)
    record.until = at and at + record.hours * HOUR_MS
    record.chunk = expiry.append(state, _queue(record.hours), place, at)
    queues = state.get(_QUEUES, Queues) or Queues([])
    if record.hours not in queues.hours:
        queues.hours = sorted([*queues.hours, record.hours])
        state.put(_QUEUES, queues)


def _lift(record: Record, reached: int, rules: Rules) -> bool:
    """Forget the sanctions that what stands would not lead to; tell whether there were any."""
    count = len(record.bars)
    while record.bars and reached < _base(record, 1) + bar(rules.alpha):
        record.bars = record.bars[:-1]
    return len(record.bars) < count


def _has_passed(record: Record, rules: Rules) -> bool:
    n, right = record.training_n - record.since[0], record.training_correct - record.since[1]
    return n >= rules.training_items and right * FIXED >= n * rules.p1


def _end_oldest(state: State, event: Event, hours: int) -> Output:
    head = expiry.oldest(state, _queue(hours))
    if head is None:
        raise LookupError(f"nothing ends after {hours} hours")
    place = head[0]
    record = state.get(place, Record)
    if record is None:
        raise LookupError(f"a standing is queued but not stored under {place!r}")
    _leave(state, place, record)
    record.standing = _WATCHED
    record.changes += 1
    state.put(place, record)
    _, annotator_id, project, _ = parts(place)
    whole = key("s", annotator_id, project)
    stats = state.get(whole, Stats) or Stats()
    stats.standing = worst(state, annotator_id, project)
    state.put(whole, stats)
    return _changed(event, place, record, ["expired", *record.reasons], rules_of(state, project))


def _leave(state: State, place: str, record: Record) -> None:
    """Take a record out of the queue of what ends by time, if it is there."""
    if not record.chunk:
        return
    queue = _queue(record.hours)
    expiry.remove(state, queue, record.chunk, place)
    record.chunk = record.until = 0
    queues = state.get(_QUEUES, Queues)
    if queues is not None and expiry.oldest(state, queue) is None:
        queues.hours = [hours for hours in queues.hours if hours != record.hours]
        if queues.hours:
            state.put(_QUEUES, queues)
        else:
            state.delete(_QUEUES)
    record.hours = 0


def _queue(hours: int) -> str:
    return key("u", str(hours))


def _changed(
    event: Event, place: str, record: Record, reasons: list[str], rules: Rules, cause: Judgement | None = None
) -> Output:
    _, annotator_id, project, task_type = parts(place)
    found = finding(reasons[0], record, rules)
    low, high = found.ends or (None, None)
    return quality_event(
        event_id=f"{annotator_id}:{project}:{task_type}:{record.changes}:standing",
        kind=f"standing_{record.standing}",
        annotator_id=annotator_id,
        project=project,
        policy_version=rules.policy_version,
        timestamp=event.timestamp,
        task_id=None if cause is None else cause.task_id,
        annotation_id=None if cause is None else cause.annotation_id,
        value=_number(found.value),
        threshold=_number(found.threshold),
        n=found.n,
        numbers={
            "task_type": task_type,
            "reasons": reasons,
            "low": _number(low),
            "high": _number(high),
            "e_value": None if found.evidence is None else e_value(found.evidence),
            "e_threshold": None if found.needed is None else e_value(found.needed),
            "until": instant(record.until) if record.until else None,
            "work": work(record),
        },
    )


def _number(fixed: int | None) -> float | None:
    return None if fixed is None else fixed / FIXED

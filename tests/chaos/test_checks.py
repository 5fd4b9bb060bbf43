"""The checks pass what is right, and tell whatever is lost, doubled or changed: a whole run is played in memory."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.changelog import Commit
from streams.engine.intake import Intake
from streams.events import Output, Side
from streams.quality.annotators import AnnotatorSide
from streams.quality.projects import ProjectSide
from streams.quality.tasks import TaskSide
from tests.chaos.poison import EXPECTED, OUTSIDE, brew
from tests.chaos.truth import INPUTS, Truth, refusal_faults, truth_of
from tests.chaos.undisturbed import Outcome, live_agreement, outcome_faults
from tests.kafka.reconciling import (
    MAX_VALUE_BYTES,
    OUTPUTS,
    agreement_in,
    latest_labels,
    promise_faults,
    replay_faults,
    votes_in,
)
from tests.kafka.replaying import Replay, run
from tests.kafka.workload import Message, make

# The machine may have other work.
law = settings(max_examples=60, deadline=None)

PARTITIONS = 1
TICKS = ("ticks.a", "ticks.t")
RARE = ("erasures.a", "erasures.t", "reviews", "retractions")
"""What operators and reviewers send: nothing, here."""


@dataclass(frozen=True)
class Logged:
    """A record as a consumer gives it."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int = 0


Logs = dict[str, list[Logged]]


@dataclass(frozen=True)
class Played:
    """What a run left behind."""

    logs: Logs
    replays: Sequence[Replay]
    truth: Truth

    def faults(self) -> list[str]:
        return [
            *promise_faults(self.logs, self.replays, self.truth.promise),
            *refusal_faults(self.logs["dead-letters"], self.truth),
            *replay_faults(self.logs, self.replays, PARTITIONS),
        ]

    def outcome(self) -> Outcome:
        return Outcome(votes_in(self.replays), latest_labels(self.logs["labels"]), agreement_in(self.replays))


def _append(logs: Logs, topic: str, records: Iterable[Message | Output]) -> None:
    log = logs[topic]
    for record in records:
        if isinstance(record, Output):
            log.append(Logged(len(log), record.key, record.value, record.timestamp, record.headers))
        else:
            log.append(Logged(len(log), record[1], record[2], 1_760_000_000_000 + len(log)))


def _inputs(*, poison: int) -> Logs:
    logs: Logs = {topic: [] for topic in (*INPUTS, "annotators", *RARE, *TICKS, *OUTPUTS)}
    workload = make(seed=3, annotations=600)
    for message in (*workload.setup, *workload.annotations):
        _append(logs, message[0], [message])
    rng = random.Random(3)
    for number in range(poison):
        bad = brew(rng, f"poison-{number}", rng.choice(list(workload.votes)))
        if bad.partition is None:  # of one partition, none is the wrong one
            headers = [(EXPECTED, bad.reason.encode())]
            logs[bad.topic].append(Logged(len(logs[bad.topic]), bad.key, bad.value, 1_760_000_000_000, headers))
    return logs


def _play(logs: Logs, sides: Sequence[tuple[Side, Sequence[str]]]) -> list[Replay]:
    """Let sides take sources up to where they end, one after the other; the outputs are appended to `logs`."""
    replays: dict[str, Replay] = {}
    reached: dict[tuple[str, str], int] = {}
    for side, topics in sides:
        again = replays.setdefault(side.name, Replay(side.name, 0))
        before = len(again.outputs)
        applied = [(topic, reached.get((side.name, topic), 0), len(logs[topic])) for topic in topics]
        reached |= {(side.name, topic): end for topic, _, end in applied}
        again.commits.append(Commit(version=side.state_version, sequence=len(again.commits) + 1, applied=applied))
        _replay(side, again, logs)
        for output in again.outputs[before:]:
            _append(logs, output.topic, [output])
    for again in replays.values():
        again.logged = dict(again.table)
    return list(replays.values())


def _replay(side: Side, again: Replay, logs: Mapping[str, Sequence[Logged]]) -> None:
    again.outputs.clear()
    again.table.clear()
    intake = Intake(side.sources, 0, PARTITIONS, MAX_VALUE_BYTES)
    run(side, again, {source.topic: logs[source.topic] for source in side.sources}, intake)


@cache
def played(*, gold_first: bool = True, poison: int = 60) -> Played:
    logs = _inputs(poison=poison)
    truth = truth_of(logs)
    tasks = ["tasks", "gold"] if gold_first else ["tasks"]
    a, t, p = AnnotatorSide(), TaskSide(), ProjectSide(PARTITIONS)
    order: list[tuple[Side, Sequence[str]]] = [
        (p, ["projects"]),
        (a, ["globals.a", "annotations"]),
        (t, ["globals.t", *tasks, "annotations.scored"]),
        *([] if gold_first else [(t, ["gold"])]),
        (a, ["outcomes"]),
        (p, ["project-deltas"]),
    ]
    return Played(logs, _play(logs, order), truth)


def changed(log: Sequence[Logged], place: int, how: str) -> list[Logged]:
    record = log[place]
    ways: Mapping[str, Callable[[], list[Logged]]] = {
        "lost": list,
        "doubled": lambda: [record, record],
        "another value": lambda: [replace(record, value=(record.value or b"") + b" ")],
        "another key": lambda: [replace(record, key=b"other")],
        "another time": lambda: [replace(record, timestamp=record.timestamp + 1)],
        "another header": lambda: [replace(record, headers=(*record.headers, ("more", b"")))],
    }
    return [*log[:place], *ways[how](), *log[place + 1 :]]


HOW = ("lost", "doubled", "another value", "another key", "another time", "another header")
WRITTEN = [topic for topic in OUTPUTS if played().logs[topic]]


def test_what_is_right_passes_and_has_everything_in_it() -> None:
    run_ = played()
    assert run_.faults() == []
    assert set(WRITTEN) == set(OUTPUTS) - set(RARE)
    reasons = run_.truth.promise.refused
    assert {"duplicate", "malformed_json", "invalid", "null_value", "null_key", "misrouted", OUTSIDE} <= reasons.keys()
    assert len(run_.truth.promise.labels) > 50


@law
@given(st.sampled_from(WRITTEN), st.sampled_from(HOW), st.data())
def test_a_record_lost_doubled_or_changed_is_told(topic: str, how: str, data: st.DataObject) -> None:
    run_ = played()
    place = data.draw(st.integers(0, len(run_.logs[topic]) - 1))
    logs = {**run_.logs, topic: changed(run_.logs[topic], place, how)}
    assert replay_faults(logs, run_.replays, PARTITIONS), "against the replay"


@law
@given(st.sampled_from(["annotations.scored", "dead-letters"]), st.sampled_from(["lost", "doubled"]), st.data())
def test_an_annotation_or_a_dead_letter_lost_or_doubled_breaks_the_promise(
    topic: str, how: str, data: st.DataObject
) -> None:
    """Even where the replay would agree."""
    run_ = played()
    place = data.draw(st.integers(0, len(run_.logs[topic]) - 1))
    logs = {**run_.logs, topic: changed(run_.logs[topic], place, how)}
    assert promise_faults(logs, run_.replays, run_.truth.promise)
    assert topic != "dead-letters" or refusal_faults(logs[topic], run_.truth)


@law
@given(st.data())
def test_a_poison_message_refused_for_another_reason_is_told(data: st.DataObject) -> None:
    run_ = played()
    dead = run_.logs["dead-letters"]
    place = data.draw(st.integers(0, len(dead) - 1))
    headers = tuple((name, b"held_full" if name == "reason" else value) for name, value in dead[place].headers)
    assert refusal_faults([*dead[:place], replace(dead[place], headers=headers), *dead[place + 1 :]], run_.truth)


@law
@given(st.data())
def test_a_lost_or_doubled_label_of_the_frozen_project_breaks_the_promise(data: st.DataObject) -> None:
    run_ = played()
    labels = run_.logs["labels"]
    places = [place for place, record in enumerate(labels) if (record.key or b"").decode() in run_.truth.promise.labels]
    place = data.draw(st.sampled_from(places))
    for how in ("lost", "doubled"):
        logs = {**run_.logs, "labels": changed(labels, place, how)}
        assert promise_faults(logs, run_.replays, run_.truth.promise), how


@pytest.mark.parametrize("side", [0, 1, 2])
def test_a_table_that_is_not_what_the_source_order_makes_of_it_is_told(side: int) -> None:
    run_ = played()
    table = run_.replays[side].logged
    for spoilt in (dict(list(table.items())[1:]), {**table, "x": b"y"}):
        replays = list(run_.replays)
        replays[side] = replace(replays[side], logged=spoilt)
        assert replay_faults(run_.logs, replays, PARTITIONS)


@pytest.mark.parametrize(
    ("applied", "what"),
    [
        ([("annotations", 0, 100), ("annotations", 101, 606)], "never applied"),
        ([("annotations", 0, 100), ("annotations", 99, 606)], "again"),
    ],
    ids=["a gap", "an overlap"],
)
def test_positions_that_leave_a_gap_or_overlap_are_told(applied: list[tuple[str, int, int]], what: str) -> None:
    side = AnnotatorSide()
    again = Replay(side.name, 0)
    again.commits = [Commit(version=side.state_version, sequence=1, applied=applied)]
    _replay(side, again, played().logs)
    assert any(what in fault for fault in again.faults)


def test_the_same_outcome_passes_and_a_lost_vote_or_another_label_is_told() -> None:
    one = played().outcome()
    assert outcome_faults(one, one, set()) == []
    task = next(task for task, votes in one.votes.items() if votes)
    fewer = replace(one, votes={**one.votes, task: one.votes[task][1:]})
    assert outcome_faults(fewer, one, set())
    assert outcome_faults(one, fewer, set())
    question, sums = next(iter(one.sums.items()))
    place = next(iter(sums))
    off = replace(one, sums={**one.sums, question: {**sums, place: sums[place] + 1}})
    assert outcome_faults(off, one, set())
    assert outcome_faults(replace(one, sums={}), one, set())
    frozen = next(task for task in one.labels if task.startswith("frozen"))
    other = replace(one, labels={**one.labels, frozen: {**one.labels[frozen], "status": "withdrawn"}})
    assert outcome_faults(other, one, set())
    none = replace(one, labels={task: label for task, label in one.labels.items() if task != frozen})
    assert outcome_faults(none, one, set())
    assert outcome_faults(none, one, {frozen}) == [], "a gold task's label depends on what came first"


def test_the_outcome_does_not_depend_on_the_interleaving_of_topics() -> None:
    first, last = played(), played(gold_first=False)
    assert last.faults() == []
    assert outcome_faults(first.outcome(), last.outcome(), first.truth.promise.gold) == []


def test_the_share_of_live_labels_that_agree_is_a_share() -> None:
    one = played().outcome()
    assert live_agreement(one, one) == 1
    live = [task for task in one.labels if task.startswith("live")]
    without = replace(one, labels={task: label for task, label in one.labels.items() if task != live[0]})
    assert live_agreement(without, one) == pytest.approx(1 - 1 / len(live))

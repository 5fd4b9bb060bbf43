"""The annotator side's laws on random runs, and a naive recomputation that agrees after every event."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.events import Event, Output, Rejected
from streams.quality.annotator_state import Record, Stats
from streams.quality.annotators import AnnotatorSide
from streams.quality.keys import key
from streams.replay.state import apply
from tests.quality.harness import MemoryState, run
from tests.quality.sent import annotation, assert_contracts, bodies, event, outcome, settings

Sent = tuple[str, dict[str, Any]]

REMEMBERED = 3
SIDE = AnnotatorSide(remembered=REMEMBERED)
DEFAULTS = {
    "too_fast_s": 5,
    "too_slow_s": 600,
    "min_gold": 10,
    "gold_accuracy": 0.7,
    "factors": {"too_fast": 0.3, "too_slow": 0.8, "below_gold_threshold": 0.3},
}

annotators = st.sampled_from(["ann", "bob"])
names = st.sampled_from(["birds", "fish"])
submissions = st.builds(
    lambda number, annotator_id, **fields: ("annotations", annotation(f"x{number}", annotator_id, **fields)),
    st.integers(0, 9),
    annotators,
    project=names,
    action=st.sampled_from(["submit", "submit", "edit", "withdraw"]),
    time_spent_s=st.sampled_from([0, 1.2345, 5, 60, 600, 700.5]),
    task_id=st.sampled_from(["t1", "t2"]),
)
outcomes = st.builds(
    lambda annotator_id, **fields: ("outcomes", outcome("x1", annotator_id, **fields)),
    annotators,
    project=names,
    kind=st.sampled_from(["gold", "gold", "attention", "training", "consensus"]),
    sign=st.sampled_from([1, 1, -1]),
    correct=st.booleans(),
)
profiles = st.builds(
    lambda annotator_id, **fields: ("annotators", {"annotator_id": annotator_id, "actor": "eve", **fields}),
    annotators,
    active=st.sampled_from([True, True, False]),
    tier=st.sampled_from(["crowd", "expert"]),
    expected_version=st.sampled_from([None, None, 0, 1]),
)
thresholds = st.builds(
    lambda version, name, **fields: ("globals.a", settings(version, name, **fields)),
    st.integers(1, 6),
    names,
    min_gold=st.integers(1, 3),
    gold_accuracy=st.sampled_from([0.0, 0.5, 0.7, 1.0]),
    too_fast_s=st.sampled_from([1, 5]),
)
removals = st.builds(
    lambda version, name: (
        "globals.a",
        {"project": name, "version": 1, "policy_version": version, "removed": True},
    ),
    st.integers(1, 6),
    names,
)
ticks = st.just(("ticks.a", {"at": 1}))
histories = st.lists(
    st.one_of(submissions, submissions, outcomes, outcomes, outcomes, profiles, thresholds, removals, ticks),
    max_size=40,
)


def events(sent: list[Sent]) -> list[Event]:
    return [
        event(SIDE, topic, body.get("annotator_id", ""), body, offset=offset)
        for offset, (topic, body) in enumerate(sent)
    ]


def noticed(outputs: list[Output]) -> list[dict[str, Any]]:
    """Return the quality events but for changes of standing, which have laws of their own."""
    return [one for one in bodies(outputs, "quality-events") if not one["kind"].startswith("standing_")]


# The naive oracle: everything is looked up in the list of accepted events, nothing is carried along.


def rules(history: list[Sent], project: str) -> dict[str, Any]:
    copies = [body for topic, body in history if topic == "globals.a" and body["project"] == project]
    if not copies:
        return {**DEFAULTS, "policy_version": 0}
    newest = max(copies, key=lambda body: body["policy_version"])
    own = {} if newest.get("removed") else newest["project_settings"]["thresholds"]
    return {**DEFAULTS, **own, "policy_version": newest["policy_version"]}


def counted(history: list[Sent], about: dict[str, Any], *kinds: str) -> tuple[int, int]:
    told = [
        body
        for topic, body in history
        if topic == "outcomes"
        and (body["annotator_id"], body["project"]) == (about["annotator_id"], about["project"])
        and body["kind"] in kinds
    ]
    return sum(body["sign"] for body in told), sum(body["sign"] * body["correct"] for body in told)


def below(history: list[Sent], about: dict[str, Any]) -> bool:
    """As of the last event about this annotator in this project."""
    while history and not (
        history[-1][0] in ("annotations", "outcomes")
        and (history[-1][1]["annotator_id"], history[-1][1]["project"]) == (about["annotator_id"], about["project"])
    ):
        history = history[:-1]
    if not history:
        return False
    own, (n, right) = rules(history, about["project"]), counted(history, about, "gold")
    return n >= own["min_gold"] and Fraction(right, n) < Fraction(str(own["gold_accuracy"]))


def refusal(history: list[Sent], topic: str, body: dict[str, Any]) -> str | None:
    mine = [
        earlier
        for name, earlier in history
        if name == topic and earlier.get("annotator_id") == body.get("annotator_id")
    ]
    if topic == "annotations":
        if body["annotation_id"] in [earlier["annotation_id"] for earlier in mine][-REMEMBERED:]:
            return "duplicate"
        said = [
            earlier
            for name, earlier in history
            if name == "annotators" and earlier["annotator_id"] == body["annotator_id"]
        ]
        return "annotator_inactive" if said and not said[-1]["active"] else None
    if topic == "outcomes":
        n, right = counted([*history, (topic, body)], body, body["kind"])
        return None if 0 <= right <= n else "outcome_underflow"
    if topic == "annotators" and body["expected_version"] not in (None, len(mine)):
        return "version_conflict"
    return None


def speed(own: dict[str, Any], body: dict[str, Any]) -> list[str]:
    if body["action"] != "submit":
        return []
    fast, slow = body["time_spent_s"] < own["too_fast_s"], body["time_spent_s"] > own["too_slow_s"]
    return ["too_fast"] * fast + ["too_slow"] * slow


def expected(history: list[Sent], topic: str, body: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the scored annotations (what is added to them) and the kinds of quality events."""
    after = [*history, (topic, body)]
    if topic not in ("annotations", "outcomes"):
        return [], []
    was, now = below(history, body), below(after, body)
    turned = [] if was == now else ["below_gold_threshold" if now else "gold_threshold_recovered"]
    if topic == "outcomes":
        return [], turned
    own = rules(after, body["project"])
    flags = speed(own, body) + ["below_gold_threshold"] * now
    score = Fraction(1)
    for flag in flags:
        score *= Fraction(str(own["factors"][flag]))
    n, right = counted(after, body, "gold", "consensus")
    said = [
        earlier for name, earlier in after if name == "annotators" and earlier["annotator_id"] == body["annotator_id"]
    ]
    added = {
        "flags": flags,
        "quality_score": float(score),
        "reliability": float(round((Fraction(7, 2) + right) / (5 + n), 6)),
        "reliability_n": n,
        "tier": said[-1]["tier"] if said else "crowd",
        "policy_version": own["policy_version"],
    }
    return [added], speed(own, body) + turned


@given(histories)
def test_a_naive_recomputation_agrees_after_every_event(sent: list[Sent]) -> None:
    state, history = MemoryState(), list[Sent]()
    for (topic, body), sent_event in zip(sent, events(sent), strict=True):
        outputs = apply(SIDE, state, sent_event)
        state.commit()
        assert_contracts(outputs)
        refused = refusal(history, topic, body)
        if refused:
            assert [(output.topic, output.tag) for output in outputs] == [("dead-letters", refused)]
            continue
        # Settings that are not newer are ignored: to the oracle they never came.
        if topic == "globals.a" and body["policy_version"] <= rules(history, body["project"])["policy_version"]:
            assert outputs == []
            continue
        scored, kinds = expected(history, topic, body)
        got = bodies(outputs, "annotations.scored")
        assert [{name: one[name] for name in scored[0]} for one in got] == scored if scored else got == []
        assert [one["kind"] for one in noticed(outputs)] == kinds
        history.append((topic, body))


@given(histories, st.lists(st.integers(0, 40)))
def test_batches_do_not_show(sent: list[Sent], cuts: list[int]) -> None:
    assert run(SIDE, {}, events(sent), cuts) == run(SIDE, {}, events(sent))


@given(histories, st.integers(0, 40))
def test_a_table_taken_up_elsewhere_goes_on_the_same(sent: list[Sent], cut: int) -> None:
    first, table = run(SIDE, {}, events(sent)[:cut])
    second, final = run(SIDE, table, events(sent)[cut:])
    assert (first + second, final) == run(SIDE, {}, events(sent))


@given(histories)
def test_a_rejected_event_changes_nothing(sent: list[Sent]) -> None:
    state, accepted = MemoryState(), list[Event]()
    for one in events(sent):
        try:
            SIDE.step(state, one)
        except Rejected:
            assert not state.changed
        else:
            accepted.append(one)
        state.commit()
    assert run(SIDE, {}, accepted)[1] == state.committed


def sums(table: dict[str, bytes]) -> dict[str, bytes]:
    """Leave out what depends on the path: how often something changed, standings, and cumulative sums."""
    plain = {name: raw for name, raw in table.items() if name != key("u") and not name.startswith(key("q", ""))}
    for name, raw in plain.items():
        if name.startswith(key("s", "")):
            stats = msgspec.json.decode(raw, type=Stats)
            plain[name] = msgspec.json.encode(msgspec.structs.replace(stats, turns=0, standing="active"))
        if name.startswith(key("r", "")):
            plain[name] = msgspec.json.encode(counts_of(msgspec.json.decode(raw, type=Record)))
    nothing = {msgspec.json.encode(Stats()), msgspec.json.encode(Record())}
    return {name: raw for name, raw in plain.items() if raw not in nothing}


def counts_of(record: Record) -> Record:
    """Return the record with nothing but sums of outcomes."""
    names = Record.__struct_fields__
    return Record(*[getattr(record, name) for name in names[: names.index("drift")]])


@given(histories, outcomes)
def test_an_outcome_taken_back_leaves_the_table_as_it_was(sent: list[Sent], told: Sent) -> None:
    body = {**told[1], "sign": 1}
    # An event of the same annotator and project first: a changed threshold shows there, not at the outcome.
    sent = [*sent, ("outcomes", {**body, "kind": "training"})]
    table = run(SIDE, {}, events(sent))[1]
    back = [("outcomes", body), ("outcomes", {**body, "sign": -1})]
    outputs, after = run(SIDE, table, events(back))
    assert sums(after) == sums(table)
    assert [one["kind"] for one in noticed(outputs)] in (
        [],
        ["below_gold_threshold", "gold_threshold_recovered"],
        ["gold_threshold_recovered", "below_gold_threshold"],
    )


@given(st.lists(outcomes, max_size=30).flatmap(lambda told: st.tuples(st.just(told), st.permutations(told))))
def test_the_order_of_outcomes_does_not_show_in_the_counters(told: tuple[list[Sent], list[Sent]]) -> None:
    first, second = ([(topic, {**body, "sign": 1}) for topic, body in order] for order in told)
    assert sums(run(SIDE, {}, events(first))[1]) == sums(run(SIDE, {}, events(second))[1])


@given(histories)
def test_counters_are_never_negative(sent: list[Sent]) -> None:
    _, table = run(SIDE, {}, events(sent))
    for name, raw in table.items():
        if name.startswith(key("s", "")):
            counters = msgspec.structs.astuple(msgspec.json.decode(raw, type=Stats))
            assert min(one for one in counters if isinstance(one, int)) >= 0

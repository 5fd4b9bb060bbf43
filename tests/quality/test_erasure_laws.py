"""What an erasure promises, on random histories in which it comes at any time, and late records after it."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from streams.events import DEAD_LETTERS, Event, Output, Rejected, Side
from streams.quality.annotators import AnnotatorSide
from streams.quality.erasures import DONE, MEMORY_MS
from streams.quality.records import DAY_MS
from streams.quality.task_state import Task, task_key
from streams.quality.tasks import TaskSide
from streams.replay.state import apply
from tests.quality import sent
from tests.quality.campaign import AT, CLASSES, event, settings, task, validate
from tests.quality.harness import MemoryState, run
from tests.quality.test_task_laws import (
    ANNOTATORS,
    POLICIES,
    SIDE,
    TASKS,
    Record,
    administration,
    annotation,
    publication,
    tasks,
)

law = effort(max_examples=60, suppress_health_check=[HealthCheck.too_slow])

WHO = "a0"
WHAT = "t0"
A_SIDE = AnnotatorSide(remembered=5, batch=2)
LAST = AT + 1_000
IDENTITY = "Identity-of-somebody-4711"
SCORED: dict[str, Any] = {"action": "submit", "reliability": 0.7, "quality_score": 1.0}


def request(kind: str, identity: str, number: int) -> Record:
    body = {"erasure_id": f"e{number}", "kind": kind, "id": identity, "pseudonym": f"erased-{number}"}
    return "erasures.t", f"e{number}", body | {"actor": "ops", "reason": "asked for"}


def place(records: Sequence[Record], times: Sequence[int] = ()) -> list[Event]:
    """Return the records as events of the task side; each at its offset's time, or at an earlier one."""
    events = []
    for offset, (topic, key, body) in enumerate(records):
        now = AT + 7 * offset
        at = int(body["at"]) if topic == "ticks.t" and body is not None else min([now, *times[offset : offset + 1]])
        events.append(event(topic, key, body, offset=offset, timestamp=at))
    return events


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    erasures = st.builds(
        lambda who, number: request(who[0], who[1], number),
        st.one_of(st.tuples(st.just("annotator"), ANNOTATORS), st.tuples(st.just("task"), TASKS)),
        st.integers(0, 99),
    )
    records: list[Record] = [("globals.t", "p", settings(1, policy=draw(st.sampled_from(POLICIES))))]
    records += [("tasks", one, task(one)) for one in draw(st.sets(TASKS).map(sorted))]
    kinds = [annotation()] * 4 + [publication(), administration(), erasures]
    records += draw(st.lists(st.one_of(*kinds), min_size=20, max_size=60))
    times = draw(st.lists(st.integers(AT, AT + 500), min_size=len(records), max_size=len(records)))
    return place(records, times)


@law
@given(histories(), st.sets(st.integers(1, 60)))
def test_batches_do_not_show(history: list[Event], cuts: set[int]) -> None:
    assert run(SIDE, {}, history, cuts) == run(SIDE, {}, history)


@law
@given(histories(), st.integers(0, 60), st.randoms())
def test_a_restored_table_whose_keys_lie_in_another_order_goes_on_alike(
    history: list[Event], cut: int, rng: Any
) -> None:
    _, table = run(SIDE, {}, history[:cut])
    shuffled = list(table.items())
    rng.shuffle(shuffled)
    assert run(SIDE, dict(shuffled), history[cut:]) == run(SIDE, table, history[cut:])


@law
@given(histories())
def test_a_rejected_event_changes_nothing_and_what_comes_out_keeps_its_contract(history: list[Event]) -> None:
    state = MemoryState()
    for one in history:
        try:
            outputs = SIDE.step(state, one)
        except Rejected:
            assert state.changed == frozenset()
            outputs = []
        state.commit()
        for output in outputs:
            if output.value is None:
                assert (output.topic, output.tag) == ("labels.latest", "erased")
            else:
                validate(output)


@st.composite
def erased_annotator(draw: st.DrawFn) -> tuple[list[Event], list[Event]]:
    """Return a history in which `WHO` takes part, and one that goes on after the erasure without new work of theirs."""
    some = st.one_of(*[annotation()] * 4, publication(), administration())
    before = draw(st.lists(some, min_size=5, max_size=40))
    known: list[Record] = [("globals.t", "p", settings(1, policy=draw(st.sampled_from(POLICIES))))]
    known += [("tasks", one, task(one)) for one in draw(st.sets(TASKS).map(sorted))]
    first = place([*known, *before])
    erasure = event(*request("annotator", WHO, 7), offset=900, timestamp=LAST)
    after = []
    for offset, record in enumerate(draw(st.lists(some, max_size=30))):
        topic, key, body = record
        mine = topic == "annotations.scored" and body is not None and body["annotator_id"] == WHO
        at = LAST - 1 if mine else LAST + 1 + offset
        if topic == "ticks.t" and body is not None:
            body["at"] = at = LAST + DAY_MS + offset  # before the erasure is forgotten
        after.append(event(topic, key, body, offset=901 + offset, timestamp=at))
    return first, [erasure, *after]


def work(state: MemoryState, side: Side, topic: str) -> list[Output]:
    """Tick until every erasure is done."""
    outputs: list[Output] = []
    for number in range(400):
        at = LAST + DAY_MS + 100 + number
        outputs += apply(side, state, event_of(side, topic, {"at": at}, at))
        state.commit()
        if not any(key.startswith("x\x1fjob") for key in state.committed):
            return outputs
    raise AssertionError("the erasure never ends")


def event_of(side: Side, topic: str, body: dict[str, Any], at: int) -> Event:
    return sent.event(side, topic, "", body, timestamp=at)


def holds(value: bytes | None, identity: str) -> bool:
    """Return whether bytes hold the id, as such or in the base64 of what waits, in any of its three positions."""
    if value is None:
        return False
    raw = identity.encode()
    coded = [base64.b64encode(b"\0" * shift + raw)[(4 if shift else 0) : -4 or None] for shift in range(3)]
    return raw in value or any(len(one) >= 4 and one in value for one in coded)


def renamed(events: Sequence[Event]) -> list[Event]:
    """Return the events with `WHO` under an id that nothing else spells."""
    made = []
    for one in events:
        raw = one.raw and one.raw.replace(b'"a0', b'"' + IDENTITY.encode())
        source = next(source for source in SIDE.sources if source.topic == one.topic)
        value = None if raw is None else source.decode(raw)
        made.append(Event(one.topic, 0, one.offset, one.timestamp, one.key, value, raw))
    return made


@law
@given(erased_annotator())
def test_after_an_annotators_erasure_nothing_holds_the_id_whatever_was_in_flight(
    case: tuple[list[Event], list[Event]],
) -> None:
    before, after = map(renamed, case)
    _, table = run(SIDE, {}, before)
    state = MemoryState(table)
    outputs = [output for one in after for output in apply(SIDE, state, one)]
    state.commit()
    outputs += work(state, SIDE, "ticks.t")
    for key, value in state.committed.items():
        assert IDENTITY not in key
        assert not holds(value, IDENTITY), (key, value)
    for output in outputs:
        assert not holds(output.key, IDENTITY), output
        assert not holds(output.value, IDENTITY), output
    assert sum(output.topic == DONE and output.tag == "done" for output in outputs) == 1


@law
@given(erased_annotator())
def test_an_annotators_erasure_changes_no_label_no_count_and_nobody_elses_state(
    case: tuple[list[Event], list[Event]],
) -> None:
    before, after = case
    _, table = run(SIDE, {}, before)
    state = MemoryState(table)
    outputs = apply(SIDE, state, after[0])
    state.commit()
    outputs += work(state, SIDE, "ticks.t")
    assert {output.topic for output in outputs} - {DONE, DEAD_LETTERS, "labels", "labels.latest", "outcomes"} <= {
        "quality-events",
        "project-deltas",
    }
    _, ticked = run(SIDE, table, [event("ticks.t", "0", {"at": LAST + DAY_MS + 100}, timestamp=LAST + DAY_MS + 100)])
    expected, found = MemoryState(ticked), MemoryState(state.committed)
    for name, one in tasks(expected).items():
        other = found.get(task_key(name), Task)
        if other is None:
            assert one.phase == "held"
            continue
        for entry in one.entries:
            if entry.annotator_id == WHO:
                entry.annotator_id, entry.annotation_id, entry.told = "erased-7", "", []
                entry.time_ms = entry.session = 0
                entry.is_evidence = False
        assert other.entries == one.entries
        assert (other.phase, other.counted, other.published, other.version) == (
            one.phase,
            one.counted,
            one.published,
            one.version,
        )


@law
@given(histories(), st.lists(annotation(), max_size=10))
def test_after_a_tasks_erasure_nothing_but_its_id_is_left(history: list[Event], more: list[Record]) -> None:
    _, table = run(SIDE, {}, [one for one in history if one.topic != "ticks.t"])
    state = MemoryState(table)
    outputs = apply(SIDE, state, event(*request("task", WHAT, 100), timestamp=LAST))
    late = [("tasks", WHAT, task(WHAT)), ("gold", WHAT, {"task_id": WHAT, "project": "p", "answer": "cat"}), *more]
    for topic, key, body in late:
        if key == WHAT:
            told = apply(SIDE, state, event(topic, key, body, timestamp=LAST - 1))
            assert [one.tag for one in told] == ["late"]
    state.commit()
    left = tasks(state)[WHAT]
    assert left == Task(
        "withdrawn", left.project, left.task_type, version=left.version, published=left.published, left=left.left
    )
    assert left.published is None or (left.published.status, left.published.answers) == ("withdrawn", {})
    assert {one.topic for one in outputs} <= {"labels", "labels.latest", DONE}
    assert not any(holds(one.value, f'"{answer}"') for one in outputs for answer in CLASSES)
    new = {"task_id": WHAT, "project": "p", "annotator_id": "new", "annotation_id": "n", "label": "cat"}
    later = event("annotations.scored", WHAT, {**SCORED, **new}, timestamp=LAST + 1)
    assert [one.tag for one in apply(SIDE, state, later)] == ["task_withdrawn"]


# The annotator side.

A_IDS = ["a0", "a1"]


@st.composite
def a_records(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    who = draw(st.sampled_from(A_IDS))
    project = draw(st.sampled_from(["p", "q", "r", "s"]))
    identity = f"{who}-{draw(st.integers(0, 12))}"
    match draw(st.sampled_from(["annotation"] * 4 + ["outcome"] * 3 + ["annotator", "tick", "erasure"])):
        case "annotation":
            return "annotations", who, sent.annotation(identity, who, project=project)
        case "outcome":
            sign = draw(st.sampled_from([1, 1, -1]))
            return "outcomes", who, sent.outcome(identity, who, project=project, sign=sign)
        case "annotator":
            return "annotators", who, {"annotator_id": who, "actor": "ops", "active": draw(st.booleans())}
        case "tick":
            return "ticks.a", "", {"at": AT + draw(st.integers(0, 2 * MEMORY_MS))}
        case _:
            number = draw(st.integers(0, 99))
            return "erasures.a", f"e{number}", request("annotator", who, number)[2] or {}


def of_annotators(records: Sequence[tuple[str, str, dict[str, Any]]]) -> list[Event]:
    return [
        sent.event(A_SIDE, topic, key, body, offset=n, timestamp=body["at"] if topic == "ticks.a" else AT + n)
        for n, (topic, key, body) in enumerate(records)
    ]


@law
@given(st.lists(a_records(), max_size=50), st.sets(st.integers(1, 50)))
def test_batches_do_not_show_on_the_annotator_side(
    records: list[tuple[str, str, dict[str, Any]]], cuts: set[int]
) -> None:
    history = of_annotators(records)
    assert run(A_SIDE, {}, history, cuts) == run(A_SIDE, {}, history)


@law
@given(st.lists(a_records(), max_size=40), st.lists(a_records(), max_size=20))
def test_after_the_erasure_the_annotator_side_knows_nothing_of_a_person(
    before: list[tuple[str, str, dict[str, Any]]], after: list[tuple[str, str, dict[str, Any]]]
) -> None:
    """Whatever arrives from before: annotations not read yet, profiles, outcomes of what was taken in once."""
    _, table = run(A_SIDE, {}, of_annotators([one for one in before if one[0] not in ("ticks.a", "erasures.a")]))
    state = MemoryState(table)
    body = request("annotator", WHO, 7)[2] or {}
    outputs = apply(A_SIDE, state, sent.event(A_SIDE, "erasures.a", "e7", body, timestamp=LAST))
    for topic, key, late in after:
        if key == WHO and topic not in ("ticks.a", "erasures.a"):
            outputs += apply(A_SIDE, state, sent.event(A_SIDE, topic, key, late, timestamp=LAST - 1))
    state.commit()
    outputs += work(state, A_SIDE, "ticks.a")
    assert not [key for key in state.committed if WHO in key]
    assert not [key for key, value in state.committed.items() if WHO.encode() in value]
    assert not [one for one in outputs if holds(one.value, f'"{WHO}') or one.key == WHO.encode()]
    progress = Counter(one.tag for one in outputs if one.topic == DONE)
    assert progress["done"] == 1
    assert {key: value for key, value in table.items() if "a1" in key} == {
        key: value for key, value in state.committed.items() if "a1" in key
    }


def test_what_was_remembered_is_forgotten_in_time() -> None:
    for side, ticks, erasures in ((SIDE, "ticks.t", "erasures.t"), (A_SIDE, "ticks.a", "erasures.a")):
        state = MemoryState()
        apply(side, state, event_of(side, erasures, request("annotator", WHO, 7)[2] or {}, LAST))
        for at, is_remembered in ((LAST + MEMORY_MS - 1, True), (LAST + MEMORY_MS, False)):
            apply(side, state, event_of(side, ticks, {"at": at}, at))
            state.commit()
            assert any(key.startswith("x") for key in state.committed) == is_remembered


def test_a_large_table_is_gone_through_in_bounded_steps() -> None:
    side = TaskSide(batch=10)
    state = MemoryState()
    known = [("globals.t", "p", settings(1)), *[("tasks", f"t{n}", task(f"t{n}")) for n in range(35)]]
    votes = [vote(n) for n in range(35)]
    for one in place([*known, *votes]):
        apply(side, state, one)
    state.commit()
    outputs = apply(side, state, event(*request("annotator", WHO, 7), timestamp=LAST))
    assert len([key for key in state.changed if key.startswith("t\x1f")]) == 10
    state.commit()
    outputs += work(state, side, "ticks.t")
    assert [one.tag for one in outputs] == ["running", "running", "running", "done"]


def vote(number: int) -> Record:
    body = {"annotation_id": f"n{number}", "task_id": f"t{number}", "annotator_id": WHO, "project": "p", "label": "cat"}
    return "annotations.scored", f"t{number}", {**SCORED, **body}

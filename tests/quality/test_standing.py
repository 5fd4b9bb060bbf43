"""Standings: what begins and ends them, one named test each, and their laws on random runs."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.events import Output
from streams.quality import checks
from streams.quality.annotator_state import Record, Stats, record_key
from streams.quality.annotators import AnnotatorSide
from streams.quality.keys import FIXED, key
from streams.quality.reliability.gold_test import bar, evidence
from streams.quality.standing import HOUR_MS
from streams.quality.suspicion import gold_evidence
from streams.replay.state import apply
from tests.quality.harness import MemoryState, run
from tests.quality.sent import T0, annotation, assert_contracts, bodies, event, outcome, settings

SIDE = AnnotatorSide()
Sent = tuple[str, dict[str, Any]]
TICK: Sent = ("ticks.a", {"at": T0})


def play(*sent: Sent) -> tuple[list[Output], dict[str, bytes]]:
    """Run (topic, body) pairs in order, each its own batch, and check every output against its contract."""
    events = [
        event(
            SIDE,
            topic,
            str(body.get("annotator_id", body.get("erasure_id", ""))),
            body,
            offset=n,
            timestamp=at(body, n),
        )
        for n, (topic, body) in enumerate(sent)
    ]
    outputs, table = run(SIDE, {}, events, cuts=range(len(events)))
    assert_contracts(outputs)
    return outputs, table


def at(body: dict[str, Any], offset: int) -> int:
    moment: int = body.get("at", T0 + offset)
    return moment


def told(count: int, *, correct: bool = False, start: int = 0, **fields: Any) -> list[Sent]:
    return [("outcomes", outcome(f"g{n}", correct=correct, **fields)) for n in range(start, start + count)]


def tick(hours: float) -> Sent:
    return "ticks.a", {"at": T0 + round(hours * HOUR_MS)}


def changes(outputs: list[Output]) -> list[str]:
    events = bodies(outputs, "quality-events")
    return [body["kind"].removeprefix("standing_") for body in events if body["kind"].startswith("standing_")]


def change(outputs: list[Output], place: int = -1) -> dict[str, Any]:
    found = [body for body in bodies(outputs, "quality-events") if body["kind"].startswith("standing_")]
    return found[place]


def record(table: dict[str, bytes], task_type: str = "classification", project: str = "birds") -> Record:
    return msgspec.json.decode(table[record_key("ann", project, task_type)], type=Record)


def scored_standing(outputs: list[Output]) -> list[str]:
    return [body["standing"] for body in bodies(outputs, "annotations.scored")]


# Gold


def test_gold_that_is_wrong_is_watched_at_first_and_then_sends_to_training() -> None:
    outputs, _ = play(TICK, *told(5), ("annotations", annotation("x1")))
    assert changes(outputs) == ["watched", "training"]
    assert scored_standing(outputs) == ["training"]
    body = change(outputs)
    assert (body["task_type"], body["reasons"], body["value"], body["threshold"], body["n"]) == (
        "classification",
        ["gold"],
        0.0,
        0.8,
        4,
    )
    assert (body["low"], body["high"], body["e_threshold"]) == (0.0, 0.489891, 20.0)
    assert body["e_value"] == 46.78
    assert body["event_id"] == "ann:birds:classification:2:standing"
    assert (body["task_id"], body["annotation_id"]) == ("t1", "g3")
    assert body["until"] == "2025-10-10T08:53:20Z"


def test_the_numbers_decide_exactly_at_the_bar() -> None:
    """Wrong answers one by one until the evidence is there, with the project's own p0, p1 and alpha."""
    own: dict[str, Any] = {"gold_test": {"p0": 0.7, "p1": 0.9, "alpha": 0.001}}
    needed = next(n for n in range(1, 99) if evidence(0, n, 700_000, 900_000) >= bar(1_000))
    outputs, _ = play(("globals.a", settings(1, **own)), *told(needed - 1))
    assert changes(outputs) == ["watched"]
    outputs, _ = play(("globals.a", settings(1, **own)), *told(needed))
    assert changes(outputs) == ["watched", "training"]
    assert (change(outputs)["threshold"], change(outputs)["e_threshold"]) == (0.9, 1000.0)


def test_below_the_plain_threshold_is_a_flag_and_sanctions_nobody() -> None:
    answers = [*told(13, correct=True), *told(7, start=13)]
    outputs, table = play(*answers, ("annotations", annotation("x1")))
    assert bodies(outputs, "annotations.scored")[0]["flags"] == ["below_gold_threshold"]
    assert record(table).bars == []
    assert set(changes(outputs)) <= {"watched", "active"}


def test_attention_and_training_are_no_gold() -> None:
    outputs, _ = play(*told(30, kind="attention"), *told(30, kind="training"))
    assert changes(outputs) == []


def test_right_answers_end_the_watch() -> None:
    outputs, _ = play(*told(3), *told(20, correct=True, start=3))
    assert changes(outputs) == ["watched", "active"]
    assert change(outputs)["reasons"] == ["recovered"]


def test_a_model_that_judges_is_treated_as_anybody() -> None:
    outputs, _ = play(("annotators", {"annotator_id": "ann", "actor": "eve", "kind": "judge"}), *told(4))
    assert changes(outputs) == ["watched", "training"]


# Time


def test_a_training_ends_by_itself_after_its_hours_and_the_annotator_is_watched() -> None:
    outputs, _ = play(TICK, *told(4), tick(23.9), ("annotations", annotation("x1")))
    assert changes(outputs) == ["watched", "training"]
    assert scored_standing(outputs) == ["training"]
    outputs, table = play(TICK, *told(4), tick(24), ("annotations", annotation("x1")))
    assert changes(outputs) == ["watched", "training", "watched"]
    assert scored_standing(outputs) == ["watched"]
    assert change(outputs)["reasons"] == ["expired", "gold"]
    assert change(outputs)["until"] is None
    assert not [name for name in table if name == key("u") or name.startswith(key("q", ""))]


def test_the_hours_are_the_projects_own() -> None:
    own = ("globals.a", settings(1, pause_hours=2))
    outputs, _ = play(TICK, own, *told(4), tick(2))
    assert changes(outputs) == ["watched", "training", "watched"]
    assert change(outputs, 1)["until"] == "2025-10-09T10:53:20Z"


def test_before_the_first_tick_no_end_can_be_told_and_time_counts_from_it() -> None:
    outputs, _ = play(*told(4), tick(100), tick(123.9))
    assert changes(outputs) == ["watched", "training"]
    assert change(outputs)["until"] is None
    outputs, _ = play(*told(4), tick(100), tick(124))
    assert changes(outputs) == ["watched", "training", "watched"]


def test_a_second_sanction_is_a_pause_and_asks_for_as_much_evidence_again() -> None:
    first = [TICK, *told(4), tick(24)]
    outputs, table = play(*first)
    (start,) = record(table).bars
    needed = next(n for n in range(5, 99) if evidence(0, n, 600_000, 800_000) >= start + bar(50_000))
    outputs, _ = play(*first, *told(needed - 5, start=4))
    assert changes(outputs) == ["watched", "training", "watched"]
    outputs, _ = play(*first, *told(needed - 4, start=4))
    assert changes(outputs) == ["watched", "training", "watched", "paused"]
    outputs, _ = play(*first, *told(needed - 4, start=4), tick(48))
    assert changes(outputs) == ["watched", "training", "watched", "paused", "watched"]


def test_what_is_told_during_a_sanction_is_no_ground_for_the_next() -> None:
    outputs, table = play(TICK, *told(4), *told(20, start=4), tick(24), *told(1, start=24))
    assert changes(outputs) == ["watched", "training", "watched"]
    assert record(table).bars == [evidence(0, 24, 600_000, 800_000)]


def test_a_passed_training_ends_at_once() -> None:
    trained = [*told(1, kind="training"), *told(4, kind="training", correct=True)]
    outputs, _ = play(TICK, *told(4), *trained, ("annotations", annotation("x1")))
    assert changes(outputs) == ["watched", "training", "watched"]
    assert change(outputs)["reasons"][0] == "training_passed"
    assert scored_standing(outputs) == ["watched"]
    failed = [*told(2, kind="training"), *told(3, kind="training", correct=True)]
    assert changes(play(TICK, *told(4), *failed)[0]) == ["watched", "training"]


def test_training_from_before_does_not_count() -> None:
    before = told(9, kind="training", correct=True)
    outputs, _ = play(TICK, *before, *told(4), *told(4, kind="training", correct=True))
    assert changes(outputs) == ["watched", "training"]


# Taking back


def test_corrected_gold_lifts_the_sanction_that_rested_on_it() -> None:
    corrected = [
        ("outcomes", outcome("g3", correct=False, sign=-1)),
        ("outcomes", outcome("g3", correct=True)),
    ]
    outputs, table = play(TICK, *told(4), *corrected)
    assert changes(outputs)[:3] == ["watched", "training", "watched"]
    assert change(outputs, 2)["reasons"] == ["taken_back", "gold"]
    assert record(table).bars == []
    assert not [name for name in table if name == key("u") or name.startswith(key("q", ""))]


def test_a_sanction_that_the_rest_supports_on_its_own_stays() -> None:
    outputs, _ = play(TICK, *told(6), ("outcomes", outcome("g5", correct=False, sign=-1)))
    assert changes(outputs) == ["watched", "training"]


def test_taking_back_right_answers_sanctions_nobody() -> None:
    right = told(8, correct=True)
    back = [("outcomes", {**body, "sign": -1}) for _, body in right]
    outputs, table = play(TICK, *right, *told(4, start=8), *back)
    assert evidence(0, 4, 600_000, 800_000) >= bar(50_000)
    assert "training" not in changes(outputs)
    assert record(table).bars == []


def test_an_only_outcome_that_is_taken_back_leaves_nothing() -> None:
    body = outcome("g0", correct=True, similarity_key="k", time_spent_s=30, session=3)
    assert play(("outcomes", body), ("outcomes", {**body, "sign": -1})) == ([], {})


# Consensus and the rest


def test_disagreement_with_the_others_gets_somebody_watched_and_no_more() -> None:
    outputs, table = play(*told(500, kind="consensus"), ("annotations", annotation("x1")))
    assert changes(outputs) == ["watched"]
    assert scored_standing(outputs) == ["watched"]
    body = change(outputs)
    assert (body["reasons"], body["threshold"], body["value"]) == (["consensus"], 0.6, 0.0)
    assert record(table).bars == []


def frozen(sequence: int, *, is_so: bool = True) -> Sent:
    return "globals.a", {**settings(1), "sequence": sequence, "sanctions_frozen": is_so}


def test_where_the_others_do_not_agree_either_it_counts_against_nobody() -> None:
    outputs, table = play(frozen(1), *told(100, kind="consensus", similarity_key="k"))
    assert changes(outputs) == []
    assert (record(table).consensus_n, record(table).drift) == (100, 0)
    assert changes(play(frozen(1), *told(4))[0]) == ["watched", "training"]


def test_a_freeze_ends_what_rested_on_the_others_and_what_is_told_after_it_counts_again() -> None:
    against = [*told(99, kind="consensus"), frozen(1), *told(1, kind="consensus", start=99)]
    outputs, _ = play(*against)
    assert changes(outputs) == ["watched", "active"]
    outputs, _ = play(*against, frozen(2, is_so=False), *told(1, kind="consensus", start=100))
    assert changes(outputs) == ["watched", "active", "watched"]


def test_ten_implausibly_short_times_get_somebody_watched() -> None:
    fast = [told(1, correct=True, start=n, time_spent_s=0.4)[0] for n in range(10)]
    outputs, _ = play(*fast[:9])
    assert changes(outputs) == []
    outputs, _ = play(*fast)
    assert changes(outputs) == ["watched"]
    assert (change(outputs)["reasons"], change(outputs)["n"]) == (["speed"], 10)


def test_once_a_project_has_times_enough_they_say_what_is_too_fast() -> None:
    """Two seconds are below the fixed threshold, and what everybody takes here."""
    others = [("outcomes", outcome(f"h{n}", f"b{n % 20}", time_spent_s=1.5 + n % 7 / 4)) for n in range(220)]
    own = told(20, correct=True, time_spent_s=2)
    outputs, _ = play(*others, *own)
    assert [body["annotator_id"] for body in bodies(outputs, "quality-events") if body["annotator_id"] == "ann"] == []
    outputs, _ = play(*own)
    assert changes(outputs) == ["watched"]


def test_who_answers_alike_tasks_differently_is_watched() -> None:
    answers = [
        ("outcomes", outcome(f"g{n}", similarity_key=f"k{n % 5}", answer="wren" if n % 2 else "tit")) for n in range(60)
    ]
    outputs, table = play(*answers)
    assert changes(outputs) == ["watched"]
    assert change(outputs)["reasons"] == ["consistency"]
    alike = [("outcomes", {**body, "answer": "wren"}) for _, body in answers]
    assert changes(play(*alike)[0]) == []
    assert record(table).pairs == 5 * 12 * 11 // 2


def shown(truth: int, given: int) -> dict[str, Any]:
    return {"evidence": [{"space": "0123456789abcdef", "classes": 2, "given": given, "change": [[truth, FIXED]]}]}


def test_who_answers_the_same_whatever_is_asked_is_watched_though_nearly_always_right() -> None:
    def answers(*given: int) -> list[Sent]:
        told = [(n, int(n % 15 == 14)) for n in range(200)]
        return [
            (
                "outcomes",
                outcome(f"g{n}", kind="consensus", correct=given[truth] == truth, **shown(truth, given[truth])),
            )
            for n, truth in told
        ]

    outputs, _ = play(*answers(0, 0))
    assert changes(outputs) == ["watched"]
    body = change(outputs)
    assert (body["reasons"], body["value"], body["threshold"]) == (["habit"], 0.0, 0.02)
    assert changes(play(*answers(0, 1))[0]) == []


def test_who_becomes_worse_is_watched_and_so_is_who_tires() -> None:
    good = told(60, correct=True, kind="consensus", session=1)
    outputs, _ = play(*good, *told(12, start=60, kind="consensus", session=1))
    assert change(outputs, 0)["reasons"] == ["drift", "fatigue"]
    outputs, table = play(*good, *told(3, start=60, kind="consensus", session=1), *told(1, kind="consensus", session=2))
    assert changes(outputs) == []
    assert record(table).fatigue < record(table).drift


def test_ratings_are_summed_beside_what_the_others_said() -> None:
    ratings = [
        ("outcomes", outcome(f"g{n}", task_type="likert_scale", kind="consensus", answer=answer, truth=truth))
        for n, (answer, truth) in enumerate([(5, 4), (3, 2.5), (2, 2)])
    ]
    _, table = play(*ratings)
    assert msgspec.structs.astuple(record(table, "likert_scale").scale) == (
        3,
        10_000,
        8_500,
        38_000_000,
        26_250_000,
        31_500_000,
    )
    _, table = play(*ratings, *[("outcomes", {**body, "sign": -1}) for _, body in ratings])
    assert record_key("ann", "birds", "likert_scale") not in table


# Task types, projects, people


def test_each_task_type_has_its_own_and_an_annotation_carries_the_worst_of_its_project() -> None:
    other = [("outcomes", {**body, "task_type": "likert_scale"}) for _, body in told(1, correct=True)]
    outputs, table = play(
        TICK,
        *told(4),
        *other,
        ("annotations", annotation("x1")),
        ("annotations", annotation("x2", project="fish")),
    )
    assert scored_standing(outputs) == ["training", "active"]
    assert (record(table).standing, record(table, "likert_scale").standing) == ("training", "active")


def test_three_wrong_in_each_of_two_types_are_not_six_in_one() -> None:
    other = [("outcomes", {**body, "task_type": "likert_scale"}) for _, body in told(3)]
    assert changes(play(*told(3), *other)[0]) == ["watched", "watched"]


def test_an_erased_annotator_leaves_nothing_and_no_end_comes_to_pass() -> None:
    erasure = {
        "erasure_id": "e1",
        "kind": "annotator",
        "id": "ann",
        "pseudonym": "erased-1",
        "actor": "ops",
        "reason": "asked",
        "at": T0 + 50,
    }
    answers = told(4, time_spent_s=20, similarity_key="k", session=1)
    outputs, table = play(TICK, *answers, ("annotations", annotation("x1")), ("erasures.a", erasure), tick(30))
    assert changes(outputs) == ["watched", "training"]
    assert not [name for name, value in table.items() if "ann" in name.split("\x1f") or b'"ann"' in value]
    assert not [name for name in table if name == key("u") or name.startswith(key("q", "u"))]


def test_half_an_hour_without_an_annotation_ends_a_session() -> None:
    minutes = [0, 10, 39, 70, 69, 100]
    events = [
        event(SIDE, "annotations", "ann", annotation(f"x{n}"), offset=n, timestamp=T0 + 60_000 * minute)
        for n, minute in enumerate(minutes)
    ]
    outputs, _ = run(SIDE, {}, events)
    assert [body["session"] for body in bodies(outputs, "annotations.scored")] == [1, 1, 1, 2, 2, 2]


# Laws

ORDER = ["active", "watched", "training", "paused"]
answered = st.builds(
    lambda number, annotator_id, **fields: ("outcomes", outcome(f"x{number}", annotator_id, **fields)),
    st.integers(0, 9),
    st.sampled_from(["ann", "bob"]),
    project=st.sampled_from(["birds", "fish"]),
    kind=st.sampled_from(["gold", "gold", "gold", "consensus", "training"]),
    correct=st.sampled_from([True, False, False]),
    task_type=st.sampled_from(["classification", "likert_scale"]),
    answer=st.integers(1, 3),
    truth=st.integers(1, 3),
    session=st.integers(0, 2),
    similarity_key=st.sampled_from([None, "k", "l"]),
    time_spent_s=st.sampled_from([None, 1, 30]),
)
ticks = st.integers(0, 200).map(tick)
rules = st.builds(
    lambda version, name, **gold_test: ("globals.a", settings(version, name, gold_test=gold_test, pause_hours=version)),
    st.integers(1, 4),
    st.sampled_from(["birds", "fish"]),
    p1=st.sampled_from([0.8, 0.95]),
    alpha=st.sampled_from([0.05, 0.3]),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Sent]:
    """Outcomes, some taken back later, amid annotations, settings and ticks that never go back."""
    sent: list[Sent] = []
    hours = 0
    for one in draw(st.lists(st.one_of(answered, answered, answered, rules, ticks), max_size=50)):
        if one[0] == "ticks.a":
            hours += draw(st.integers(0, 3))
            sent.append(tick(hours))
        else:
            sent.append(one)
        told = [body for topic, body in sent if topic == "outcomes" and body["sign"] > 0]
        back = [body for topic, body in sent if topic == "outcomes" and body["sign"] < 0]
        open_ = [body for body in told if told.count(body) > back.count({**body, "sign": -1})]
        if open_ and draw(st.integers(0, 3)) == 0:
            sent.append(("outcomes", {**draw(st.sampled_from(open_)), "sign": -1}))
    return sent


def events(sent: list[Sent]) -> list[Any]:
    return [
        event(SIDE, topic, body.get("annotator_id", ""), body, offset=n, timestamp=at(body, n))
        for n, (topic, body) in enumerate(sent)
    ]


def records(table: dict[str, bytes]) -> dict[str, Record]:
    return {name: msgspec.json.decode(raw, type=Record) for name, raw in table.items() if name.startswith(key("r", ""))}


def of_outcomes(table: dict[str, bytes]) -> dict[str, tuple[Any, ...]]:
    """Return what is summed over outcomes, where there is any."""
    last = Record.__struct_fields__.index("drift")
    found = {name: msgspec.structs.astuple(one)[:last] for name, one in records(table).items()}
    return {name: one for name, one in found.items() if one != msgspec.structs.astuple(Record())[:last]}


@given(histories(), st.sets(st.integers(1, 80)))
def test_batches_do_not_show(sent: list[Sent], cuts: set[int]) -> None:
    assert run(SIDE, {}, events(sent), cuts) == run(SIDE, {}, events(sent))


@given(histories())
def test_what_was_taken_back_never_was_as_far_as_sums_go(sent: list[Sent]) -> None:
    _, table = run(SIDE, {}, events(sent))
    standing = [one for one in sent if one[0] != "outcomes" or one[1]["sign"] > 0]
    for topic, body in sent:
        if topic == "outcomes" and body["sign"] < 0:
            standing.remove((topic, {**body, "sign": 1}))
    _, plain = run(SIDE, {}, events(standing))
    assert of_outcomes(table) == of_outcomes(plain)
    assert {name: raw for name, raw in table.items() if name.startswith(key("v", ""))} == {
        name: raw for name, raw in plain.items() if name.startswith(key("v", ""))
    }


@given(histories())
def test_once_everything_is_taken_back_and_time_is_over_nothing_is_left_but_how_often_it_changed(
    sent: list[Sent],
) -> None:
    open_ = [body for topic, body in sent if topic == "outcomes" and body["sign"] > 0]
    for topic, body in sent:
        if topic == "outcomes" and body["sign"] < 0:
            open_.remove({**body, "sign": 1})
    back: list[Sent] = [("outcomes", {**body, "sign": -1}) for body in open_]
    _, table = run(SIDE, {}, events([*sent, *back, tick(10_000), *told(1, correct=True)]))
    for name, one in records(table).items():
        if name != record_key("ann", "birds", "classification"):
            assert one == Record(changes=one.changes)
    assert not [name for name in table if name[:1] in "uqv" or name.startswith(key("y", ""))]


@given(histories(), answered)
def test_an_outcome_that_is_taken_back_leaves_nobody_worse(sent: list[Sent], last: Sent) -> None:
    _, before = run(SIDE, {}, events(sent))
    place = record_key(last[1]["annotator_id"], last[1]["project"], last[1]["task_type"])
    # Something else first: changed settings and the clock show at an annotator's next outcome.
    _, before = run(SIDE, before, events([("outcomes", {**last[1], "kind": "training", "correct": False})]))
    _, after = run(SIDE, before, events([last, ("outcomes", {**last[1], "sign": -1})]))
    was, now = (records(table).get(place, Record()) for table in (before, after))
    own = checks.rules_of(MemoryState(after), last[1]["project"])
    if gold_evidence(now, own) >= bar(own.alpha):
        return  # what stands says so on its own: other settings, or right answers that were taken back
    assert ORDER.index(now.standing) <= ORDER.index(was.standing) or set(now.reasons) <= {"speed"}
    assert set(now.reasons) <= {*was.reasons, "speed"}
    assert len(now.bars) <= len(was.bars)
    assert (now.drift, now.fatigue) <= (was.drift, was.fatigue) or now.session != was.session


@given(histories())
def test_only_gold_that_counts_sanctions_and_only_with_the_evidence(sent: list[Sent]) -> None:
    state = MemoryState()
    for (topic, body), one in zip(sent, events(sent), strict=True):
        outputs = apply(SIDE, state, one)
        state.commit()
        assert_contracts(outputs)
        for found in bodies(outputs, "quality-events"):
            if found["kind"] in ("standing_training", "standing_paused"):
                assert (topic, body["kind"], body["sign"], body["correct"]) == ("outcomes", "gold", 1, False)
                assert found["e_value"] >= found["e_threshold"]
                assert found["reasons"][0] == "gold"
        for place, kept in records(state.committed).items():
            is_sanctioned = kept.standing in ("training", "paused")
            assert is_sanctioned == bool(kept.chunk)
            assert (kept.standing == "active") == (not kept.reasons) or is_sanctioned
            whole = state.get(key("s", *place.split("\x1f")[1:3]), Stats)
            siblings = [
                other.standing
                for name, other in records(state.committed).items()
                if name.startswith(place.rpartition("\x1f")[0] + "\x1f")
            ]
            assert (whole or Stats()).standing == max(siblings, key=ORDER.index)


@given(histories())
def test_time_ends_every_sanction(sent: list[Sent]) -> None:
    _, table = run(SIDE, {}, [*events(sent), *events([tick(5_000), tick(10_000)])])
    assert {one.standing for one in records(table).values()} <= {"active", "watched"}
    assert not [name for name in table if name == key("u") or name.startswith(key("q", "u"))]


def test_the_side_finds_whom_the_test_finds_and_nobody_else() -> None:
    """Answers drawn at several accuracies: the first sanction comes with the answer at which the bar is reached."""
    for seed in range(30):
        draw = Random(seed)
        answers = [draw.random() < (0.5, 0.7, 0.8)[seed % 3] for _ in range(120)]
        outputs, _ = run(SIDE, {}, events([told(1, correct=correct, start=n)[0] for n, correct in enumerate(answers)]))
        first = next((body for body in bodies(outputs, "quality-events") if body["kind"] == "standing_training"), None)
        right = [sum(answers[: n + 1]) for n in range(len(answers))]
        reached = [n for n, k in enumerate(right) if evidence(k, n + 1, 600_000, 800_000) >= bar(50_000)]
        assert (None if first is None else first["n"] - 1) == (reached[0] if reached else None)


def test_a_change_tells_all_that_is_known_of_the_work() -> None:
    consensus = [
        ("outcomes", outcome(f"c{n}", kind="consensus", task_type="likert_scale", answer=3 + n % 3, truth=1 + n % 3))
        for n in range(6)
    ]
    gold = told(4, task_type="likert_scale", answer=5, truth=1, time_spent_s=8, similarity_key="k")
    outputs, _ = play(TICK, *consensus, *gold)
    assert change(outputs)["kind"] == "standing_training"
    assert change(outputs)["work"] == {
        "gold_n": 4,
        "gold_correct": 0,
        "accuracy": 0.388889,
        "consensus_n": 6,
        "consensus_agree": 6,
        "agreement": 0.863636,
        "timed": 4,
        "quartiles_s": [7.439, 7.439, 7.439],
        "pairs": 6,
        "alike": 6,
        "bias": 2.8,
        "spread": 1.0,
        "spammer_score": None,
        "drift": 0.0,
        "fatigue": 0.0,
    }


def test_state_from_before_there_were_standings_is_read_and_goes_on() -> None:
    """Fields are added last, with defaults; what was counted without a record is taken back without one."""
    place = key("s", "ann", "birds")
    old = {place: msgspec.json.encode([30, 600_000, 0, 0, 2, 1, 0, 0, 0, 0, 5, 4, False, 0])}
    back = [event(SIDE, "outcomes", "ann", outcome("old", sign=-1))]
    outputs, table = run(SIDE, old, [*back, *events(told(4))])
    assert_contracts(outputs)
    assert changes(outputs) == ["watched", "training"]
    assert (record(table).gold_n, msgspec.json.decode(table[place], type=Stats).gold_n) == (4, 5)

"""The annotator side's rules, one named test each."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streams.events import Event, Output
from streams.quality.annotator_state import Profile, Stats
from streams.quality.annotators import AnnotatorSide
from streams.quality.keys import key
from streams.quality.ticking import Clock
from tests.quality.harness import run
from tests.quality.sent import T0, annotation, assert_contracts, bodies, event, outcome, settings

SIDE = AnnotatorSide()


def play(*sent: tuple[str, Any], side: AnnotatorSide = SIDE) -> tuple[list[Output], dict[str, bytes]]:
    """Run (topic, body) pairs in order, each its own batch, and check every output against its contract."""
    events = [
        event(side, topic, body.get("annotator_id", ""), body, offset=offset)
        for offset, (topic, body) in enumerate(sent)
    ]
    outputs, table = run(side, {}, events, cuts=range(len(events)))
    assert_contracts(outputs)
    return outputs, table


def stats(table: dict[str, bytes], annotator_id: str = "ann", project: str = "birds") -> Stats:
    """Return what is counted; sessions and standing are tested with the standing."""
    whole = msgspec.json.decode(table[key("s", annotator_id, project)], type=Stats)
    return msgspec.structs.replace(whole, session=0, last_at=0, standing="active")


def scored(outputs: list[Output]) -> list[dict[str, Any]]:
    return bodies(outputs, "annotations.scored")


def rejected(outputs: list[Output]) -> list[str]:
    return [output.tag for output in outputs if output.topic == "dead-letters"]


def kinds(outputs: list[Output]) -> list[str]:
    return [body["kind"] for body in noticed(outputs)]


def noticed(outputs: list[Output]) -> list[dict[str, Any]]:
    """Return the quality events but for changes of standing."""
    return [body for body in bodies(outputs, "quality-events") if not body["kind"].startswith("standing_")]


def gold(right: int, wrong: int) -> list[tuple[str, dict[str, Any]]]:
    return [("outcomes", outcome(f"g{n}", correct=n < right)) for n in range(right + wrong)]


# The scored annotation


def test_a_scored_annotation_carries_the_annotation_and_what_is_known_of_its_author() -> None:
    outputs, _ = play(
        ("annotators", {"annotator_id": "ann", "actor": "eve", "tier": "expert", "kind": "judge"}),
        ("globals.a", settings(4)),
        ("annotations", annotation("x1", confidence=0.5, presented_order=["wren", "tit"])),
    )
    assert len(outputs) == 1
    assert outputs[0].key == b"t1"
    assert outputs[0].tag == "submit"
    assert outputs[0].timestamp == T0 + 2
    assert scored(outputs) == [
        {
            "schema_version": 1,
            "annotation_id": "x1",
            "task_id": "t1",
            "annotator_id": "ann",
            "project": "birds",
            "action": "submit",
            "label": "wren",
            "non_answer": None,
            "confidence": 0.5,
            "time_spent_s": 60.0,
            "presented_order": ["wren", "tit"],
            "submitted_at": "2026-03-01T10:00:00+02:00",
            "flags": [],
            "quality_score": 1.0,
            "reliability": 0.7,
            "reliability_n": 0,
            "tier": "expert",
            "kind": "judge",
            "policy_version": 4,
            "counts": None,
            "standing": "active",
            "session": 1,
        }
    ]


def test_an_unknown_annotator_is_a_human_of_the_crowd_and_an_unknown_project_has_the_default_thresholds() -> None:
    outputs, _ = play(("annotations", annotation("x1", time_spent_s=4.9)))
    (body,) = scored(outputs)
    assert (body["tier"], body["kind"], body["policy_version"], body["flags"]) == (
        "crowd",
        "human",
        0,
        ["too_fast"],
    )


def test_a_newer_client_schema_version_is_not_passed_off_as_ours() -> None:
    outputs, _ = play(("annotations", annotation("x1", schema_version=7, colour="blue")))
    (body,) = scored(outputs)
    assert body["schema_version"] == 1
    assert "colour" not in body


# Speed


@pytest.mark.parametrize(
    ("seconds", "flags", "score"),
    [
        (0, ["too_fast"], 0.3),
        (4.999, ["too_fast"], 0.3),
        (5, [], 1.0),
        (600, [], 1.0),
        (600.001, ["too_slow"], 0.8),
    ],
)
def test_speed_flags_and_their_factors(seconds: float, flags: list[str], score: float) -> None:
    outputs, _ = play(("annotations", annotation("x1", time_spent_s=seconds)))
    (body,) = scored(outputs)
    assert (body["flags"], body["quality_score"]) == (flags, score)
    assert kinds(outputs) == flags


def test_a_speed_flag_is_a_quality_event_that_names_value_and_threshold() -> None:
    outputs, _ = play(("annotations", annotation("x1", time_spent_s=2)))
    assert outputs[1].key == b"ann"
    assert outputs[1].tag == "too_fast"
    (body,) = bodies(outputs, "quality-events")
    assert body["event_id"] == "ann:x1:too_fast"
    assert (body["task_id"], body["annotation_id"], body["value"], body["threshold"]) == (
        "t1",
        "x1",
        2.0,
        5.0,
    )
    assert body["at"] == "2025-10-09T08:53:20Z"


def test_thresholds_and_factors_are_the_projects_own() -> None:
    outputs, _ = play(
        ("globals.a", settings(1, too_fast_s=1, too_slow_s=30, factors={"too_slow": 0.25})),
        ("annotations", annotation("x1", time_spent_s=2)),
        ("annotations", annotation("x2", time_spent_s=31)),
        ("annotations", annotation("x3", time_spent_s=31, project="fish")),
    )
    assert [body["flags"] for body in scored(outputs)] == [[], ["too_slow"], []]
    assert scored(outputs)[1]["quality_score"] == 0.25


def test_submits_are_counted_and_timed() -> None:
    _, table = play(
        ("annotations", annotation("x1", time_spent_s=1.2345)),
        ("annotations", annotation("x2", time_spent_s=601)),
        ("annotations", annotation("x3", time_spent_s=60, non_answer="broken_item")),
    )
    assert stats(table) == Stats(n=3, time_ms=662_234, too_fast=1, too_slow=1)


def test_an_edit_is_neither_flagged_for_speed_nor_counted() -> None:
    outputs, table = play(
        ("annotations", annotation("x1")),
        ("annotations", annotation("x2", action="edit", time_spent_s=1)),
    )
    assert scored(outputs)[1]["flags"] == []
    assert outputs[1].tag == "edit"
    assert kinds(outputs) == []
    assert stats(table) == Stats(n=1, time_ms=60_000)


def test_a_withdrawal_has_no_speed() -> None:
    outputs, table = play(
        ("annotations", annotation("x1")),
        ("annotations", annotation("x2", action="withdraw", time_spent_s=0)),
    )
    assert (outputs[1].tag, scored(outputs)[1]["flags"]) == ("withdraw", [])
    assert stats(table) == Stats(n=1, time_ms=60_000)


def test_a_non_answer_may_be_too_fast_like_any_other() -> None:
    outputs, _ = play(("annotations", annotation("x1", non_answer="cannot_decide", time_spent_s=1)))
    assert scored(outputs)[0]["flags"] == ["too_fast"]
    assert scored(outputs)[0]["non_answer"] == "cannot_decide"


# Gold


def test_no_gold_is_not_below_the_threshold() -> None:
    outputs, _ = play(("annotations", annotation("x1")))
    assert scored(outputs)[0]["flags"] == []


def test_no_gold_is_not_below_the_threshold_even_when_none_is_needed() -> None:
    outputs, _ = play(("globals.a", settings(1, min_gold=1, gold_accuracy=1)), ("annotations", annotation("x1")))
    assert scored(outputs)[0]["flags"] == []


def test_nine_wrong_gold_answers_are_not_enough_and_the_tenth_is() -> None:
    outputs, _ = play(*gold(0, 9))
    assert kinds(outputs) == []
    outputs, _ = play(*gold(0, 10))
    assert kinds(outputs) == ["below_gold_threshold"]
    (body,) = noticed(outputs)
    assert body["event_id"] == "ann:t1:g9:1:below_gold_threshold"
    assert (body["value"], body["threshold"], body["n"]) == (0.0, 0.7, 10)


def test_the_threshold_itself_is_not_below() -> None:
    assert kinds(play(*gold(7, 3))[0]) == []
    assert kinds(play(*gold(70, 30))[0]) == []
    outputs, _ = play(*gold(6, 4), ("annotations", annotation("x1")))
    assert scored(outputs)[0]["flags"] == ["below_gold_threshold"]
    assert scored(outputs)[0]["quality_score"] == 0.3


def test_below_is_told_once_when_it_begins_and_once_when_it_ends() -> None:
    outputs, _ = play(
        *gold(6, 4),
        ("outcomes", outcome("h1", correct=False)),
        ("annotations", annotation("x1")),
        *[("outcomes", outcome(f"r{n}")) for n in range(6)],
        ("annotations", annotation("x2")),
    )
    assert kinds(outputs) == ["below_gold_threshold", "gold_threshold_recovered"]
    assert [body["flags"] for body in scored(outputs)] == [["below_gold_threshold"], []]


def test_a_taken_back_outcome_can_end_it_without_any_gold_left() -> None:
    outputs, table = play(
        ("globals.a", settings(1, min_gold=1)),
        ("outcomes", outcome(correct=False)),
        ("outcomes", outcome(correct=False, sign=-1)),
    )
    assert kinds(outputs) == ["below_gold_threshold", "gold_threshold_recovered"]
    recovered = bodies(outputs, "quality-events")[1]
    assert (recovered["value"], recovered["n"]) == (None, 0)
    assert stats(table) == Stats(turns=2)


def test_an_annotation_that_turns_the_standing_again_and_again_does_so_in_distinct_events() -> None:
    told = [("outcomes", outcome(correct=False, sign=sign)) for sign in (1, -1, 1, -1, 1)]
    outputs, _ = play(("globals.a", settings(1, min_gold=1)), *told)
    ids = [body["event_id"] for body in bodies(outputs, "quality-events")]
    assert len(ids) == len(set(ids)) == 5
    assert ids[0] == "ann:t1:x1:1:below_gold_threshold"


def test_a_changed_threshold_shows_at_the_annotators_next_event() -> None:
    outputs, _ = play(
        *gold(8, 2),
        ("globals.a", settings(1, gold_accuracy=0.9)),
        ("annotations", annotation("x1", action="withdraw")),
        ("globals.a", settings(2, gold_accuracy=0.5)),
        ("outcomes", outcome("g10")),
    )
    assert kinds(outputs) == ["below_gold_threshold", "gold_threshold_recovered"]
    first, second = bodies(outputs, "quality-events")
    assert first["event_id"] == "ann:x1:below_gold_threshold"
    assert (first["policy_version"], second["policy_version"]) == (1, 2)


def test_two_flags_multiply() -> None:
    outputs, _ = play(*gold(0, 10), ("annotations", annotation("x1", time_spent_s=1)))
    assert scored(outputs)[0]["flags"] == ["too_fast", "below_gold_threshold"]
    assert scored(outputs)[0]["quality_score"] == 0.09


def test_projects_do_not_mix() -> None:
    outputs, _ = play(*gold(0, 10), ("annotations", annotation("x1", project="fish")))
    assert scored(outputs)[0]["flags"] == []
    assert scored(outputs)[0]["reliability_n"] == 0


# Reliability


def test_reliability_counts_gold_and_consensus_but_neither_attention_nor_training() -> None:
    outputs, table = play(
        ("outcomes", outcome("a", correct=False)),
        ("outcomes", outcome("b", kind="consensus")),
        ("outcomes", outcome("c", kind="attention", correct=False)),
        ("outcomes", outcome("d", kind="training", correct=False)),
        ("annotations", annotation("x1")),
    )
    (body,) = scored(outputs)
    assert (body["reliability"], body["reliability_n"]) == (0.642857, 2)
    counted = stats(table)
    assert (counted.gold_n, counted.gold_correct) == (1, 0)
    assert (counted.consensus_n, counted.consensus_agree) == (1, 1)
    assert (counted.attention_n, counted.attention_correct) == (1, 0)
    assert (counted.training_n, counted.training_correct) == (1, 0)


# Taking back


def test_an_outcome_taken_back_never_happened() -> None:
    _, before = play(("annotations", annotation("x1")))
    _, after = play(("annotations", annotation("x1")), ("outcomes", outcome()), ("outcomes", outcome(sign=-1)))
    assert after == before


def test_nothing_is_left_of_an_annotators_only_outcome_once_it_is_taken_back() -> None:
    assert play(("outcomes", outcome()), ("outcomes", outcome(sign=-1))) == ([], {})


@pytest.mark.parametrize(
    "told",
    [[], [outcome(correct=False)], [outcome(kind="attention")], [outcome(project="fish")]],
    ids=["never told", "another answer", "another kind", "another project"],
)
def test_taking_back_what_was_never_told_is_an_underflow(told: list[dict[str, Any]]) -> None:
    _, before = play(*[("outcomes", body) for body in told])
    outputs, after = play(*[("outcomes", body) for body in told], ("outcomes", outcome(sign=-1)))
    assert rejected(outputs) == ["outcome_underflow"]
    assert after == before


def test_taking_back_a_wrong_answer_where_all_were_right_is_an_underflow() -> None:
    outputs, table = play(("outcomes", outcome()), ("outcomes", outcome(correct=False, sign=-1)))
    assert rejected(outputs) == ["outcome_underflow"]
    assert stats(table) == Stats(gold_n=1, gold_correct=1)


def test_an_outcome_whose_evidence_has_two_numbers_of_categories_for_one_label_space_is_refused() -> None:
    shown = [
        {"space": "0" * 16, "classes": classes, "given": classes - 1, "change": [[classes - 1, 5_000_000]]}
        for classes in (2, 50)
    ]
    outputs, table = play(("outcomes", outcome(evidence=shown)))
    assert rejected(outputs) == ["invalid"]
    assert table == {}


# Duplicates and profiles


def test_a_known_annotation_id_never_wins_again() -> None:
    outputs, _ = play(
        ("annotations", annotation("x1")),
        ("annotations", annotation("x1", label="tit")),
        ("annotations", annotation("x1", action="withdraw")),
        ("annotations", annotation("x1", "bob")),
    )
    assert rejected(outputs) == ["duplicate", "duplicate"]
    assert [(body["annotator_id"], body["label"]) for body in scored(outputs)] == [
        ("ann", "wren"),
        ("bob", "wren"),
    ]


def test_an_inactive_annotator_is_refused_and_may_send_the_same_annotation_once_active() -> None:
    outputs, table = play(
        ("annotators", {"annotator_id": "ann", "active": False, "actor": "eve", "reason": "holiday"}),
        ("annotations", annotation("x1")),
        ("annotators", {"annotator_id": "ann", "actor": "eve"}),
        ("annotations", annotation("x1")),
    )
    assert rejected(outputs) == ["annotator_inactive"]
    assert len(scored(outputs)) == 1
    assert stats(table).n == 1


def test_outcomes_of_an_inactive_annotator_still_count() -> None:
    _, table = play(("annotators", {"annotator_id": "ann", "actor": "eve", "active": False}), ("outcomes", outcome()))
    assert stats(table).gold_n == 1


def test_each_accepted_annotator_event_raises_the_version() -> None:
    outputs, table = play(
        ("annotators", {"annotator_id": "ann", "actor": "eve", "expected_version": 0, "tier": "trained"}),
        ("annotators", {"annotator_id": "ann", "actor": "eve", "expected_version": 0, "tier": "expert"}),
        (
            "annotators",
            {
                "annotator_id": "ann",
                "actor": "eve",
                "expected_version": 1,
                "pseudonym": "Robin",
                "specializations": ["owls"],
            },
        ),
        ("annotators", {"annotator_id": "ann", "actor": "eve", "tier": "expert"}),
    )
    assert rejected(outputs) == ["version_conflict"]
    assert dict(outputs[0].headers)["error"] == b"expected_version 0: annotator 'ann' is at version 1"
    stored = msgspec.json.decode(table[key("a", "ann")], type=Profile)
    assert (stored.tier, stored.pseudonym, stored.specializations, stored.version) == ("expert", None, [], 3)


# Settings and ticks


def test_older_and_repeated_settings_change_nothing() -> None:
    _, before = play(("globals.a", settings(2, too_fast_s=1)))
    _, after = play(
        ("globals.a", settings(2, too_fast_s=1)),
        ("globals.a", settings(1, too_fast_s=9)),
        ("globals.a", settings(2, too_fast_s=9)),
    )
    assert after == before


def test_a_removed_project_has_the_default_thresholds_and_an_older_copy_does_not_bring_it_back() -> None:
    removed = {"project": "birds", "version": 1, "policy_version": 3, "removed": True}
    outputs, _ = play(
        ("globals.a", settings(2, too_fast_s=1)),
        ("globals.a", removed),
        ("globals.a", settings(2, too_fast_s=1)),
        ("annotations", annotation("x1", time_spent_s=2)),
        ("globals.a", settings(4, too_fast_s=1)),
        ("annotations", annotation("x2", time_spent_s=2)),
    )
    assert [body["flags"] for body in scored(outputs)] == [["too_fast"], []]
    assert [body["policy_version"] for body in scored(outputs)] == [3, 4]


def test_a_tick_changes_nothing_but_the_clock_and_that_in_steps_of_ten_seconds() -> None:
    clock = {"c": msgspec.json.encode(Clock(T0, T0))}
    assert play(("ticks.a", {"at": T0})) == ([], clock)
    assert play(*[("ticks.a", {"at": T0 + late}) for late in (0, 9_999, 1, -60_000)]) == ([], clock)


def test_a_far_record_timestamp_is_still_a_time() -> None:
    for timestamp in (-1, 2**62, -(2**62)):
        outputs, _ = run(
            SIDE,
            {},
            [event(SIDE, "annotations", "ann", annotation("x1", time_spent_s=1), timestamp=timestamp)],
        )
        assert_contracts(outputs)
        assert {output.timestamp for output in outputs} == {timestamp}


def test_the_side_names_its_sources() -> None:
    assert [source.topic for source in SIDE.sources] == [
        "annotations",
        "annotators",
        "outcomes",
        "globals.a",
        "ticks.a",
        "erasures.a",
    ]
    assert [source.topic for source in SIDE.sources if source.lossy] == ["ticks.a"]
    addressed = [source.topic for source in SIDE.sources if source.identity is None]
    assert addressed == ["globals.a", "ticks.a", "erasures.a"]


def test_a_rejection_keeps_the_original_bytes() -> None:
    first = event(SIDE, "annotations", "ann", annotation("x1"))
    second = Event("annotations", 3, 9, T0, "ann", first.value, first.raw)
    outputs, _ = run(SIDE, {}, [first, second])
    assert outputs[1].value == first.raw
    assert dict(outputs[1].headers)["offset"] == b"9"

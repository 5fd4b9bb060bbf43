"""The project side's rules, one named test each."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.events import Output
from streams.quality.keys import key
from streams.quality.projects import ProjectSide, Settings
from tests.quality.harness import run
from tests.quality.sent import T0, assert_contracts, bodies, event, project

SIDE = ProjectSide(partitions=3)
BIRDS = {"kind": {"type": "classification", "classes": ["wren", "tit"]}}
REMOVE = ("birds", None)


def play(*sent: tuple[str, Any], cuts: list[int] | None = None) -> tuple[list[Output], dict[str, bytes]]:
    events = [event(SIDE, "projects", name, body, offset=offset) for offset, (name, body) in enumerate(sent)]
    outputs, table = run(SIDE, {}, events, cuts or [])
    assert_contracts(outputs)
    return outputs, table


def publish(name: str = "birds", **fields: Any) -> tuple[str, dict[str, Any]]:
    return name, project(name, **fields)


def rejected(outputs: list[Output]) -> list[tuple[str, bytes]]:
    return [(output.tag, dict(output.headers)["error"]) for output in outputs if output.topic == "dead-letters"]


def sent_versions(outputs: list[Output]) -> list[int]:
    return [body["policy_version"] for body in bodies(outputs, "globals.a")[:: SIDE.partitions]]


def test_a_change_reaches_every_partition_of_both_sides() -> None:
    outputs, _ = play(publish(version=2, thresholds={"too_fast_s": 1}, actor="eve", reason="short items"))
    assert [(output.topic, output.partition) for output in outputs] == [
        (topic, partition) for topic in ("globals.a", "globals.t") for partition in range(3)
    ]
    assert {(output.key, output.tag, output.timestamp) for output in outputs} == {(b"birds", "project", T0)}
    assert len({output.value for output in outputs}) == 1
    body = bodies(outputs, "globals.t")[0]
    assert (body["project"], body["version"], body["policy_version"], body["removed"]) == (
        "birds",
        2,
        1,
        False,
    )
    assert body["project_settings"]["thresholds"]["too_fast_s"] == 1.0
    assert (body["project_settings"]["actor"], body["project_settings"]["reason"]) == ("eve", "short items")


def test_identical_settings_say_nothing_whoever_sends_them() -> None:
    _, before = play(publish(actor="eve"))
    outputs, after = play(
        publish(actor="eve"),
        publish(actor="bob", reason="again", policy={"redundancy": 3}, expected_version=0),
    )
    assert sent_versions(outputs) == [1]
    assert rejected(outputs) == []
    assert after == before


def test_each_change_counts_one_policy_version() -> None:
    outputs, _ = play(
        publish(),
        publish(version=2),
        publish(version=2, policy={"redundancy": 4}),
        publish("fish"),
        publish(),
    )
    assert sent_versions(outputs) == [1, 2, 3, 1, 4]


def test_an_expected_version_is_the_policy_version_that_is_stored() -> None:
    outputs, _ = play(
        publish(expected_version=0),
        publish(version=2, expected_version=1),
        publish(version=3, expected_version=1),
        publish("fish", expected_version=1),
    )
    assert sent_versions(outputs) == [1, 2]
    assert rejected(outputs) == [
        ("version_conflict", b"expected_version 1: project 'birds' is at version 2"),
        ("version_conflict", b"expected_version 1: project 'fish' is at version 0"),
    ]


def test_a_named_label_space_stays_as_it_is() -> None:
    other = {"kind": {"type": "classification", "classes": ["wren", "owl"]}}
    outputs, table = play(publish(label_spaces=BIRDS), publish(label_spaces=other), publish(label_spaces={}))
    assert sent_versions(outputs) == [1]
    assert [reason for reason, _ in rejected(outputs)] == ["label_space_changed", "label_space_changed"]
    assert all(error.startswith(b"label_spaces.kind: ") for _, error in rejected(outputs))
    assert table == play(publish(label_spaces=BIRDS))[1]


def test_a_label_space_spelled_with_its_defaults_is_the_same() -> None:
    spelled = {"kind": {"type": "classification", "classes": ["wren", "tit"], "multi": False}}
    outputs, _ = play(
        publish(label_spaces=BIRDS), publish(label_spaces=spelled), publish(version=2, label_spaces=spelled)
    )
    assert sent_versions(outputs) == [1, 2]
    assert rejected(outputs) == []


def test_a_label_space_may_be_added() -> None:
    outputs, _ = play(
        publish(label_spaces=BIRDS),
        publish(label_spaces={**BIRDS, "size": {"type": "likert_scale", "min": 1, "max": 5}}),
    )
    assert sent_versions(outputs) == [1, 2]


def test_removing_a_project_is_a_version_of_its_own() -> None:
    outputs, _ = play(publish(version=4), REMOVE)
    assert sent_versions(outputs) == [1, 2]
    body = bodies(outputs, "globals.t")[-1]
    assert (body["removed"], body["version"], body["project_settings"]) == (True, 4, None)
    assert len(outputs) == 4 * SIDE.partitions


def test_an_unknown_or_removed_project_cannot_be_removed() -> None:
    outputs, _ = play(REMOVE, publish(), REMOVE, REMOVE)
    assert [reason for reason, _ in rejected(outputs)] == ["unknown_project", "unknown_project"]


def test_a_removed_project_may_come_back_with_other_label_spaces_and_goes_on_counting() -> None:
    other = {"kind": {"type": "classification", "classes": ["wren", "owl"]}}
    outputs, table = play(publish(label_spaces=BIRDS), REMOVE, publish(label_spaces=other))
    assert sent_versions(outputs) == [1, 2, 3]
    assert msgspec.json.decode(table[key("p", "birds")], type=Settings).policy_version == 3


SENT = st.tuples(
    st.sampled_from(["birds", "fish"]),
    st.sampled_from(
        [
            None,
            {},
            {"version": 2},
            {"expected_version": 1, "policy": {"redundancy": 2}},
            {"label_spaces": BIRDS},
            {"expected_version": 2, "version": 3, "label_spaces": BIRDS},
        ]
    ),
).map(lambda drawn: (drawn[0], None if drawn[1] is None else project(drawn[0], **drawn[1])))


@given(st.lists(SENT, max_size=12), st.lists(st.integers(0, 12)))
def test_batches_do_not_show(sent: list[tuple[str, Any]], cuts: list[int]) -> None:
    assert play(*sent, cuts=cuts) == play(*sent)


@given(st.lists(SENT, max_size=12))
def test_a_rejected_event_changes_nothing(sent: list[tuple[str, Any]]) -> None:
    table: dict[str, bytes] = {}
    for name, body in sent:
        outputs, after = run(SIDE, table, [event(SIDE, "projects", name, body)])
        if rejected(outputs):
            assert len(outputs) == 1
            assert after == table
        table = after


@given(st.lists(SENT, max_size=12))
def test_policy_versions_count_from_one_without_gaps(sent: list[tuple[str, Any]]) -> None:
    outputs, _ = play(*sent)
    for name in ("birds", "fish"):
        versions = [body["policy_version"] for body in bodies(outputs, "globals.a") if body["project"] == name]
        assert versions == [version for version in range(1, len(versions) // 3 + 1) for _ in range(3)]

"""What the project side makes of deltas: standing and sanctions, events, what is refused, and when it publishes."""

from __future__ import annotations

from typing import Any

import pytest

from streams.events import Output
from streams.quality.agreement.coincidences import of_unit, parts
from streams.quality.agreement.gathering import MOST_QUESTIONS
from streams.quality.projects import ProjectSide
from tests.quality.agreement.sides import Sides
from tests.quality.campaign import AT, DAY, bodies
from tests.quality.harness import run
from tests.quality.sent import assert_contracts, event, project

SIDE = ProjectSide(partitions=2)
SCALE = {"type": "classification", "categories": ["no", "yes"]}
TODAY = AT // DAY
AGREED, OTHER, DIFFER = (0, 0), (1, 1), (0, 1)


def delta(*units: tuple[int, ...], sign: int = 1, changes: int | None = None, **more: Any) -> dict[str, Any]:
    """Return the delta that adds units, or takes them back."""
    sums: dict[tuple[int, int, int], int] = {}
    for votes in units:
        for number, value in of_unit(votes, False):
            sums[parts(number)] = sums.get(parts(number), 0) + sign * value
    question = {"question": "q", "scale": SCALE, "sums": [(TODAY, *at, value) for at, value in sums.items()], **more}
    return {
        "project": "p",
        "changes": len(units) if changes is None else changes,
        "agreement": [question],
        "at": "2026-01-01T00:00:00Z",
    }


def play(*told: dict[str, Any], **settings: Any) -> tuple[list[Output], dict[str, bytes]]:
    """Return what the side says of deltas to a known project, and its table."""
    events = [event(SIDE, "projects", "p", project("p", **settings))]
    events += [event(SIDE, "project-deltas", "p", one, offset=number) for number, one in enumerate(told)]
    outputs, table = run(SIDE, {}, events, range(0, len(events), 2))
    assert_contracts(outputs)
    return outputs, table


def kinds(outputs: list[Output]) -> list[str]:
    return [body["kind"] for body in bodies(outputs, "quality-events")]


def frozen(outputs: list[Output]) -> list[tuple[int, int, bool]]:
    """Return each copy of the first partition as (policy version, sequence, whether sanctions are frozen)."""
    copies = bodies(outputs, "globals.a")[:: SIDE.partitions]
    assert copies == bodies(outputs, "globals.t")[:: SIDE.partitions]
    return [(copy["policy_version"], copy["sequence"], copy["sanctions_frozen"]) for copy in copies]


LOW = [AGREED, OTHER, DIFFER, DIFFER] * 15
GOOD = [AGREED, OTHER] * 300


def test_low_agreement_freezes_sanctions_and_names_what_is_behind_it() -> None:
    told = delta(*LOW, disputed=[("t7", 1_000_000, 2), ("t8", 500_000, 4), ("t9", 0, 3)])
    outputs, _ = play(told)
    (said,) = bodies(outputs, "quality-events")
    assert (said["kind"], said["annotator_id"], said["n"], said["threshold"]) == ("agreement_low", None, 60, 0.6)
    assert said["value"] < 0.1
    assert [one["task_id"] for one in said["disputed"]] == ["t7", "t8"]
    assert said["confused"] == [{"question": "q", "one": "no", "other": "yes", "share": 1.0}]
    assert {output.key for output in outputs if output.topic == "quality-events"} == {b"p"}
    assert frozen(outputs) == [(1, 1, False), (1, 2, True)]
    assert bodies(outputs, "agreement")[-1]["sanctions_frozen"] is True


def test_too_few_units_say_nothing() -> None:
    outputs, _ = play(delta(*LOW[:48]))
    assert kinds(outputs) == []
    assert bodies(outputs, "agreement")[-1]["standing"] == "unknown"
    assert kinds(play(delta(*LOW[:48]), agreement={"min_units": 48})[0]) == ["agreement_low"]


def test_it_recovers_only_well_above_the_threshold_and_after_enough_changes() -> None:
    outputs, _ = play(delta(*LOW), delta(*GOOD[:45]), delta(*GOOD))
    assert kinds(outputs) == ["agreement_low", "agreement_high"]
    assert frozen(outputs) == [(1, 1, False), (1, 2, True), (1, 3, False)]
    few, _ = play(delta(*LOW), delta(*GOOD, changes=49))
    assert kinds(few) == ["agreement_low"], "so few changes since it turned"


@pytest.mark.parametrize(("good", "standing"), [(110, "low"), (130, "fair")])
def test_a_standing_is_left_beyond_a_margin(good: int, standing: str) -> None:
    low = {"low": 0.5, "high": 0.9}
    outputs, _ = play(delta(*LOW), delta(*GOOD[:good]), agreement=low)
    body = bodies(outputs, "agreement")[-1]
    assert body["lower"]["value"] > 0.5
    assert body["standing"] == standing
    assert kinds(outputs) == ["agreement_low", *(["agreement_recovered"] if standing == "fair" else [])]


def test_high_agreement_is_said_and_when_it_is_lost() -> None:
    outputs, _ = play(delta(*GOOD), delta(*[DIFFER] * 100))
    assert kinds(outputs) == ["agreement_high", "agreement_high_lost"]
    assert [body["n"] for body in bodies(outputs, "quality-events")] == [600, 700]
    assert frozen(outputs) == [(1, 1, False)]


def test_a_turn_waits_for_its_project_to_be_known() -> None:
    unknown = event(SIDE, "project-deltas", "p", delta(*LOW))
    known = event(SIDE, "projects", "p", project("p"))
    outputs, _ = run(SIDE, {}, [unknown, known, event(SIDE, "project-deltas", "p", delta(*LOW), offset=1)])
    assert kinds(outputs) == ["agreement_low"]
    assert frozen(outputs) == [(1, 1, False), (1, 2, True)]


def test_a_change_of_settings_goes_on_counting_and_keeps_sanctions_frozen() -> None:
    events = [
        event(SIDE, "projects", "p", project("p")),
        event(SIDE, "project-deltas", "p", delta(*LOW)),
        event(SIDE, "projects", "p", project("p", version=2), offset=1),
    ]
    assert frozen(run(SIDE, {}, events)[0]) == [(1, 1, False), (1, 2, True), (2, 3, True)]


def test_what_is_taken_back_leaves_no_trace() -> None:
    some = [AGREED, (0, 1, 1), OTHER]
    _, once = play(delta(*LOW, changes=0))
    _, again = play(delta(*LOW, changes=0), delta(*some, changes=0), delta(*some, sign=-1, changes=0))
    assert again == once


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (delta(AGREED, sign=-1), "delta_underflow"),
        (delta(AGREED, couples=[("a" * 16, "b" * 16, 0, 0, -1)]), "delta_underflow"),
        (delta(AGREED, couples=[("a" * 16, "b" * 16, 0, 2, 1)]), "invalid"),
        (delta(AGREED, sums=[(TODAY, 2, 1, 0, 1)]), "invalid"),
        (delta(AGREED, sums=[(TODAY, 2, 0, 5, 1)]), "invalid"),
        (delta(AGREED, sums=[(TODAY, 2, 0, 0, 2**53 - 1), (TODAY, 2, 0, 0, 1)]), "invalid"),
        (delta(AGREED, scale={**SCALE, "first": 1}), "invalid"),
    ],
)
def test_what_cannot_be_is_refused_whole(told: dict[str, Any], reason: str) -> None:
    sound = delta(AGREED, DIFFER, disputed=[("t", 1_000_000, 2)])
    sound["agreement"].append({**told["agreement"][0], "question": "other"})
    before = play(delta(OTHER))
    outputs, table = play(delta(OTHER), sound)
    assert [output.tag for output in outputs[len(before[0]) :]] == [reason]
    assert table == before[1]


def test_beyond_a_hundred_questions_no_more_are_followed() -> None:
    many = [delta(AGREED, DIFFER, question=f"q{n}") for n in range(MOST_QUESTIONS + 2)]
    for told, are_left_out in ((many[:MOST_QUESTIONS], False), (many, True)):
        outputs, _ = play(*told, delta(*GOOD, question="q0"))
        body = bodies(outputs, "agreement")[-1]
        assert (len(body["questions"]), body["questions_left_out"]) == (MOST_QUESTIONS, are_left_out)


def test_another_label_space_is_another_question() -> None:
    other = {"type": "classification", "categories": ["no", "yes", "maybe"]}
    outputs, _ = play(delta(AGREED, DIFFER), delta(AGREED, DIFFER, scale=other))
    body = bodies(outputs, "agreement")[-1]
    assert [len(one["scale"]["categories"]) for one in body["questions"]] == [2, 3]


def test_it_publishes_when_figures_moved_and_not_for_each_delta() -> None:
    outputs, _ = play(delta(*GOOD), *[delta(AGREED, OTHER) for _ in range(200)])
    assert len(bodies(outputs, "agreement")) < 12
    assert bodies(outputs, "agreement")[-1]["units"] >= 0.95 * 1000 - 10
    outputs, _ = play(*[delta(AGREED, DIFFER, OTHER) for _ in range(8)])
    assert len(bodies(outputs, "agreement")) == 8, "of few units each is told"


def test_the_overall_figures_are_the_questions_weighted_by_their_votes() -> None:
    outputs, _ = play(delta(*GOOD), delta(*LOW, question="r"))
    body = bodies(outputs, "agreement")[-1]
    votes = [one["all_time"]["votes"] for one in body["questions"]]
    figures = [one["all_time"] for one in body["questions"]]
    for figure, values in (
        ("alpha", [one["alpha"]["nominal"]["value"] for one in figures]),
        ("lower", [one["lower"]["value"] for one in figures]),
    ):
        mean = sum(n * value for n, value in zip(votes, values, strict=True)) / sum(votes)
        assert body[figure]["value"] == pytest.approx(mean, abs=1e-5)


def test_the_lower_bound_decides_not_alpha() -> None:
    sides = Sides(project={"agreement": {"min_units": 10}}, redundancy=2, max_redundancy=2)
    for n in range(12):
        sides.tasks.publish(f"t{n}")
        sides.tasks.vote("a", "cat" if n % 2 else "dog", f"t{n}")
        sides.tasks.vote("b", "fox" if n == 3 else "cat" if n % 2 else "dog", f"t{n}")
    outputs = sides.settle()
    body = bodies(outputs, "agreement")[-1]
    assert body["alpha"]["value"] > 0.8
    assert body["standing"] == "low"

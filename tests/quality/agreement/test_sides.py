"""Agreement through the task and the project side: what counts, what is taken back, and what is told when."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.quality import erasures
from streams.quality.agreement.telling import UNITS
from streams.quality.records import DAY_MS
from streams.quality.summing import PROJECT_DELTAS
from tests.quality.agreement.sides import Sides
from tests.quality.agreement.test_statistics import gwet
from tests.quality.campaign import AT, CLASSES, bodies, event, scored, task
from tests.quality.campaign import settings as project_settings
from tests.quality.harness import run

law = settings(max_examples=60, deadline=None)


def played(*votes: tuple[str, str, str], **policy: Any) -> Sides:
    """Return the sides after (task, annotator, answer), each task published before."""
    sides = Sides(**policy)
    for name in dict.fromkeys(name for name, _, _ in votes):
        sides.tasks.publish(name)
    for name, who, answer in votes:
        sides.tasks.vote(who, answer, name)
    sides.settle()
    return sides


def question(sides: Sides, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = sides.published()["questions"][number]
    return found


def test_a_unit_has_two_votes_at_least_and_is_told_of_before_its_task_is_decided() -> None:
    sides = played(("t", "ann", "cat"))
    assert sides.tasks.task().phase == "open"
    assert sides.published()["questions"] == []
    sides.tasks.vote("bob", "cat")
    sides.settle()
    assert (question(sides)["all_time"]["units"], question(sides)["all_time"]["votes"]) == (1, 2)


def test_the_figures_are_those_of_the_votes() -> None:
    answers = [["cat", "cat", "dog"], ["dog", "dog", "dog"], ["fox", "cat", "fox"], ["cat", "cat", "cat"]]
    sides = played(*[(f"t{n}", "abc"[k], answer) for n, votes in enumerate(answers) for k, answer in enumerate(votes)])
    found = question(sides)
    assert found["scale"] == {"type": "classification", "categories": list(CLASSES), "first": None}
    assert found["all_time"]["raters"] == [{"raters": 3, "units": 4}]
    assert found["all_time"]["raw"]["value"] == pytest.approx((1 / 3 + 1 + 1 / 3 + 1) / 4, abs=1e-6)
    codes = [[CLASSES.index(answer) for answer in votes] for votes in answers]
    assert found["all_time"]["ac1"]["value"] == pytest.approx(gwet(codes, 3), abs=1e-6)
    assert found["recent"] == found["all_time"]
    assert [day["units"] for day in found["days"]] == [4]
    assert [(one["task_id"], one["dispute"]) for one in sides.published()["disputed"]] == [
        ("t0", 0.666666),
        ("t2", 0.666666),
    ]
    assert [(one["one"], one["other"], one["share"]) for one in sides.published()["confused"]] == [
        ("cat", "dog", 0.5),
        ("cat", "fox", 0.5),
    ]


def test_gold_is_left_out_and_comes_back_when_it_is_no_gold_any_more() -> None:
    sides = played(*[("t", who, "cat") for who in "ab"], ("u", "a", "cat"), ("u", "b", "dog"))
    before = sides.published()
    sides.tasks.gold("cat", "u")
    sides.settle()
    assert question(sides)["all_time"]["units"] == 1
    assert sides.published()["disputed"] == []
    sides.tasks.vote("c", "cat", "u")
    sides.tasks.withdraw("c", "u")
    sides.tasks.withdraw_gold("u")
    sides.settle()
    assert sides.published() == before


def test_a_benched_vote_does_not_count_until_it_is_needed() -> None:
    sides = played(*[("t", who, "cat") for who in "abc"], ("t", "d", "dog"))
    assert question(sides)["all_time"]["votes"] == 3
    sides.tasks.withdraw("a")
    sides.settle()
    assert question(sides)["all_time"]["votes"] == 3
    assert sides.published()["disputed"][0]["task_id"] == "t"


def test_a_withdrawn_task_leaves_nothing() -> None:
    sides = played(("t", "a", "cat"), ("t", "b", "dog"), ("u", "a", "cat"), ("u", "b", "cat"))
    sides.tasks.withdraw_task("t")
    sides.settle()
    never = played(("u", "a", "cat"), ("u", "b", "cat"))
    assert sides.published() == never.published()
    assert sides.sums() == never.sums()


def test_votes_outlive_their_retention() -> None:
    sides = played(*[("t", who, "cat") for who in "ab"], ("t", "c", "dog"))
    before = sides.published()
    for days in (1, 40):
        sides.tasks.tick(AT + days * DAY_MS)
    assert sides.tasks.task().phase == "stub"
    sides.pass_on()
    assert sides.published() == before


def test_who_is_erased_still_counts_and_is_named_no_more() -> None:
    votes = [(f"t{n}", who, "dog" if n % 4 else "cat") for n in range(12) for who in ("ann", "bob", "cy")]
    sides = played(*votes)
    before = question(sides)
    assert len(before["kappa"]["pairs"]) == 3
    erasure = {"erasure_id": "e", "kind": "annotator", "id": "ann", "pseudonym": "x", "actor": "ops", "reason": "asked"}
    sides.tasks.apply("erasures.t", "digest", erasure)
    said = sides.settle()
    after = question(sides)
    assert after["all_time"] == before["all_time"]
    (pair,) = after["kappa"]["pairs"]
    assert {pair["one"], pair["other"]} == {erasures.digest("annotator", who)[:16] for who in ("bob", "cy")}
    newest = bodies(said, "agreement")[-1]["questions"][0]
    assert newest["kappa"] == after["kappa"], "it is published at once, so that the older record is compacted away"
    told = [one.value or b"" for one in (*sides.tasks.outputs, *said) if one.topic in {PROJECT_DELTAS, "agreement"}]
    assert not any(b"ann" in value.replace(b"annot", b"") for value in told)


def test_kappa_wants_ten_shared_items() -> None:
    nine = played(*[(f"t{n}", who, "dog" if n % 2 else "cat") for n in range(9) for who in "ab"])
    assert question(nine)["kappa"] == {"value": None, "reason": "few_shared_items", "share": 1.0, "pairs": []}
    ten = played(*[(f"t{n}", who, "dog" if n % 2 else "cat") for n in range(10) for who in "ab"])
    (pair,) = question(ten)["kappa"]["pairs"]
    assert {pair["one"], pair["other"]} == {erasures.digest("annotator", who)[:16] for who in "ab"}
    assert (pair["n"], pair["kappa"]) == (10, 1.0)


def test_of_many_pairs_a_bounded_share_is_followed() -> None:
    rng = random.Random(3)
    people = [f"person-{n}" for n in range(30)]
    votes = [(f"t{n}", who, rng.choice(CLASSES)) for n in range(200) for who in rng.sample(people, 3)]
    found = question(played(*votes))["kappa"]
    assert found["share"] < 1
    assert found["reason"] == "few_shared_items"


def test_a_day_has_the_units_whose_newest_vote_came_on_it() -> None:
    sides = Sides()
    sides.tasks.publish()
    for days, who in ((0, "a"), (2, "b"), (3, "c")):
        body = scored(who, "dog" if who == "c" else "cat")
        sides.tasks.apply("annotations.scored", "t", body, timestamp=AT + days * DAY_MS)
    sides.settle()
    assert [(day["day"], day["units"]) for day in question(sides)["days"]] == [("2025-10-12", 1)]
    sides.tasks.withdraw("c")
    sides.settle()
    assert [(day["day"], day["units"]) for day in question(sides)["days"]] == [("2025-10-11", 1)]


def test_the_ring_holds_thirty_days() -> None:
    sides = Sides()
    for days in (0, 29, 30):
        sides.tasks.publish(f"t{days}")
        for who in "ab":
            body = scored(who, "cat", f"t{days}")
            sides.tasks.apply("annotations.scored", f"t{days}", body, timestamp=AT + days * DAY_MS)
    sides.settle()
    found = question(sides)
    assert (found["all_time"]["units"], found["recent"]["units"], len(found["days"])) == (3, 2, 2)


def test_records_are_few_and_nothing_waits_for_long() -> None:
    sides = Sides()
    for n in range(UNITS):
        sides.tasks.publish(f"t{n}")
        sides.tasks.vote("a", "cat", f"t{n}")
    for n in range(UNITS - 1):
        sides.tasks.vote("b", "cat", f"t{n}")
    assert told(sides) == []
    sides.tasks.vote("b", "cat", f"t{UNITS - 1}")
    assert [body["changes"] for body in told(sides)] == [UNITS]
    sides.tasks.vote("c", "cat", "t0")
    sides.tasks.tick(AT + 10_000)
    sides.tasks.tick(AT + 20_000)
    assert [body["changes"] for body in told(sides)] == [UNITS, 1]


def told(sides: Sides) -> list[dict[str, Any]]:
    return bodies([one for one in sides.tasks.outputs if one.tag == "agreement"], PROJECT_DELTAS)


DIALOG = {
    "type": "multi_turn_dialog",
    "turns": {
        "t1": {"type": "likert_scale", "min": 1, "max": 5},
        "t2": {"type": "free_text"},
        "t3": {"type": "likert_scale", "min": 0, "max": 100},
    },
    "overall": {"type": "pairwise_comparison", "options": ["x", "y"]},
}


def test_every_part_with_few_categories_is_a_question_of_its_own() -> None:
    sides = Sides()
    for number, step in enumerate((1, 4)):
        sides.tasks.publish(f"t{number}", DIALOG)
        for who in "ab":
            turns = {"t1": step + (who == "b"), "t2": "free", "t3": 7}
            sides.tasks.vote(who, {"turns": turns, "overall": {"winner": "tie"}}, f"t{number}")
    sides.settle()
    turn, overall = sides.published()["questions"]
    assert (turn["question"], turn["scale"]["first"]) == ("q.turns.t1", 1)
    assert set(turn["all_time"]["alpha"]) == {"nominal", "ordinal", "interval", "ratio"}
    assert turn["all_time"]["alpha"]["interval"]["value"] == pytest.approx(1 - 3 * 4 / 80, abs=1e-6)
    assert (overall["question"], overall["scale"]["categories"]) == ("q.overall", ["first", "second", "tie"])
    assert overall["all_time"]["alpha"]["nominal"] == {"value": None, "reason": "one_value"}
    assert overall["all_time"]["ac1"]["value"] == 1


def test_what_has_no_few_categories_is_not_told_of() -> None:
    sides = Sides()
    sides.tasks.publish("t", {"type": "free_text"})
    sides.tasks.publish("u", {"type": "classification", "classes": ["a", "b"], "multi": True})
    for who in "abc":
        sides.tasks.vote(who, "some text", "t")
        sides.tasks.vote(who, ["a"], "u")
    sides.settle()
    assert told(sides) == []


Step = tuple[str, str, str, str]
"""What happens, on which task, by whom, with which answer."""

TASKS, PEOPLE = ("t0", "t1", "t2"), ("a", "b", "c", "d", "e")
STEPS = st.tuples(
    st.sampled_from(["vote"] * 5 + ["edit", "withdraw", "refuse", "gold", "no gold", "gone", "back"]),
    st.sampled_from(TASKS),
    st.sampled_from(PEOPLE),
    st.sampled_from(CLASSES),
)


def play(sides: Sides, steps: list[Step]) -> None:
    """Let each step happen; some of it is told and taken meanwhile."""
    tasks = sides.tasks
    ways: dict[str, Callable[[str, str, str, str], object]] = {
        "vote": lambda name, who, answer, of: tasks.vote(who, answer, name, annotation_id=of),
        "edit": lambda name, who, answer, of: tasks.edit(who, answer, name, annotation_id=of),
        "withdraw": lambda name, who, _answer, of: tasks.withdraw(who, name, annotation_id=of),
        "refuse": lambda name, who, _answer, of: tasks.refuse(who, "cannot_decide", name, annotation_id=of),
        "gold": lambda name, _who, answer, _of: tasks.gold(answer, name),
        "no gold": lambda name, _who, _answer, _of: tasks.withdraw_gold(name),
        "gone": lambda name, _who, _answer, _of: tasks.withdraw_task(name),
        "back": lambda name, _who, _answer, _of: tasks.publish(name),
    }
    for number, (what, name, who, answer) in enumerate(steps):
        ways[what](name, who, answer, str(number))
        if number % 7 == 3:
            sides.settle()


@law
@given(st.lists(STEPS, max_size=60), st.integers(2, 3))
def test_the_sums_are_those_of_the_votes_that_count_now(steps: list[Step], redundancy: int) -> None:
    sides = Sides(redundancy=redundancy, max_redundancy=4)
    for name in TASKS:
        sides.tasks.publish(name)
    play(sides, steps)
    sides.settle()
    assert sides.sums() == sides.recounted()
    if sides.sums():
        days = question(sides)["days"]
        assert sum(day["units"] for day in days) == question(sides)["all_time"]["units"]


@law
@given(st.data())
def test_what_was_retracted_never_happened(data: st.DataObject) -> None:
    """Votes withdrawn, answers edited to and fro, gold set and withdrawn, in any order with all the others.

    Tasks are not extended here: which votes a task that was extended counts depends on its history.
    """
    lasting = data.draw(st.lists(st.tuples(st.sampled_from(TASKS), st.sampled_from(PEOPLE)), unique=True))
    passing = data.draw(st.lists(st.tuples(st.sampled_from(TASKS), st.sampled_from("vwxyz")), unique=True))
    answers = {place: data.draw(st.sampled_from(CLASSES)) for place in lasting + passing}
    lanes: list[list[Step]] = []
    for place in lasting:
        name, who = place
        detour = [("edit", name, who, data.draw(st.sampled_from(CLASSES))), ("edit", name, who, answers[place])]
        lanes.append([("vote", name, who, answers[place]), *(detour if data.draw(st.booleans()) else [])])
    for place in passing:
        name, who = place
        lanes.append([("vote", name, who, answers[place]), ("withdraw", name, who, "")])
    golden = data.draw(st.lists(st.sampled_from(TASKS), unique=True))
    lanes += [[("gold", name, "", data.draw(st.sampled_from(CLASSES))), ("no gold", name, "", "")] for name in golden]
    order = data.draw(st.permutations([n for n, lane in enumerate(lanes) for _ in lane]))
    rest = [list(lane) for lane in lanes]
    steps = [rest[lane].pop(0) for lane in order]
    firsts = [lane[0] for lane in lanes]
    begun = [place for n, lane in enumerate(order) if lane not in order[:n] for place in [firsts[lane]]]
    never = [step for step in begun if step[0] == "vote" and step[2] in PEOPLE]

    with_it, without = (Sides(redundancy=3, max_redundancy=3, min_agreement=0.0) for _ in range(2))
    for sides, history in ((with_it, steps), (without, never)):
        for name in TASKS:
            sides.tasks.publish(name)
        play(sides, history)
        sides.settle()
    if with_it.published()["questions"] and not without.published()["questions"]:
        assert with_it.sums() == {}
        return
    assert with_it.sums() == without.sums()
    assert with_it.published() == without.published()


@law
@given(st.lists(STEPS, max_size=80), st.lists(st.integers(0, 80)))
def test_batches_do_not_show(steps: list[Step], cuts: list[int]) -> None:
    sides = Sides()
    events = [event("globals.t", "p", project_settings())]
    events += [event("tasks", name, task(name)) for name in TASKS]
    events += [
        event("annotations.scored", name, scored(who, answer, name, annotation_id=str(n)), offset=n)
        if n % 9
        else event("ticks.t", "0", {"at": AT + n * 10_000}, timestamp=AT + n * 10_000)
        for n, (_, name, who, answer) in enumerate(steps)
    ]
    assert run(sides.tasks.side, {}, events, cuts) == run(sides.tasks.side, {}, events)

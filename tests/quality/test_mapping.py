"""A named label space that a person changes, on the task side: in steps, when a task is touched, and late answers."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from streams.events import Output
from streams.quality.inference.constants import FEEDBACK_VOTES
from streams.quality.task_state import Settings, settings_key
from streams.quality.tasks import TaskSide
from tests.quality.campaign import AT, DAY, Campaign, bodies, counted, labels, outcomes, reasons, rejections, space_id
from tests.quality.campaign import task as published
from tests.quality.harness import MemoryState

LATER = AT + 1_000_000
BEFORE = {"type": "classification", "classes": ["cat", "dog", "fox", "wolf", "bird"]}
AFTER = {"type": "classification", "classes": ["feline", "dog", "canine", "duck", "goose"]}
MAPPING: dict[str, list[str]] = {"cat": ["feline"], "fox": ["canine"], "wolf": ["canine"], "bird": ["duck", "goose"]}
UNIFORM = {"weighting": "uniform", "redundancy": 2, "max_redundancy": 2}


def named(side: TaskSide | None = None, space: dict[str, Any] = BEFORE, **policy: Any) -> Campaign:
    campaign = Campaign(known=False, side=side)
    campaign.settings(label_spaces={"animals": space}, policy=UNIFORM | policy)
    return campaign


def change(
    campaign: Campaign, after: Any = AFTER, mapping: Any = MAPPING, number: int = 1, **more: Any
) -> list[Output]:
    told = {
        "number": number,
        "space": "animals",
        "before": BEFORE,
        "after": after,
        "mapping": mapping,
        "change_id": "projects/0/7",
        "actor": "mara",
        "reason": "not told apart",
    }
    body = {"project": "p", "version": 1, "policy_version": 2, "change": told | more}
    return campaign.apply("globals.t", '["p","change",1]', body, LATER)


def ask(campaign: Campaign, *tasks: str) -> None:
    for task_id in tasks:
        campaign.publish(task_id, "animals")


def told(outputs: list[Output]) -> list[dict[str, Any]]:
    """Return what the changes came to, without what they did not do."""
    events = [one for one in bodies(outputs, "quality-events") if one["kind"] == "label_space_changed"]
    assert all(one["actor"] == "mara" for one in events)
    return [{name: value for name, value in one["change"].items() if value} for one in events]


def test_a_settled_label_says_the_same_in_the_new_names() -> None:
    campaign = named()
    ask(campaign, "t")
    campaign.vote("a0", "cat")
    campaign.vote("a1", "cat")
    out = change(campaign)
    (label,) = labels(out)
    assert (label["status"], label["reason"], label["closed_by"]) == ("settled", "label_space_changed", "redundancy")
    assert (label["supersedes"], label["answers"]["q"]["label"]) == (1, "feline")
    assert label["answers"]["q"]["distribution"] == {
        "feline": 1.0,
        "dog": 0.0,
        "canine": 0.0,
        "duck": 0.0,
        "goose": 0.0,
    }
    assert [(who, sign) for who, _, sign, _ in outcomes(out)] == [("a0", -1), ("a1", -1), ("a0", 1), ("a1", 1)]
    assert told(out) == [{"space": "animals", "tasks": 1, "votes": 2, "labels": 1}]
    # The reason is no difference by itself once something else is looked at.
    assert labels(campaign.edit("a1", "feline", annotation_id="again")) == []


def test_a_closed_task_stays_closed_though_the_policy_asks_for_more_by_now() -> None:
    campaign = named()
    ask(campaign, "t")
    campaign.vote("a0", "cat")
    campaign.vote("a1", "cat")
    campaign.settings(2, label_spaces={"animals": BEFORE}, policy={"weighting": "uniform", "redundancy": 5})
    (label,) = labels(change(campaign))
    assert (label["status"], label["votes"]) == ("settled", 2)


def test_what_differed_agrees_once_it_is_merged() -> None:
    campaign = named()
    ask(campaign, "t")
    campaign.vote("a0", "fox")
    campaign.vote("a1", "wolf")
    assert campaign.task().phase == "undecided"
    (label,) = labels(change(campaign))
    assert (label["status"], label["answers"]["q"]["label"], label["answers"]["q"]["agreement"]) == (
        "settled",
        "canine",
        1.0,
    )


def test_votes_on_a_class_that_was_split_are_taken_back_and_the_task_is_open_again() -> None:
    campaign = named()
    ask(campaign, "t")
    campaign.vote("a0", "bird")
    campaign.vote("a1", "bird")
    out = change(campaign)
    (label,) = labels(out)
    assert (label["status"], label["reason"], label["answers"]) == ("provisional", "label_space_changed", {})
    assert campaign.task().entries == []
    assert told(out) == [{"space": "animals", "tasks": 1, "votes_taken_back": 2, "labels": 1, "reopened": 1}]
    assert campaign.totals().votes == 0


def test_in_steps_and_the_table_alone_says_where_it_stands() -> None:
    campaign = named(TaskSide(batch=2))
    ask(campaign, *(f"t{number}" for number in range(5)))
    for number in range(5):
        campaign.vote("a0", "cat", f"t{number}")
        campaign.vote("a1", "cat", f"t{number}")
    found = [told(change(campaign))]
    for second in range(4):
        campaign.state = MemoryState(campaign.state.committed)  # as another worker finds it
        found.append(told(campaign.tick(LATER + second)))
    assert found == [[], [], [{"space": "animals", "tasks": 5, "votes": 10, "labels": 5}], [], []]
    assert not [key for key in campaign.state.committed if key.startswith("kj")]


def test_what_comes_to_a_task_finds_it_in_the_new_space_wherever_the_job_is() -> None:
    campaign = named(TaskSide(batch=1))
    ask(campaign, "t0", "t1")
    for task_id in ("t0", "t1"):
        campaign.vote("a0", "cat", task_id)
    change(campaign)
    (label,) = labels(campaign.vote("a1", "feline", "t1"))
    assert (label["status"], label["answers"]["q"]["label"]) == ("settled", "feline")
    # A record that is refused does not take back that the task was brought up to date.
    campaign = named(TaskSide(batch=1))
    ask(campaign, "t0", "t1")
    for task_id in ("t0", "t1"):
        campaign.vote("a0", "cat", task_id)
    change(campaign)
    assert rejections(campaign.vote("a1", "bird", "t1"))[0][0] == "label_outside_space"
    assert campaign.task("t1").entries[0].answers == ["feline"]


@pytest.mark.parametrize(
    ("label", "error"),
    [
        ("bird", "label: question 'q': 'bird' was split into 'duck', 'goose': give one of them"),
        ("owl", "label: question 'q': expected one of feline, dog, canine, duck, goose"),
    ],
)
def test_a_late_answer_that_has_no_place_is_refused(label: str, error: str) -> None:
    campaign = named()
    ask(campaign, "t")
    change(campaign)
    assert rejections(campaign.vote("a0", label)) == [("label_outside_space", error)]
    assert campaign.vote("a1", "wolf") == []
    assert campaign.task().entries[0].answers == ["canine"]


def test_a_late_answer_goes_through_all_the_changes_since() -> None:
    campaign = named()
    ask(campaign, "t")
    change(campaign)
    second = {"type": "classification", "classes": ["feline", "dog", "duck", "goose"]}
    change(campaign, second, {"canine": []}, number=2, before=AFTER)
    assert rejections(campaign.vote("a0", "wolf")) == [
        ("label_outside_space", "label: question 'q': 'wolf' was retired")
    ]
    campaign.vote("a1", "cat")
    assert campaign.task().entries[0].answers == ["feline"]
    # There and back, and on: the newest meaning of a name counts.
    back = {"type": "classification", "classes": ["cat", "dog", "duck", "goose"]}
    change(campaign, back, {"feline": ["cat"]}, number=3, before=second)
    change(campaign, second | {"classes": ["tom", "dog", "duck", "goose"]}, {"cat": ["tom"]}, number=4, before=back)
    campaign.vote("a2", "feline")
    campaign.vote("a3", "cat")
    assert [entry.answers for entry in campaign.task().entries] == [["tom"]] * 3


def test_gold_is_carried_over_or_withdrawn_and_it_is_told_of_which_task() -> None:
    campaign = named()
    ask(campaign, "cats", "birds")
    for task_id, answer in (("cats", "cat"), ("birds", "bird")):
        campaign.gold(answer, task_id)
        campaign.vote("a0", "cat", task_id)
    out = change(campaign)
    assert told(out) == [{"space": "animals", "tasks": 2, "votes": 2, "gold": 1, "gold_withdrawn": 1, "reopened": 1}]
    (gone,) = [one for one in bodies(out, "quality-events") if one["kind"] == "gold_withdrawn"]
    assert (gone["task_id"], gone["annotator_id"], gone["reason"]) == ("birds", None, "not told apart")
    assert sorted(outcomes(out)) == [("a0", "gold", -1, False), ("a0", "gold", -1, True), ("a0", "gold", 1, True)]
    assert (campaign.task("cats").phase, campaign.task("birds").phase) == ("gold", "open")
    # What lies in the topic may be taken out of it, or given anew.
    assert campaign.withdraw_gold("birds") == []
    assert reasons(campaign.withdraw_gold("birds")) == ["nothing_to_withdraw"]
    assert outcomes(campaign.gold("duck", "birds")) == [("a0", "gold", 1, False)]
    assert outcomes(campaign.gold("fox", "birds"))[-1:] == [("a0", "gold", 1, False)]
    truth = campaign.task("birds").truth
    assert truth is not None
    assert truth.answers == ["canine"]


def review(campaign: Campaign, verdict: str, task_id: str = "t", **more: Any) -> list[Output]:
    body = {"task_id": task_id, "project": "p", "verdict": verdict, "actor": "eve", "reason": "seen"}
    return campaign.apply("reviews", task_id, body | more)


def test_verdicts_are_carried_over_or_taken_back() -> None:
    campaign = named()
    ask(campaign, "cats", "birds")
    for task_id in ("cats", "birds"):
        campaign.vote("a0", "dog", task_id)
        campaign.vote("a1", "dog", task_id)
    review(campaign, "accept", "cats")
    review(campaign, "fix", "birds", answer="bird")
    out = change(campaign)
    assert told(out)[0]["verdicts_withdrawn"] == 1
    found = {one["task_id"]: one for one in labels(out)}
    assert (found["cats"]["closed_by"], found["cats"]["answers"]["q"]["label"]) == ("review", "dog")
    assert found["cats"]["answers"]["q"]["distribution"] == {"feline": 0.0, "dog": 1.0, "canine": 0.0}
    assert (found["birds"]["closed_by"], found["birds"]["answers"]["q"]["label"]) == ("redundancy", "dog")
    assert {one["reason"] for one in found.values()} == {"label_space_changed"}


def test_tasks_with_a_space_of_their_own_and_of_other_projects_are_left_alone() -> None:
    campaign = named()
    campaign.settings(project="other", label_spaces={"animals": BEFORE}, policy=UNIFORM)
    campaign.publish("own", BEFORE)
    campaign.apply("tasks", "o", published("o", "animals", project="other"))
    campaign.vote("a0", "cat", "own")
    campaign.vote("a0", "cat", "o", project="other")
    before = (campaign.task("own"), campaign.task("o"))
    assert told(change(campaign)) == [{"space": "animals"}]
    assert (campaign.task("own"), campaign.task("o")) == before
    assert reasons(campaign.vote("a1", "feline", "own")) == ["label_outside_space"]


def test_a_copy_of_the_settings_does_not_undo_it_nor_does_the_project_s_removal() -> None:
    campaign = named()
    ask(campaign, "t", "later")
    campaign.vote("a0", "cat")
    change(campaign)
    assert change(campaign) == []  # once more
    assert reasons(change(campaign, number=3)) == ["invalid"]
    campaign.remove_project(2)
    campaign.settings(3, label_spaces={"animals": AFTER}, policy=UNIFORM)
    kept = campaign.state.get(settings_key("p"), Settings)
    campaign.state.commit()
    assert kept is not None
    assert kept.changes == 1
    campaign.vote("a0", "wolf", "later")
    assert campaign.task("later").entries[0].answers == ["canine"]


def test_a_change_that_came_to_a_removed_project_is_made_up_for() -> None:
    campaign = named()
    ask(campaign, "t")
    campaign.vote("a0", "cat")
    campaign.remove_project(2)
    assert told(change(campaign)) == [{"space": "animals"}]
    campaign.settings(3, label_spaces={"animals": AFTER}, policy=UNIFORM)
    (label,) = labels(campaign.vote("a1", "cat"))
    assert label["answers"]["q"]["label"] == "feline"


def test_votes_taken_back_meanwhile_are_found_under_the_new_names() -> None:
    campaign = named(TaskSide(batch=1))
    ask(campaign, "t0", "t1", "t2")
    for task_id, label in (("t0", "cat"), ("t1", "cat"), ("t2", "bird")):
        campaign.vote("a0", "cat", task_id)
        campaign.vote("bad", label, task_id)
    change(campaign)
    body = {"retraction_id": "annotators/0/7", "annotator_id": "bad", "until": LATER, "actor": "m", "reason": "r"}
    campaign.apply("retractions", "bad", body, LATER)
    for second in range(6):
        campaign.tick(LATER + second)
    for task_id in ("t0", "t1", "t2"):
        assert [(one.annotator_id, one.answers) for one in campaign.task(task_id).entries] == [("a0", ["feline"])]


def test_a_change_of_what_the_tasks_do_not_have_changes_nothing() -> None:
    campaign = named()
    ask(campaign, "t")
    campaign.vote("a0", "cat")
    scale, shorter = ({"type": "likert_scale", "min": 1, "max": most} for most in (5, 4))
    assert told(change(campaign, shorter, {"5": ["4"]}, before=scale)) == [{"space": "animals"}]
    campaign.vote("a1", "fox")
    assert [entry.answers for entry in campaign.task().entries] == [["cat"], ["fox"]]


def test_a_stub_is_left_as_it_is() -> None:
    campaign = named()
    ask(campaign, "t")
    campaign.vote("a0", "cat")
    campaign.vote("a1", "cat")
    for day in (1, 40, 41):
        campaign.tick(AT + day * DAY)
    assert campaign.task().phase == "stub"
    assert told(change(campaign)) == [{"space": "animals"}]


SPANS = {"type": "span_annotation", "labels": ["person", "place", "date"]}
MULTI = {"type": "classification", "classes": ["cat", "dog", "fox"], "multi": True}
CASES = [
    (
        SPANS,
        SPANS | {"labels": ["name", "place"]},
        {"person": ["name"], "date": []},
        [{"start": 0, "end": 4, "label": "person"}, {"start": 6, "end": 9, "label": "date"}],
        [{"start": 0, "end": 4, "label": "name"}],
    ),
    (
        SPANS,
        SPANS | {"labels": ["name", "date"]},
        {"person": ["name"], "place": ["name"]},
        [{"start": 0, "end": 4, "label": "person"}, {"start": 0, "end": 4, "label": "place"}],
        [{"start": 0, "end": 4, "label": "name"}],
    ),
    (MULTI, MULTI | {"classes": ["cat", "canine"]}, {"dog": ["canine"], "fox": ["canine"]}, ["fox", "dog"], ["canine"]),
    (MULTI, MULTI | {"classes": ["cat", "dog"]}, {"fox": []}, ["fox", "dog"], ["dog"]),
    (MULTI, MULTI | {"classes": ["cat", "dog"]}, {"fox": []}, ["fox"], None),
    (
        {"type": "pairwise_comparison", "options": ["A", "B"]},
        {"type": "pairwise_comparison", "options": ["old", "new"], "allow_tie": False},
        {"A": ["old"], "B": ["new"], "tie": []},
        {"winner": "B", "strength": 2},
        {"winner": "new", "strength": 2},
    ),
    (
        {"type": "pairwise_comparison", "options": ["A", "B"]},
        {"type": "pairwise_comparison", "options": ["A", "B"], "allow_tie": False},
        {"tie": []},
        {"winner": "tie"},
        None,
    ),
    (
        {"type": "likert_scale", "min": 1, "max": 5},
        {"type": "likert_scale", "min": 1, "max": 3},
        {"4": ["3"], "5": ["3"]},
        5,
        3,
    ),
    (
        {
            "type": "multi_turn_dialog",
            "turns": {"t1": {"type": "classification", "classes": ["ok", "bad"]}, "t2": {"type": "free_text"}},
            "overall": {"type": "classification", "classes": ["bad", "good"]},
        },
        {
            "type": "multi_turn_dialog",
            "turns": {"t1": {"type": "classification", "classes": ["ok", "poor"]}, "t2": {"type": "free_text"}},
            "overall": {"type": "classification", "classes": ["poor", "good"]},
        },
        {"bad": ["poor"]},
        {"turns": {"t1": "bad", "t2": "bad"}, "overall": "good"},
        {"turns": {"t1": "poor", "t2": "bad"}, "overall": "good"},
    ),
]


@pytest.mark.parametrize(("before", "after", "mapping", "answer", "expected"), CASES)
def test_every_type_with_names_is_carried_over_early_and_late(
    before: dict[str, Any], after: dict[str, Any], mapping: dict[str, list[str]], answer: Any, expected: Any
) -> None:
    campaign = named(space=before)
    asked = published("t", "animals", task_type=before["type"])
    campaign.apply("tasks", "t", asked)
    campaign.vote("a0", answer)
    campaign.vote("a1", answer)
    assert campaign.task().phase in {"settled", "undecided"}
    change(campaign, after, mapping, before=before)
    assert [entry.answers for entry in campaign.task().entries] == ([] if expected is None else [[expected]] * 2)
    if all(len(targets) == 1 for targets in mapping.values()):
        campaign.vote("a2", answer)
        assert campaign.task().entries[-1].answers == [expected]


def test_what_is_known_of_annotators_stands_in_the_new_names() -> None:
    campaign = Campaign(known=False)
    three = {"type": "classification", "classes": ["cat", "dog", "fox"]}
    campaign.settings(label_spaces={"animals": three})
    for task_id in ("t", "u"):
        campaign.publish(task_id, "animals")
    campaign.vote("good", "cat", counts=counted(40))
    campaign.vote("a0", "dog", counts=counted(10, 8))
    campaign.vote("a1", "dog", counts=counted(8, 10))
    before = campaign.task().published
    assert before is not None
    assert before.answers["q"]["label"] == "cat"
    renamed = {"cat": ["tom"], "fox": ["vixen"]}
    after = {"type": "classification", "classes": ["tom", "dog", "vixen"]}
    (label,) = labels(change(campaign, after, renamed, before=three))
    found = label["answers"]["q"]
    assert (found["label"], found["confidence"]) == ("tom", before.answers["q"]["confidence"])
    assert list(found["distribution"].values()) == list(before.answers["q"]["distribution"].values())
    # Of two classes that become one, what is known is added.
    two = {"type": "classification", "classes": ["tom", "dog"]}
    (label,) = labels(change(campaign, two, {"vixen": ["dog"]}, number=2, before=after))
    assert label["answers"]["q"]["label"] == "tom"


def test_the_option_that_was_shown_first_is_followed_to_its_new_place() -> None:
    before = {"type": "pairwise_comparison", "options": ["A", "B"]}
    campaign = named(space=before)
    campaign.publish("t", "animals", task_type="pairwise_comparison")
    for who, order in (("ann", ["A", "B"]), ("bob", ["B", "A"]), ("cy", None)):
        campaign.vote(who, {"winner": "A"}, presented_order=order)
    after = {"type": "pairwise_comparison", "options": ["new", "old"]}
    change(campaign, after, {"A": ["old"], "B": ["new"]}, before=before)
    entries = campaign.task().entries
    assert [(entry.places, entry.shown) for entry in entries] == [([1], [1]), ([1], [0]), ([1], [])]


def test_what_spans_told_is_taken_back_in_the_old_labels_and_told_in_the_new() -> None:
    before = {"type": "span_annotation", "labels": ["drug", "dose"], "text_length": 100}
    campaign = named(space=before, redundancy=FEEDBACK_VOTES, max_redundancy=FEEDBACK_VOTES)
    campaign.publish("t", "animals", task_type="span_annotation")
    for number in range(FEEDBACK_VOTES):
        campaign.vote(f"a{number}", [{"start": 0, "end": 10, "label": "drug"}])
    after = {**before, "labels": ["medicine", "dose"]}
    change(campaign, after, {"drug": ["medicine"]}, before=before)
    sums: dict[str, Counter[tuple[int, int]]] = {}
    for body in bodies(campaign.outputs, "outcomes"):
        for one in body["evidence"] or ():
            for truth, difference in one["change"]:
                sums.setdefault(one["space"], Counter())[truth, one["given"]] += difference
    assert not any(sums[space_id(before)].values())
    assert sums[space_id(after)][1, 1] > 0

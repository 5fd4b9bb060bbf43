"""Known answers: early, late, corrected, withdrawn, and what they do to outcomes and labels."""

from __future__ import annotations

from typing import Any

import pytest

from streams.quality.tasks import TaskSide
from tests.quality.campaign import ANIMALS, Campaign, bodies, labels, outcomes, reasons


@pytest.fixture
def campaign() -> Campaign:
    campaign = Campaign()
    campaign.publish()
    return campaign


def test_early_gold_judges_each_vote_as_it_comes(campaign: Campaign) -> None:
    assert campaign.gold("cat") == []
    assert outcomes(campaign.vote("a0", "cat")) == [("a0", "gold", 1, True)]
    out = campaign.vote("a1", "dog", quality_score=0.8)
    assert outcomes(out) == [("a1", "gold", 1, False)]
    (told,) = bodies(out, "outcomes")
    assert (told["answer"], told["truth"], told["quality_score"]) == ("dog", "cat", 0.4)
    (event,) = bodies(out, "quality-events")
    assert (event["kind"], event["value"], event["task_id"]) == ("gold_incorrect", 0.4, "t")
    assert event["event_id"] == "t:a1-t-submit:gold_incorrect"


def test_late_gold_takes_consensus_back_first_and_supersedes_the_label(campaign: Campaign) -> None:
    for annotator in ("a0", "a1", "a2"):
        campaign.vote(annotator, "cat")
    campaign.vote("a3", "dog")
    out = campaign.gold("dog")
    (label,) = labels(out)
    assert (label["version"], label["status"], label["closed_by"], label["supersedes"]) == (
        2,
        "settled",
        "gold",
        1,
    )
    assert (label["answers"]["q"]["label"], label["answers"]["q"]["confidence"]) == ("dog", 1.0)
    assert outcomes(out) == [
        *(told for name in ("a0", "a1", "a2") for told in ((name, "consensus", -1, True), (name, "gold", 1, False))),
        ("a3", "gold", 1, True),
    ]
    assert campaign.task().expiry == 0


def test_gold_on_an_open_task_judges_its_votes_without_a_label(campaign: Campaign) -> None:
    campaign.vote("a0", "cat")
    out = campaign.gold("cat")
    assert labels(out) == []
    assert outcomes(out) == [("a0", "gold", 1, True)]


def test_gold_tasks_never_close(campaign: Campaign) -> None:
    campaign.gold("cat")
    for place in range(6):
        assert labels(campaign.vote(f"a{place}", "cat")) == []
    assert campaign.task().phase == "gold"
    totals = campaign.totals()
    assert (totals.gold, totals.open, totals.closed) == (1, 0, 0)


def test_a_full_gold_task_rejects() -> None:
    campaign = Campaign(side=TaskSide(votes_limit=2))
    campaign.publish()
    campaign.gold("cat")
    campaign.vote("a0", "cat")
    campaign.vote("a1", "cat")
    campaign.vote("a2", "cat")  # room for as many non-answers as close a task
    campaign.vote("a3", "cat")
    assert reasons(campaign.vote("a4", "cat")) == ["task_full"]


def test_corrected_gold_is_the_new_minus_the_old(campaign: Campaign) -> None:
    campaign.gold("cat")
    campaign.vote("a0", "cat")
    out = campaign.gold("dog")
    assert outcomes(out) == [("a0", "gold", -1, True), ("a0", "gold", 1, False)]
    assert [body["truth"] for body in bodies(out, "outcomes")] == ["cat", "dog"]


def test_what_is_taken_back_is_exactly_what_was_told(campaign: Campaign) -> None:
    campaign.gold("cat")
    (told,) = bodies(campaign.vote("a0", "dog", quality_score=0.3), "outcomes")
    campaign.settings(7, policy={"redundancy": 1})
    (back,) = bodies(campaign.withdraw("a0"), "outcomes")
    shown = told.pop("evidence")[0]
    assert back.pop("evidence") == [shown | {"change": [[k, -change] for k, change in shown["change"]]}]
    assert back == told | {"sign": -1}


def test_the_same_gold_again_changes_nothing(campaign: Campaign) -> None:
    campaign.gold("cat")
    before = dict(campaign.state.committed)
    assert campaign.gold("cat", explanation="whiskers") == []
    assert campaign.state.committed == before


def test_the_same_gold_under_another_policy_makes_no_version(campaign: Campaign) -> None:
    for annotator in ("a0", "a1", "a2"):
        campaign.vote(annotator, "cat")
    campaign.gold("cat")
    campaign.settings(2)
    assert campaign.gold("cat") == []


def test_withdrawn_gold_leaves_the_task_to_its_votes(campaign: Campaign) -> None:
    campaign.gold("dog")
    for annotator in ("a0", "a1", "a2", "a3"):
        campaign.vote(annotator, "cat")
    out = campaign.withdraw_gold()
    (label,) = labels(out)
    assert (label["version"], label["votes"], label["answers"]["q"]["label"]) == (1, 3, "cat")
    assert outcomes(out)[:2] == [("a0", "gold", -1, False), ("a0", "consensus", 1, True)]
    assert outcomes(out)[-1] == ("a3", "gold", -1, False)


def test_gold_set_and_withdrawn_restores_the_decision(campaign: Campaign) -> None:
    for annotator in ("a0", "a1", "a2"):
        campaign.vote(annotator, "cat")
    before = campaign.task()
    campaign.gold("dog")
    (label,) = labels(campaign.withdraw_gold())
    after = campaign.task()
    assert (label["version"], label["answers"]["q"]["label"]) == (3, "cat")
    assert after.entries == before.entries
    assert after.counted == before.counted
    assert after.published == before.published


def test_gold_withdrawn_from_an_open_task_reopens_what_it_had_settled(campaign: Campaign) -> None:
    for annotator in ("a0", "a1", "a2"):
        campaign.vote(annotator, "cat")
    campaign.gold("cat")
    campaign.withdraw("a0")
    (label,) = labels(campaign.withdraw_gold())
    assert (label["status"], label["reason"]) == ("provisional", "reopened")


def test_withdrawing_gold_that_is_not_there_is_rejected(campaign: Campaign) -> None:
    assert reasons(campaign.withdraw_gold()) == ["nothing_to_withdraw"]


def test_gold_outside_the_space_is_rejected(campaign: Campaign) -> None:
    assert reasons(campaign.gold("wolf")) == ["label_outside_space"]


def test_gold_of_another_project_is_rejected(campaign: Campaign) -> None:
    assert reasons(campaign.gold("cat", project="other")) == ["project_mismatch"]


@pytest.mark.parametrize("kind", ["attention", "training"])
def test_other_kinds_raise_no_gold_incorrect(campaign: Campaign, kind: str) -> None:
    campaign.gold("cat", kind=kind)
    out = campaign.vote("a0", "dog")
    assert outcomes(out) == [("a0", kind, 1, False)]
    assert bodies(out, "outcomes")[0]["quality_score"] == 1.0
    assert bodies(out, "quality-events") == []


@pytest.mark.parametrize(
    ("space", "truth", "right", "wrong"),
    [
        ({"type": "likert_scale", "min": 1, "max": 5}, 4, 4, 3),
        (
            {"type": "pairwise_comparison", "options": ["a", "b"]},
            {"winner": "a", "strength": 3},
            {"winner": "a", "strength": 1},
            {"winner": "tie"},
        ),
    ],
)
def test_other_judged_types_have_outcomes(space: Any, truth: Any, right: Any, wrong: Any) -> None:
    campaign = Campaign()
    campaign.publish(space=space)
    campaign.gold(truth)
    assert outcomes(campaign.vote("a0", right)) == [("a0", "gold", 1, True)]
    assert outcomes(campaign.vote("a1", wrong)) == [("a1", "gold", 1, False)]


def test_types_that_are_not_plainly_right_or_wrong_have_none() -> None:
    campaign = Campaign()
    campaign.publish(space={"type": "preference_ranking", "items": ["a", "b"]})
    campaign.gold(["a", "b"])
    assert outcomes(campaign.vote("a0", ["b", "a"])) == []


def test_non_answers_are_never_held_against_anyone(campaign: Campaign) -> None:
    campaign.gold("cat")
    for place in range(4):
        assert campaign.refuse(f"a{place}", "cannot_decide") == []
    assert campaign.task().phase == "gold"


def test_replacing_a_vote_on_gold_takes_its_outcome_back(campaign: Campaign) -> None:
    campaign.gold("cat")
    campaign.vote("a0", "dog")
    out = campaign.vote("a0", "cat", annotation_id="later")
    assert outcomes(out) == [("a0", "gold", -1, False), ("a0", "gold", 1, True)]


def test_several_questions_make_one_gold_incorrect() -> None:
    campaign = Campaign()
    asked = [
        {"question_id": name, "label_space": {"type": "classification", "classes": ["a", "b"]}}
        for name in ("left", "right")
    ]
    campaign.publish(questions=asked)
    campaign.gold({"left": "a", "right": "a"})
    out = campaign.vote("a0", {"left": "b", "right": "b"})
    assert len(bodies(out, "outcomes")) == 2
    assert len(bodies(out, "quality-events")) == 1


# What the annotator side learns beside the verdict


def test_an_outcome_says_when_the_vote_was_made_how_long_it_took_and_what_the_task_is_like() -> None:
    campaign = Campaign()
    campaign.publish(similarity_key="camera-4")
    campaign.gold("cat")
    (told,) = bodies(campaign.vote("a0", "cat", time_spent_s=12.5, session=3), "outcomes")
    assert (told["session"], told["time_spent_s"], told["similarity_key"]) == (3, 12.5, "camera-4")


def test_a_correction_takes_the_time_back_and_tells_none_of_its_own() -> None:
    campaign = Campaign()
    campaign.publish()
    campaign.gold("cat")
    campaign.vote("a0", "cat", time_spent_s=12.5, session=3)
    told = bodies(campaign.edit("a0", "dog", time_spent_s=1, session=4), "outcomes")
    assert [(one["sign"], one["session"], one["time_spent_s"]) for one in told] == [(-1, 3, 12.5), (1, 4, None)]


def test_of_several_questions_the_first_tells_the_time() -> None:
    campaign = Campaign()
    campaign.publish(questions=[{"question_id": name, "label_space": ANIMALS} for name in ("q", "r")])
    campaign.gold({"q": "cat", "r": "dog"})
    told = bodies(campaign.vote("a0", {"q": "cat", "r": "cat"}, time_spent_s=12.5), "outcomes")
    assert [(one["question_id"], one["time_spent_s"]) for one in told] == [("q", 12.5), ("r", None)]


def test_what_was_told_of_a_task_is_taken_back_as_it_was_told() -> None:
    campaign = Campaign()
    campaign.publish(similarity_key="camera-4")
    campaign.gold("cat")
    campaign.vote("a0", "cat")
    campaign.publish(similarity_key="camera-5")
    (back,) = bodies(campaign.withdraw("a0"), "outcomes")
    assert (back["sign"], back["similarity_key"]) == (-1, "camera-4")

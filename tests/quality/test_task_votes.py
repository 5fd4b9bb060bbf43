"""Every fate of an annotation on a task that is published and whose project is known."""

from __future__ import annotations

from typing import Any

import pytest

from streams.quality.tasks import TaskSide
from tests.quality.campaign import (
    ANIMALS,
    CLASSES,
    Campaign,
    counted,
    labels,
    outcomes,
    reasons,
    rejections,
    verdicts,
)


@pytest.fixture
def campaign() -> Campaign:
    campaign = Campaign()
    campaign.publish()
    return campaign


def settled(campaign: Campaign, *answers: Any) -> None:
    for place, answer in enumerate(answers):
        campaign.vote(f"a{place}", answer)


def test_three_votes_settle_a_task(campaign: Campaign) -> None:
    assert campaign.vote("a0", "cat") == []
    assert labels(campaign.vote("a1", "cat")) == []
    out = campaign.vote("a2", "dog")
    (label,) = labels(out)
    answer = label["answers"]["q"]
    assert (label["version"], label["status"], label["closed_by"], label["votes"]) == (
        1,
        "settled",
        "redundancy",
        3,
    )
    assert label["supersedes"] is None
    assert (answer["label"], answer["calibrated"], answer["reason"]) == ("cat", False, None)
    assert answer["vote_share"] == pytest.approx(2 / 3, abs=1e-6)
    assert answer["agreement"] == pytest.approx(2 / 3, abs=1e-6)
    assert answer["confidence"] == answer["distribution"]["cat"]
    assert list(answer["distribution"]) == list(CLASSES)


def test_consensus_leaves_the_own_vote_out(campaign: Campaign) -> None:
    campaign.vote("a0", "cat")
    campaign.vote("a1", "cat")
    out = campaign.vote("a2", "dog")
    # Without its own vote each "cat" sees one cat and one dog, of equal weight: no leader, nothing told.
    assert outcomes(out) == [("a2", "consensus", 1, False)]
    assert verdicts(out)[0]["truth"] == "cat"


def test_unanimous_votes_all_agree_with_the_others(campaign: Campaign) -> None:
    campaign.vote("a0", "cat")
    campaign.vote("a1", "cat")
    out = campaign.vote("a2", "cat")
    assert outcomes(out) == [(f"a{place}", "consensus", 1, True) for place in range(3)]


def test_a_single_annotator_has_no_consensus() -> None:
    campaign = Campaign(redundancy=1)
    campaign.publish()
    out = campaign.vote("a0", "cat")
    assert labels(out)[0]["status"] == "settled"
    assert outcomes(out) == []


def test_a_tie_extends_and_the_next_vote_decides(campaign: Campaign) -> None:
    settled(campaign, "cat", "dog", "fox")
    assert campaign.task().phase == "open"
    (label,) = labels(campaign.vote("a3", "cat", counts=counted(right=30)))
    assert (label["status"], label["closed_by"], label["votes"]) == ("settled", "extended", 4)


def test_a_tie_at_the_maximum_is_undecided() -> None:
    campaign = Campaign(redundancy=2, max_redundancy=2)
    campaign.publish()
    campaign.vote("a0", "cat")
    out = campaign.vote("a1", "dog")
    (label,) = labels(out)
    assert (label["status"], label["reason"], label["closed_by"]) == ("undecided", "tie", "max_redundancy")
    answer = label["answers"]["q"]
    assert (answer["label"], answer["confidence"], answer["vote_share"]) == (None, None, None)
    assert (answer["reason"], answer["agreement"]) == ("tie", 0.5)
    assert outcomes(out) == []


def test_low_agreement_at_the_maximum_is_undecided() -> None:
    campaign = Campaign(redundancy=3, max_redundancy=3, min_agreement=0.7)
    campaign.publish()
    settled(campaign, "cat", "cat", "dog")
    (label,) = labels(campaign.outputs)
    assert (label["status"], label["reason"]) == ("undecided", "low_agreement")
    assert label["answers"]["q"]["label"] is None


def test_agreement_equal_to_the_minimum_is_enough() -> None:
    campaign = Campaign(redundancy=5, max_redundancy=5, min_agreement=0.6)
    campaign.publish()
    settled(campaign, "cat", "cat", "cat", "dog", "dog")
    assert labels(campaign.outputs)[0]["status"] == "settled"


def test_zero_weight_is_undecided_not_the_first_label() -> None:
    campaign = Campaign(redundancy=2, max_redundancy=2)
    campaign.publish()
    campaign.vote("a0", "cat", counts=counted(right=0, wrong=10))
    (label,) = labels(campaign.vote("a1", "cat", counts=counted(right=0, wrong=20)))
    assert (label["status"], label["reason"]) == ("undecided", "zero_weight")
    assert label["answers"]["q"]["agreement"] is None


@pytest.mark.parametrize(("weighting", "label"), [("reliability", "dog"), ("uniform", "cat")])
def test_reliability_outweighs_numbers_unless_all_weigh_alike(weighting: str, label: str) -> None:
    campaign = Campaign(weighting=weighting)
    campaign.publish()
    campaign.vote("a0", "cat", counts=counted(right=4, wrong=5))
    campaign.vote("a1", "cat", counts=counted(right=4, wrong=5))
    (settled,) = labels(campaign.vote("a2", "dog", counts=counted(right=100)))
    assert settled["answers"]["q"]["label"] == label
    assert settled["answers"]["q"]["distribution"][label] > 0.5


def test_the_same_annotation_again_is_a_duplicate(campaign: Campaign) -> None:
    campaign.vote("a0", "cat")
    before = dict(campaign.state.committed)
    assert reasons(campaign.vote("a0", "cat")) == ["duplicate"]
    assert campaign.state.committed == before


def test_a_duplicate_on_the_bench_is_one_too(campaign: Campaign) -> None:
    settled(campaign, "cat", "cat", "cat", "cat")
    assert reasons(campaign.vote("a3", "cat")) == ["duplicate"]


def test_a_second_submission_replaces_the_first(campaign: Campaign) -> None:
    campaign.vote("a0", "dog")
    campaign.vote("a1", "cat")
    campaign.vote("a0", "cat", annotation_id="later")
    assert [entry.annotation_id for entry in campaign.task().entries] == ["a1-t-submit", "later"]
    assert campaign.totals().votes == 2
    (label,) = labels(campaign.vote("a2", "cat"))
    assert label["votes"] == 3


def test_an_edit_keeps_its_place_and_corrects_the_label(campaign: Campaign) -> None:
    settled(campaign, "cat", "cat", "dog")
    out = campaign.edit("a0", "dog")
    (label,) = labels(out)
    assert (label["version"], label["supersedes"], label["answers"]["q"]["label"]) == (2, 1, "dog")
    assert outcomes(out) == [("a1", "consensus", 1, False), ("a2", "consensus", -1, False)]
    assert [entry.annotator_id for entry in campaign.task().entries] == ["a0", "a1", "a2"]


def test_an_edit_that_changes_nothing_published_makes_no_version(campaign: Campaign) -> None:
    settled(campaign, "cat", "cat", "dog")
    assert labels(campaign.edit("a0", "cat")) == []


def test_an_edited_votes_outcome_is_told_under_its_new_id(campaign: Campaign) -> None:
    settled(campaign, "cat", "cat", "cat")
    out = campaign.edit("a0", "cat")
    told = [(body["annotation_id"], body["sign"]) for body in verdicts(out)]
    assert told == [("a0-t-submit", -1), ("a0-t-edit", 1)]


def test_an_edit_of_nothing_is_rejected(campaign: Campaign) -> None:
    assert reasons(campaign.edit("a0", "cat")) == ["nothing_to_edit"]


def test_a_withdrawal_of_nothing_is_rejected(campaign: Campaign) -> None:
    assert reasons(campaign.withdraw("a0")) == ["nothing_to_withdraw"]


def test_a_withdrawal_reopens_a_task_without_a_bench(campaign: Campaign) -> None:
    settled(campaign, "cat", "cat", "cat")
    out = campaign.withdraw("a1")
    (label,) = labels(out)
    assert (label["version"], label["status"], label["reason"], label["supersedes"]) == (
        2,
        "provisional",
        "reopened",
        1,
    )
    assert sorted(outcomes(out)) == sorted((f"a{place}", "consensus", -1, True) for place in range(3))
    assert campaign.task().phase == "open"
    assert campaign.task().expiry == 0
    (again,) = labels(campaign.vote("a4", "cat"))
    assert (again["version"], again["status"], again["supersedes"]) == (3, "settled", 2)


def test_a_reopened_task_says_so_once(campaign: Campaign) -> None:
    settled(campaign, "cat", "cat", "cat")
    campaign.withdraw("a1")
    assert labels(campaign.withdraw("a2")) == []


def test_a_late_vote_is_benched_and_used_when_one_is_taken_back(campaign: Campaign) -> None:
    settled(campaign, "cat", "cat", "dog")
    assert campaign.vote("a3", "cat") == []
    assert campaign.vote("a4", "dog") == []
    assert campaign.totals().votes == 5
    out = campaign.withdraw("a2")
    (label,) = labels(out)
    assert (label["status"], label["votes"], label["answers"]["q"]["agreement"]) == ("settled", 3, 1.0)
    assert [entry.annotator_id for entry in campaign.task().entries] == ["a0", "a1", "a3", "a4"]
    assert campaign.task().counted == 3


def test_a_benched_vote_can_be_edited_and_withdrawn_silently(campaign: Campaign) -> None:
    settled(campaign, "cat", "cat", "cat", "dog")
    assert campaign.edit("a3", "cat") == []
    assert campaign.withdraw("a3") == []
    assert len(campaign.task().entries) == 3


def test_the_bench_is_used_when_an_edit_makes_a_tie() -> None:
    campaign = Campaign(redundancy=2, max_redundancy=3)
    campaign.publish()
    settled(campaign, "cat", "cat", "dog")
    (label,) = labels(campaign.edit("a0", "dog"))
    assert (label["closed_by"], label["votes"], label["answers"]["q"]["label"]) == ("extended", 3, "dog")


def test_a_full_bench_rejects() -> None:
    campaign = Campaign(side=TaskSide(bench_limit=1))
    campaign.publish()
    settled(campaign, "cat", "cat", "cat", "cat")
    assert reasons(campaign.vote("a4", "cat")) == ["bench_full"]
    assert campaign.vote("a3", "dog", annotation_id="later") == []


@pytest.mark.parametrize(
    ("label", "space", "names"),
    [
        ("wolf", ANIMALS, "'q'"),
        (3, ANIMALS, "'q'"),
        (True, {"type": "likert_scale", "min": 0, "max": 4}, "'q'"),
        ({"winner": "c"}, {"type": "pairwise_comparison", "options": ["a", "b"]}, "winner"),
        (["a", "a"], {"type": "preference_ranking", "items": ["a", "b"]}, "'q'"),
    ],
)
def test_a_label_outside_its_space_is_rejected(label: Any, space: Any, names: str) -> None:
    campaign = Campaign()
    campaign.publish(space=space)
    ((reason, error),) = rejections(campaign.vote("a0", label))
    assert reason == "label_outside_space"
    assert names in error


def test_another_project_than_the_tasks_is_rejected(campaign: Campaign) -> None:
    assert reasons(campaign.vote("a0", "cat", project="other")) == ["project_mismatch"]


def test_non_answers_close_a_task_as_unusable(campaign: Campaign) -> None:
    campaign.vote("a0", "cat")
    assert campaign.refuse("a1", "broken_item") == []
    out = campaign.refuse("a2", "broken_item")
    (label,) = labels(out)
    assert (label["status"], label["reason"], label["closed_by"]) == (
        "unusable",
        "broken_item",
        "non_answers",
    )
    assert (label["votes"], label["non_answers"]) == (1, 2)
    assert outcomes(out) == []


def test_the_most_frequent_non_answer_is_the_reason() -> None:
    campaign = Campaign(unusable_after=3)
    campaign.publish()
    campaign.refuse("a0", "cannot_decide")
    campaign.refuse("a1", "unsafe_content")
    assert labels(campaign.refuse("a2", "unsafe_content"))[0]["reason"] == "unsafe_content"


def test_withdrawing_a_non_answer_reopens(campaign: Campaign) -> None:
    campaign.refuse("a0", "broken_item")
    campaign.refuse("a1", "broken_item")
    (label,) = labels(campaign.withdraw("a1"))
    assert (label["status"], label["reason"]) == ("provisional", "reopened")


def test_votes_benched_on_an_unusable_task_count_once_it_reopens(campaign: Campaign) -> None:
    campaign.refuse("a0", "broken_item")
    campaign.refuse("a1", "broken_item")
    for annotator in ("a2", "a3", "a4"):
        assert campaign.vote(annotator, "fox") == []
    (label,) = labels(campaign.withdraw("a1"))
    assert (label["status"], label["votes"], label["non_answers"]) == ("settled", 3, 1)


def test_late_non_answers_do_not_undo_a_settled_task(campaign: Campaign) -> None:
    settled(campaign, "cat", "cat", "cat")
    assert campaign.refuse("a3", "broken_item") == []
    assert campaign.refuse("a4", "broken_item") == []
    assert campaign.task().phase == "settled"


def test_a_vote_may_become_a_non_answer_and_back(campaign: Campaign) -> None:
    campaign.vote("a0", "cat")
    campaign.refuse("a0", "cannot_decide", action="edit")
    assert campaign.totals().votes == 0
    campaign.edit("a0", "cat", annotation_id="again")
    assert campaign.totals().votes == 1
    settled_by = [campaign.vote("a1", "cat"), campaign.vote("a2", "cat")][-1]
    assert labels(settled_by)[0]["non_answers"] == 0


@pytest.mark.parametrize(
    ("space", "answer"),
    [
        (ANIMALS, "cat"),
        ({**ANIMALS, "multi": True}, ["cat", "dog"]),
        ({"type": "likert_scale", "min": 1, "max": 5}, 4),
        ({"type": "pairwise_comparison", "options": ["a", "b"]}, {"winner": "a"}),
        ({"type": "preference_ranking", "items": ["a", "b", "c"]}, ["b", "a", "c"]),
        ({"type": "free_text"}, "a wren sings"),
        ({"type": "span_annotation", "labels": ["bird"]}, [{"start": 2, "end": 6, "label": "bird"}]),
        (
            {"type": "multi_turn_dialog", "turns": {"t1": ANIMALS}, "overall": {"type": "free_text"}},
            {"turns": {"t1": "dog"}, "overall": "good"},
        ),
    ],
    ids=lambda given: given.get("type", "") if isinstance(given, dict) else "",
)
def test_what_all_say_is_the_label_of_every_type(space: dict[str, Any], answer: Any) -> None:
    campaign = Campaign()
    campaign.publish(space=space)
    settled(campaign, answer, answer, answer)
    (label,) = labels(campaign.outputs)
    assert (label["status"], label["closed_by"], label["votes"]) == ("settled", "redundancy", 3)
    assert label["answers"]["q"]["label"] == answer
    assert label["answers"]["q"]["agreement"] == 1.0


def two_questions(campaign: Campaign) -> None:
    asked = [{"question_id": name, "label_space": ANIMALS} for name in ("left", "right")]
    campaign.publish(questions=asked)


def test_a_task_is_settled_when_all_its_questions_are() -> None:
    campaign = Campaign(redundancy=2, max_redundancy=3)
    two_questions(campaign)
    campaign.vote("a0", {"left": "cat", "right": "cat"})
    assert labels(campaign.vote("a1", {"left": "cat", "right": "dog"})) == []
    out = campaign.vote("a2", {"left": "cat", "right": "dog"})
    (label,) = labels(out)
    assert {name: answer["label"] for name, answer in label["answers"].items()} == {
        "left": "cat",
        "right": "dog",
    }
    told = [(body["annotator_id"], body["question_id"], body["correct"]) for body in verdicts(out)]
    assert told == [("a0", "left", True), ("a0", "right", False), ("a1", "left", True), ("a2", "left", True)]


@pytest.mark.parametrize("label", ["cat", {"left": "cat"}, {"left": "cat", "right": "cat", "up": "cat"}])
def test_several_questions_need_an_answer_each(label: Any) -> None:
    campaign = Campaign()
    two_questions(campaign)
    ((reason, error),) = rejections(campaign.vote("a0", label))
    assert reason == "label_outside_space"
    assert "left" in error


def test_a_wrong_answer_names_its_question() -> None:
    campaign = Campaign()
    two_questions(campaign)
    ((_, error),) = rejections(campaign.vote("a0", {"left": "cat", "right": "wolf"}))
    assert "right" in error
    assert "cat" in error


def test_a_policy_change_applies_to_open_tasks_at_their_next_vote(campaign: Campaign) -> None:
    campaign.vote("a0", "cat")
    campaign.settings(2, policy={"redundancy": 2, "max_redundancy": 2})
    (label,) = labels(campaign.vote("a1", "cat"))
    assert (label["votes"], label["policy_version"]) == (2, 2)


def test_an_older_policy_is_ignored(campaign: Campaign) -> None:
    before = dict(campaign.state.committed)
    assert campaign.settings(1, policy={"redundancy": 1, "max_redundancy": 1}) == []
    assert campaign.state.committed == before


def test_an_open_task_with_three_votes_fits_a_kilobyte() -> None:
    campaign = Campaign(redundancy=4)
    task_id, space = "4f9a2c51-8a4e-4b47-9d0b-1f7a1c0f5c11", {**ANIMALS, "classes": [*CLASSES, "owl"]}
    campaign.publish(task_id, space, similarity_key="6d1c", specializations=["zoology"], guidelines_version="2026-01")
    for place in range(3):
        annotator = f"9b2e4d7c-0000-4000-8000-00000000000{place}"
        campaign.vote(annotator, "cat", task_id, annotation_id=f"c0ffee00-0000-4000-8000-00000000000{place}")
    key = f"t\x1f{task_id}"
    assert len(key.encode()) + len(campaign.state.committed[key]) <= 1024

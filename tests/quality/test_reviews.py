"""A reviewer's verdict: what it makes of the label, what voters are told, and how it is taken back."""

from __future__ import annotations

from typing import Any

import pytest

from streams.events import Output
from streams.quality.records import DAY_MS
from streams.quality.reviewing import is_sampled
from streams.quality.tasks import TaskSide
from tests.quality.campaign import AT, Campaign, bodies, labels, outcomes, reasons, rejections


def review(campaign: Campaign, verdict: str, task_id: str = "t", **more: Any) -> list[Output]:
    body = {"task_id": task_id, "project": "p", "verdict": verdict, "actor": "mara", "reason": "looked at it"}
    return campaign.apply("reviews", task_id, body | more)


def settled(*, votes: str = "ccc", **policy: Any) -> Campaign:
    """Return a task whose voters gave these answers: c for cat, d for dog."""
    campaign = Campaign(**policy)
    campaign.publish()
    for number, one in enumerate(votes):
        campaign.vote(f"a{number}", {"c": "cat", "d": "dog"}[one])
    return campaign


def shown(outputs: list[Output]) -> list[tuple[str, str, str | None, Any]]:
    return [
        (label["status"], label["reason"], label["closed_by"], label["answers"].get("q", {}).get("label"))
        for label in labels(outputs)
    ]


def test_an_accepted_label_is_settled_by_review_and_stays_as_it_was() -> None:
    campaign = settled()
    (before,) = labels(campaign.outputs)
    out = review(campaign, "accept")
    assert shown(out) == [("settled", "review_accepted", "review", "cat")]
    (after,) = labels(out)
    assert after["answers"] == before["answers"]
    assert (after["version"], after["supersedes"], after["needs_review"]) == (2, 1, False)
    assert outcomes(out) == []


def test_a_fix_overrides_the_posterior_and_tells_voters_nothing() -> None:
    campaign = settled()
    out = review(campaign, "fix", answer="dog")
    assert shown(out) == [("settled", "review_fix", "review", "dog")]
    answer = labels(out)[0]["answers"]["q"]
    assert (answer["confidence"], answer["distribution"]) == (1.0, {"dog": 1.0})
    assert outcomes(out) == [(f"a{number}", "consensus", -1, True) for number in range(3)]
    taken = [body["evidence"] for body in bodies(out, "outcomes")]
    assert all(sum(change for _, change in one[0]["change"]) == -1_000_000 for one in taken)


def test_a_fix_that_becomes_gold_judges_everybody_now_and_later() -> None:
    campaign = settled()
    out = review(campaign, "fix", answer="dog", becomes_gold=True)
    told = [(f"a{number}", kind, sign, right) for number in range(3) for kind, sign, right in _JUDGED]
    assert outcomes(out) == told
    assert outcomes(campaign.vote("b", "dog")) == [("b", "gold", 1, True)]
    assert outcomes(campaign.edit("a0", "dog")) == [("a0", "gold", -1, False), ("a0", "gold", 1, True)]
    assert campaign.task().phase == "settled"


_JUDGED = (("consensus", -1, True), ("gold", 1, False))


def test_a_rejected_label_is_undecided_and_answers_nothing() -> None:
    campaign = settled()
    out = review(campaign, "reject")
    assert shown(out) == [("undecided", "review_rejected", "review", None)]
    assert labels(out)[0]["needs_review"] is False
    assert outcomes(out) == [(f"a{number}", "consensus", -1, True) for number in range(3)]


@pytest.mark.parametrize("verdict", ["accept", "fix", "reject"])
def test_a_verdict_stands_over_votes_and_time(verdict: str) -> None:
    campaign = settled()
    review(campaign, verdict, **({"answer": "dog"} if verdict == "fix" else {}))
    before = labels(campaign.outputs)[-1]
    for number in range(4):
        campaign.vote(f"b{number}", "dog")
    campaign.edit("a0", "dog")
    campaign.edit("a1", "dog")
    for second in range(3):
        campaign.tick(AT + 1_000 * (second + 1))
    after = labels(campaign.outputs)[-1]
    assert (after["status"], after["closed_by"], after["answers"]) == (
        before["status"],
        "review",
        before["answers"],
    )


def test_a_fix_closes_a_task_that_nobody_has_answered() -> None:
    campaign = Campaign()
    campaign.publish()
    assert shown(review(campaign, "fix", answer="fox")) == [("settled", "review_fix", "review", "fox")]
    assert campaign.totals().closed == 1


def test_the_same_verdict_again_changes_nothing() -> None:
    campaign = settled()
    for verdict, more in (("fix", {"answer": "dog"}), ("accept", {}), ("reject", {}), ("return", {})):
        assert review(campaign, verdict, **more)
        assert review(campaign, verdict, **more) == []


def test_a_returned_task_wants_a_vote_more_and_at_most_so_many_as_at_first() -> None:
    campaign = settled(redundancy=3, max_redundancy=4)
    out = review(campaign, "return")
    assert shown(out) == [("provisional", "review_returned", None, None)]
    assert shown(campaign.vote("b0", "cat")) == [("settled", "agreed", "redundancy", "cat")]

    campaign = settled(votes="ccdd", redundancy=3, max_redundancy=4, min_agreement=0.9, weighting="uniform")
    assert shown(campaign.outputs) == [("undecided", "tie", "max_redundancy", None)]
    review(campaign, "return")
    for number in range(3):
        assert shown(campaign.vote(f"b{number}", "dog")) == []
    assert shown(campaign.vote("b3", "dog"))[0][:3] == ("undecided", "low_agreement", "max_redundancy")


def test_a_task_closed_by_refusals_is_open_again_after_a_return() -> None:
    campaign = Campaign(unusable_after=2)
    campaign.publish()
    campaign.refuse("a0", "broken_item")
    campaign.refuse("a1", "broken_item")
    assert shown(review(campaign, "return")) == [("provisional", "review_returned", None, None)]
    campaign.refuse("a2", "broken_item")
    assert campaign.task().phase == "open"
    campaign.refuse("a3", "broken_item")
    assert campaign.task().phase == "unusable"


def test_votes_go_on_counting_under_a_verdict_so_that_a_return_finds_them() -> None:
    campaign = settled(votes="c")
    review(campaign, "fix", answer="dog")
    campaign.vote("b0", "cat")
    campaign.vote("b1", "cat")
    assert campaign.task().counted == 3
    out = review(campaign, "return")
    # The votes alone would have closed it by then, so the return asks for one more.
    assert shown(out) == [("provisional", "review_returned", None, None)]
    assert shown(campaign.vote("b2", "cat")) == [("settled", "agreed", "redundancy", "cat")]


def test_a_verdict_on_an_open_task_returned_leaves_nothing() -> None:
    campaign = settled(votes="c")
    before = campaign.task()
    review(campaign, "fix", answer="dog")
    review(campaign, "return")
    after = campaign.task()
    assert (after.review, after.phase, after.counted, after.entries) == (None, "open", 1, before.entries)


def test_gold_goes_before_a_verdict_which_stands_again_without_it() -> None:
    campaign = settled()
    review(campaign, "fix", answer="dog")
    assert shown(campaign.gold("cat")) == [("settled", "gold", "gold", "cat")]
    assert review(campaign, "fix", answer="fox") == []
    assert shown(campaign.withdraw_gold()) == [("settled", "review_fix", "review", "fox")]


def test_a_review_before_its_task_waits_for_it() -> None:
    campaign = Campaign()
    assert review(campaign, "fix", answer="dog") == []
    assert shown(campaign.publish()) == [("settled", "review_fix", "review", "dog")]


def test_a_withdrawn_task_forgets_its_verdict() -> None:
    campaign = settled()
    review(campaign, "fix", answer="dog", becomes_gold=True)
    out = campaign.withdraw_task()
    assert outcomes(out) == [(f"a{number}", "gold", -1, False) for number in range(3)]
    assert campaign.task().review is None
    assert reasons(review(campaign, "accept")) == ["task_withdrawn"]


def test_a_verdict_after_the_votes_are_gone_is_too_late() -> None:
    campaign = Campaign(side=TaskSide(retention_ms=DAY_MS))
    campaign.tick(AT)
    campaign.publish()
    for number in range(3):
        campaign.vote(f"a{number}", "cat")
    campaign.tick(AT + 3 * DAY_MS)
    assert reasons(review(campaign, "fix", answer="dog")) == ["too_late"]


def test_what_is_refused_says_why() -> None:
    campaign = Campaign()
    campaign.publish()
    for verdict, more, reason, field in (
        ("accept", {}, "nothing_to_accept", "verdict"),
        ("return", {}, "nothing_to_return", "verdict"),
        ("fix", {"answer": "wolf"}, "label_outside_space", "answer"),
        ("fix", {"answer": "cat", "project": "other"}, "project_mismatch", "project"),
        ("fix", {"answer": "cat", "expected_version": 3}, "version_conflict", "expected_version"),
    ):
        ((told, error),) = rejections(review(campaign, verdict, **more))
        assert (told, error.split()[0].rstrip(":")) == (reason, field)
    assert review(campaign, "fix", answer="cat", expected_version=0)


def test_undecided_disputed_and_sampled_labels_ask_for_a_review() -> None:
    sampled = next(f"t{number}" for number in range(100) if is_sampled(f"t{number}", 100_000))
    other = next(f"t{number}" for number in range(100) if not is_sampled(f"t{number}", 100_000))
    campaign = Campaign(redundancy=2, max_redundancy=2)
    for task_id in (sampled, other):
        campaign.publish(task_id)
        for who in ("a0", "a1"):
            campaign.vote(who, "cat", task_id)
    campaign.publish("tie")
    campaign.vote("a0", "cat", "tie")
    campaign.vote("a1", "dog", "tie")
    asked = {label["task_id"]: (label["needs_review"], label["review_reason"]) for label in labels(campaign.outputs)}
    assert asked == {sampled: (True, "sampled"), other: (False, None), "tie": (True, "undecided")}


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (1.0, 50)])
def test_a_project_chooses_how_many_are_sampled(share: float, expected: int) -> None:
    campaign = Campaign(redundancy=1, review_share=share)
    for number in range(50):
        campaign.publish(f"t{number}")
        campaign.vote("a", "cat", f"t{number}")
    assert sum(label["needs_review"] for label in labels(campaign.outputs)) == expected

"""Tasks published, changed, withdrawn, expired; events that come before them or their project."""

from __future__ import annotations

from typing import Any

import pytest

from streams.events import DEAD_LETTERS
from streams.quality.records import DAY_MS
from streams.quality.tasks import TaskSide
from tests.quality.campaign import (
    ANIMALS,
    AT,
    Campaign,
    bodies,
    event,
    labels,
    outcomes,
    reasons,
    rejections,
    scored,
)


def settle(campaign: Campaign, task_id: str = "t") -> None:
    for annotator in ("a0", "a1", "a2"):
        campaign.vote(annotator, "cat", task_id)


def test_the_same_task_again_changes_nothing() -> None:
    campaign = Campaign()
    campaign.publish()
    campaign.vote("a0", "cat")
    before = dict(campaign.state.committed)
    assert campaign.publish(created_at="2026-01-01T00:00:00Z") == []
    assert campaign.state.committed == before


def test_terms_change_in_place() -> None:
    campaign = Campaign()
    campaign.publish()
    campaign.vote("a0", "cat")
    assert campaign.publish(priority=1.0, payment_usd="0.125", required_tier="expert", similarity_key="s") == []
    terms = campaign.task().terms
    assert (terms.priority, terms.payment, terms.tier, terms.similarity_key) == (1_000_000, 125_000, 2, "s")
    assert len(campaign.task().entries) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"prompt": "Which one?"},
        {"content": {"image": "other"}},
        {"instructions": "Look twice."},
        {"project": "other"},
        {"questions": [{"question_id": "other", "label_space": ANIMALS}]},
    ],
)
def test_other_content_is_a_conflict_once_there_are_votes(changed: dict[str, Any]) -> None:
    campaign = Campaign()
    campaign.publish()
    campaign.vote("a0", "cat")
    ((reason, error),) = rejections(campaign.publish(**changed))
    assert reason == "task_conflict"
    assert "new id" in error


def test_other_content_under_gold_is_a_conflict() -> None:
    campaign = Campaign()
    campaign.publish()
    campaign.gold("cat")
    assert reasons(campaign.publish(prompt="Which one?")) == ["task_conflict"]


def test_other_content_replaces_a_task_nobody_has_seen() -> None:
    campaign = Campaign()
    campaign.publish()
    assert campaign.publish(space={"type": "classification", "classes": ["yes", "no"]}) == []
    assert reasons(campaign.vote("a0", "cat")) == ["label_outside_space"]
    assert campaign.vote("a0", "yes") == []


def test_a_withdrawn_task_takes_everything_back() -> None:
    campaign = Campaign()
    campaign.publish()
    settle(campaign)
    out = campaign.withdraw_task()
    (label,) = labels(out)
    assert (label["status"], label["version"], label["supersedes"], label["votes"]) == ("withdrawn", 2, 1, 0)
    assert outcomes(out) == [(name, "consensus", -1, True) for name in ("a0", "a1", "a2")]
    assert reasons(campaign.vote("a3", "cat")) == ["task_withdrawn"]
    assert reasons(campaign.gold("cat")) == ["task_withdrawn"]
    assert campaign.withdraw_task() == []
    assert not [key for key in campaign.state.committed if key.startswith("q")]
    totals = campaign.totals()
    assert (totals.open, totals.closed, totals.votes) == (0, 0, 0)


def test_a_task_withdrawn_before_any_label_says_so() -> None:
    campaign = Campaign()
    campaign.publish()
    assert labels(campaign.withdraw_task())[0]["version"] == 1


def test_withdrawing_gold_nobody_saw_a_label_of_stays_silent() -> None:
    campaign = Campaign()
    campaign.publish()
    campaign.gold("cat")
    campaign.vote("a0", "cat")
    out = campaign.withdraw_task()
    assert labels(out) == []
    assert outcomes(out) == [("a0", "gold", -1, True)]


def test_withdrawing_an_unknown_task_is_rejected() -> None:
    campaign = Campaign()
    assert reasons(campaign.withdraw_task()) == ["unknown_task"]
    campaign.vote("a0", "cat")
    assert reasons(campaign.withdraw_task()) == ["unknown_task"]


def test_a_task_published_again_starts_afresh_and_keeps_counting_versions() -> None:
    campaign = Campaign()
    campaign.publish()
    settle(campaign)
    campaign.withdraw_task()
    assert campaign.publish(prompt="Another one?") == []
    settle_again = [campaign.vote(name, "dog", annotation_id=f"{name}-again") for name in ("a0", "a1", "a2")]
    (label,) = labels(settle_again[-1])
    assert (label["version"], label["supersedes"], label["votes"]) == (3, 2, 3)


def test_a_vote_that_comes_before_its_task_counts_when_it_is_published() -> None:
    campaign = Campaign()
    assert campaign.vote("a0", "cat") == []
    assert campaign.totals().held == 1
    campaign.vote("a1", "cat")
    campaign.vote("a2", "cat")
    (label,) = labels(campaign.publish())
    assert (label["status"], label["votes"]) == ("settled", 3)
    assert (campaign.totals().held, campaign.totals().closed) == (0, 1)


def test_held_events_keep_their_order_and_timestamps() -> None:
    campaign = Campaign()
    campaign.gold("cat")
    campaign.vote("a0", "dog")
    out = campaign.publish()
    assert outcomes(out) == [("a0", "gold", 1, False)]
    assert {output.timestamp for output in out} == {AT + 2}


def test_a_held_event_that_fails_is_its_own_dead_letter() -> None:
    campaign = Campaign()
    campaign.vote("a0", "wolf")
    campaign.vote("a1", "cat")
    (letter,) = campaign.publish()
    assert letter.tag == "label_outside_space"
    assert dict(letter.headers)["offset"] == b"1"
    assert letter.timestamp == AT + 1
    assert len(campaign.task().entries) == 1


def test_gold_held_and_withdrawn_before_the_task_leaves_no_truth() -> None:
    campaign = Campaign()
    campaign.gold("cat")
    campaign.withdraw_gold()
    campaign.publish()
    assert campaign.task().phase == "open"


def test_too_many_held_events_are_rejected() -> None:
    campaign = Campaign(side=TaskSide(held_per_task=1))
    campaign.vote("a0", "cat")
    assert reasons(campaign.vote("a1", "cat")) == ["held_full"]


def test_held_events_of_a_task_that_never_comes_expire() -> None:
    campaign = Campaign(side=TaskSide(held_ms=7 * DAY_MS))
    campaign.tick(AT)
    campaign.vote("a0", "cat")
    campaign.gold("cat")
    assert campaign.tick(AT + 7 * DAY_MS - 10_000) == []
    out = campaign.tick(AT + 7 * DAY_MS)
    assert reasons(out) == ["unknown_task", "unknown_task"]
    assert [dict(letter.headers)["topic"] for letter in out] == [b"annotations.scored", b"gold"]
    assert out[0].value is not None
    assert set(campaign.state.committed) == {"c", "p\x1fp", "totals"}


def test_events_before_the_first_tick_wait_from_then_on() -> None:
    campaign = Campaign(side=TaskSide(held_ms=DAY_MS))
    campaign.vote("a0", "cat")
    assert campaign.tick(AT) == []
    assert reasons(campaign.tick(AT + DAY_MS)) == ["unknown_task"]


def test_the_oldest_unpublished_task_gives_way() -> None:
    campaign = Campaign(side=TaskSide(held_tasks=2))
    campaign.vote("a0", "cat", "t0")
    campaign.vote("a0", "cat", "t1")
    campaign.publish("t0")
    assert campaign.vote("a0", "cat", "t2") == []
    (letter,) = campaign.vote("a0", "cat", "t3")
    assert (letter.tag, dict(letter.headers)["key"]) == ("unknown_task", b"t1")
    assert campaign.totals().held == 2


def test_votes_wait_for_an_unknown_project_and_resume_in_batches() -> None:
    campaign = Campaign(known=False, side=TaskSide(batch=2))
    for place in range(5):
        campaign.publish(f"t{place}")
        assert campaign.vote("a0", "cat", f"t{place}") == []
    assert campaign.totals().waiting == 5
    campaign.settings(policy={"redundancy": 1})
    assert campaign.totals().waiting == 3
    assert [body["task_id"] for body in labels(campaign.tick(AT))] == ["t2", "t3"]
    assert [body["task_id"] for body in labels(campaign.tick(AT))] == ["t4"]
    assert {key for key in campaign.state.committed if key[0] in "qr"} == {"q\x1fe", "q\x1fe\x1f1"}


def test_a_vote_on_a_task_not_yet_resumed_waits_its_turn() -> None:
    campaign = Campaign(known=False, side=TaskSide(batch=1))
    for task_id in ("t0", "t1"):
        campaign.publish(task_id)
        campaign.vote("a0", "cat", task_id)
    campaign.settings(policy={"redundancy": 2})
    assert campaign.vote("a1", "cat", "t1") == []
    (label,) = labels(campaign.tick(AT))
    assert (label["task_id"], label["votes"]) == ("t1", 2)
    assert [entry.annotator_id for entry in campaign.task("t1").entries] == ["a0", "a1"]


def test_a_removed_project_holds_votes_until_it_returns() -> None:
    campaign = Campaign()
    campaign.publish()
    campaign.vote("a0", "cat")
    campaign.remove_project(2)
    assert campaign.vote("a1", "cat") == []
    assert campaign.totals().waiting == 1
    assert campaign.settings(1) == []
    assert labels(campaign.settings(3, policy={"redundancy": 2}))[0]["votes"] == 2


def test_withdrawing_a_task_that_waits_gives_up_its_events() -> None:
    campaign = Campaign(known=False)
    campaign.publish()
    campaign.vote("a0", "cat")
    out = campaign.withdraw_task()
    assert labels(out)[0]["policy_version"] == 0
    assert [output.tag for output in out if output.topic == DEAD_LETTERS] == ["task_withdrawn"]
    assert campaign.totals().waiting == 0


def test_a_waiting_task_may_move_to_another_project() -> None:
    campaign = Campaign(policy={"redundancy": 1})
    campaign.publish(project="unknown")
    campaign.vote("a0", "cat")
    assert campaign.publish() == []
    assert (campaign.totals().waiting, len(campaign.task().entries)) == (0, 1)
    assert not [key for key in campaign.state.committed if key.startswith("q")]


NAMED = {"label_spaces": {"animals": ANIMALS, "stars": {"type": "likert_scale", "min": 1, "max": 5}}}


def test_a_named_label_space_is_the_projects() -> None:
    campaign = Campaign(known=False)
    campaign.settings(1, **NAMED)
    campaign.publish(space="animals")
    assert campaign.vote("a0", "cat") == []
    assert reasons(campaign.vote("a1", "wolf")) == ["label_outside_space"]


def test_what_was_told_on_a_named_space_is_taken_back_without_the_project() -> None:
    campaign = Campaign(known=False)
    campaign.settings(1, **NAMED)
    campaign.publish(space="animals")
    campaign.gold("cat")
    campaign.vote("a0", "cat")
    campaign.remove_project(2)
    assert outcomes(campaign.withdraw_task()) == [("a0", "gold", -1, True)]


@pytest.mark.parametrize(("name", "says"), [("plants", "'plants'"), ("stars", "likert_scale")])
def test_an_unknown_label_space_rejects_votes_and_names_it(name: str, says: str) -> None:
    campaign = Campaign(known=False)
    campaign.publish(space=name)
    campaign.vote("a0", "cat")
    for out in (campaign.settings(1, **NAMED), campaign.vote("a1", "cat"), campaign.gold("cat")):
        ((reason, error),) = rejections(out)
        assert reason == "unknown_label_space"
        assert says in error
        assert "'q'" in error


def test_a_label_space_added_later_is_found() -> None:
    campaign = Campaign()
    campaign.publish(space="animals")
    assert reasons(campaign.vote("a0", "cat")) == ["unknown_label_space"]
    campaign.settings(2, **NAMED)
    assert campaign.vote("a0", "cat") == []


def closed_and_forgotten() -> Campaign:
    campaign = Campaign()
    campaign.publish()
    campaign.tick(AT)
    settle(campaign)
    assert {output.topic for output in campaign.tick(AT + 30 * DAY_MS)} == {"project-deltas"}
    return campaign


def test_a_closed_task_becomes_a_stub_with_its_label() -> None:
    campaign = closed_and_forgotten()
    task = campaign.task()
    assert (task.phase, task.entries, task.version) == ("stub", [], 1)
    assert task.published is not None
    assert task.published.answers["q"]["label"] == "cat"
    assert not [key for key in campaign.state.committed if key.startswith("q")]
    assert (campaign.totals().closed, campaign.totals().votes) == (0, 0)


def test_an_annotation_for_a_stub_is_too_late_not_unknown() -> None:
    out = closed_and_forgotten().vote("a9", "cat")
    (late,) = bodies(out, "quality-events")
    assert (late["kind"], late["annotator_id"], late["policy_version"]) == ("too_late", "a9", 1)
    assert len(out) == 1


def test_gold_withdrawal_and_other_content_are_too_late_for_a_stub() -> None:
    campaign = closed_and_forgotten()
    assert reasons(campaign.gold("cat")) == ["too_late"]
    assert reasons(campaign.withdraw_gold()) == ["too_late"]
    assert reasons(campaign.withdraw_task()) == ["too_late"]
    assert reasons(campaign.publish(prompt="Which one?")) == ["task_conflict"]
    assert campaign.publish() == []


def test_a_reopened_task_does_not_expire() -> None:
    campaign = Campaign()
    campaign.publish()
    campaign.tick(AT)
    settle(campaign)
    campaign.withdraw("a0")
    campaign.tick(AT + 31 * DAY_MS)
    assert campaign.task().phase == "open"
    assert len(campaign.task().entries) == 2


def test_votes_that_waited_for_a_removed_project_are_too_late_for_a_stub() -> None:
    campaign = Campaign()
    campaign.publish()
    campaign.tick(AT)
    settle(campaign)
    campaign.remove_project(2)
    campaign.vote("a3", "cat")
    out = campaign.tick(AT + 30 * DAY_MS)
    assert [body["kind"] for body in bodies(out, "quality-events")] == ["too_late"]
    assert campaign.totals().waiting == 0


def test_a_tick_expires_a_batch_at_most() -> None:
    campaign = Campaign(side=TaskSide(batch=2, held_ms=DAY_MS))
    campaign.tick(AT)
    for place in range(3):
        campaign.vote("a0", "cat", f"t{place}")
    assert len(campaign.tick(AT + DAY_MS)) == 2
    assert len(campaign.tick(AT + DAY_MS)) == 1


@pytest.mark.parametrize("at", [AT, AT + 9_999, AT - DAY_MS])
def test_a_tick_that_moves_nothing_puts_nothing(at: int) -> None:
    campaign = Campaign()
    campaign.tick(AT)
    assert campaign.side.step(campaign.state, event("ticks.t", "0", {"at": at})) == []
    assert campaign.state.changed == frozenset()


def test_the_clock_moves_in_steps_and_never_back() -> None:
    campaign = Campaign()
    campaign.tick(AT + 12_345)
    assert campaign.state.committed["c"] == f"[{AT + 10_000},{AT + 10_000}]".encode()
    campaign.tick(AT)
    assert campaign.state.committed["c"] == f"[{AT + 10_000},{AT + 10_000}]".encode()


def test_raw_bytes_of_held_events_come_back_unchanged() -> None:
    campaign = Campaign(side=TaskSide(held_tasks=0))
    (letter,) = campaign.vote("a0", "ünïcödé\n")
    assert letter.value is not None
    assert b'"label"' in letter.value
    body = scored("a0", "ünïcödé\n")
    assert bodies([letter], DEAD_LETTERS) == [body]

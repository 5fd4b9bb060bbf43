"""Votes of an annotator taken back by a person's decision: on side A, in every partition of side T, and in steps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from streams.events import Output
from streams.quality.annotators import AnnotatorSide
from streams.quality.retractions import Spans
from streams.quality.tasks import TaskSide
from streams.replay.state import apply
from tests.quality.campaign import AT, Campaign, bodies, labels, outcomes, reasons
from tests.quality.harness import MemoryState
from tests.quality.sent import assert_contracts, event

LATER = AT + 1_000_000


def retract(campaign: Campaign, annotator_id: str = "bad", **more: Any) -> list[Output]:
    body = {
        "retraction_id": "annotators/0/7",
        "annotator_id": annotator_id,
        "until": LATER,
        "actor": "mara",
        "reason": "answers were bought",
    }
    return campaign.apply("retractions", annotator_id, body | more, LATER)


def noticed(outputs: list[Output]) -> list[tuple[str, int, int]]:
    events = bodies(outputs, "quality-events")
    assert all((one["kind"], one["actor"]) == ("votes_retracted", "mara") for one in events)
    return [(one["project"], one["n"], one["labels"]) for one in events]


def voted(campaign: Campaign, *tasks: str) -> None:
    for task_id in tasks:
        campaign.publish(task_id)
        campaign.vote("bad", "dog", task_id)
        campaign.vote("a0", "cat", task_id)
        campaign.vote("a1", "cat", task_id)


def test_the_annotator_side_asks_every_partition() -> None:
    side, state = AnnotatorSide(partitions=3), MemoryState()
    body = {
        "annotator_id": "bad",
        "active": False,
        "actor": "mara",
        "reason": "answers were bought",
        "retract_votes": {"project": "p", "since": "2026-01-01T00:00:00Z"},
    }
    out = apply(side, state, event(side, "annotators", "bad", body, offset=7, timestamp=LATER))
    assert_contracts(out)
    assert [(one.topic, one.partition) for one in out] == [("retractions", number) for number in range(3)]
    told = bodies(out, "retractions")[0]
    since = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1000
    assert (told["retraction_id"], told["project"], told["since"], told["until"]) == (
        "annotators/0/7",
        "p",
        since,
        LATER,
    )


def test_votes_go_as_if_withdrawn_and_labels_below_policy_are_open_again() -> None:
    campaign = Campaign()
    voted(campaign, "t")
    out = retract(campaign)
    (label,) = labels(out)
    assert (label["status"], label["reason"]) == ("provisional", "votes_retracted")
    assert outcomes(out)[0] == ("bad", "consensus", -1, False)
    assert [entry.annotator_id for entry in campaign.task().entries] == ["a0", "a1"]
    assert noticed(out) == [("p", 1, 1)]


def test_a_label_that_benched_votes_keep_closed_is_superseded_with_the_reason() -> None:
    campaign = Campaign()
    voted(campaign, "t")
    campaign.vote("a2", "cat")
    (label,) = labels(retract(campaign))
    assert (label["status"], label["reason"], label["votes"]) == ("settled", "votes_retracted", 3)
    # The reason is no difference by itself once something else is looked at.
    assert labels(campaign.vote("a3", "cat")) == []
    assert labels(campaign.edit("a2", "cat")) == []


def test_only_what_is_meant_goes() -> None:
    campaign = Campaign()
    campaign.settings(project="other")
    voted(campaign, "before")
    since = AT + campaign.offset
    voted(campaign, "t")
    campaign.apply("tasks", "o", {**_task("o"), "project": "other"})
    campaign.vote("bad", "cat", "o", project="other")
    assert noticed(retract(campaign, project="p", since=since)) == [("p", 1, 1)]
    assert [entry.annotator_id for entry in campaign.task("before").entries] == ["bad", "a0", "a1"]
    assert [entry.annotator_id for entry in campaign.task("o").entries] == ["bad"]


def _task(task_id: str) -> dict[str, Any]:
    return {
        "task_id": task_id,
        "task_type": "classification",
        "prompt": "?",
        "questions": [{"question_id": "q", "label_space": {"type": "classification", "classes": ["cat", "dog"]}}],
    }


def test_what_is_under_way_is_refused_and_what_comes_later_counts() -> None:
    campaign = Campaign()
    campaign.publish()
    retract(campaign, project="p")
    assert reasons(campaign.vote("bad", "dog")) == ["votes_retracted"]
    body = {"project": "p", "action": "submit"}
    late = campaign.vote("bad", "dog", annotation_id="again", **body)
    assert reasons(late) == ["votes_retracted"]
    offset, campaign.offset = campaign.offset, LATER + 1 - AT
    assert campaign.vote("bad", "dog", annotation_id="new", **body) == []
    campaign.offset = offset
    assert [entry.annotator_id for entry in campaign.task().entries] == ["bad"]


def test_what_waits_for_its_task_is_refused_when_the_task_comes() -> None:
    campaign = Campaign()
    campaign.vote("bad", "dog")
    campaign.vote("a0", "cat")
    retract(campaign)
    campaign.publish()
    assert [entry.annotator_id for entry in campaign.task().entries] == ["a0"]


def test_so_many_at_a_time_in_order_and_the_table_alone_says_where_it_stands() -> None:
    campaign = Campaign(side=TaskSide(batch=2))
    voted(campaign, *(f"t{number}" for number in range(5)))
    campaign.vote("worse", "dog", "t0")
    assert noticed(retract(campaign)) == []
    assert noticed(retract(campaign, "worse", project="p")) == []
    told = []
    for second in range(4):
        campaign.state = MemoryState(campaign.state.committed)  # as another worker finds it
        told.append(noticed(campaign.tick(LATER + second)))
    # The other's vote stood in for the one on t0: that label did not change until it went, too.
    assert told == [[], [("p", 5, 4)], [("p", 1, 1)], []]
    assert not [key for key in campaign.state.committed if key.startswith("z\x1fjob")]


def test_a_removed_project_s_votes_stay() -> None:
    campaign = Campaign()
    voted(campaign, "t")
    campaign.remove_project(2)
    assert noticed(retract(campaign, project="p")) == [("p", 0, 0)]
    assert len(campaign.task().entries) == 3


def test_an_erased_annotator_s_retractions_are_forgotten() -> None:
    campaign = Campaign()
    voted(campaign, "t")
    retract(campaign)
    erasure = {"erasure_id": "e", "kind": "annotator", "id": "bad", "pseudonym": "x", "actor": "m", "reason": "r"}
    campaign.apply("erasures.t", "digest", erasure)
    assert campaign.state.get("z\x1fbad", Spans) is None


def test_a_verdict_stays_the_reason_of_a_label_whose_votes_are_taken_back() -> None:
    campaign = Campaign()
    voted(campaign, "t")
    body = {"task_id": "t", "project": "p", "verdict": "fix", "answer": "fox", "actor": "mara", "reason": "seen"}
    campaign.apply("reviews", "t", body)
    (label,) = labels(retract(campaign))
    assert (label["reason"], label["closed_by"], label["votes"]) == ("review_fix", "review", 2)

"""Erasures on both sides, case by case; their laws are in `test_erasure_laws.py`."""

from __future__ import annotations

from typing import Any

from streams.events import Output
from streams.quality.annotator_state import Stats
from streams.quality.annotators import AnnotatorSide
from streams.quality.erasures import DONE
from streams.replay.state import apply
from tests.quality import sent
from tests.quality.campaign import AT, Campaign, bodies, counted, labels, outcomes, reasons, rejections, scored, task
from tests.quality.harness import MemoryState

LATER = AT + 10_000
A_SIDE = AnnotatorSide()


def request(kind: str, identity: str) -> dict[str, Any]:
    body = {"erasure_id": "e1", "kind": kind, "id": identity, "pseudonym": "erased-1"}
    return body | {"actor": "ops", "reason": "asked for"}


def erase(campaign: Campaign, kind: str, identity: str) -> list[Output]:
    state = campaign.state
    outputs = apply(
        campaign.side, state, sent.event(campaign.side, "erasures.t", "e1", request(kind, identity), timestamp=LATER)
    )
    state.commit()
    return outputs


def new_vote(campaign: Campaign, who: str, label: str, **changed: Any) -> list[Output]:
    """Vote after the erasure."""
    body = scored(who, label, **changed)
    event = sent.event(campaign.side, "annotations.scored", "t", body, timestamp=LATER + 1)
    outputs = apply(campaign.side, campaign.state, event)
    campaign.state.commit()
    return outputs


def progress(outputs: list[Output]) -> list[tuple[Any, ...]]:
    told = bodies(outputs, DONE)
    return [(one["progress"], one["rows"], one["votes"], one["dropped"]) for one in told]


def test_an_erased_vote_counts_on_and_nobody_is_told_of_it_any_more() -> None:
    campaign = Campaign()
    campaign.publish()
    for who in ("ann", "bob", "cy"):
        campaign.vote(who, "cat")
    assert progress(erase(campaign, "annotator", "ann")) == [("done", 0, 1, 0)]
    first = campaign.task().entries[0]
    assert (first.annotator_id, first.annotation_id) == ("erased-1", "")
    told = campaign.gold("dog")
    assert {who for who, *_ in outcomes(told)} == {"bob", "cy"}
    assert labels(campaign.withdraw_gold())[-1]["answers"]["q"]["label"] == "cat"
    assert campaign.totals().votes == 3


def test_what_is_known_of_an_erased_annotator_stays_with_their_votes() -> None:
    campaign = Campaign()
    campaign.publish()
    campaign.vote("ann", "dog", counts=counted(right=100))
    campaign.vote("bob", "cat", counts=counted(right=4, wrong=5))
    campaign.vote("cy", "cat", counts=counted(right=4, wrong=5))
    before = labels(campaign.outputs)[-1]["answers"]["q"]
    assert before["label"] == "dog"
    erase(campaign, "annotator", "ann")
    assert not [place for place in campaign.state.committed if "ann" in place]
    campaign.tick(LATER)
    again = campaign.tick(LATER + 1)  # nothing has come in since the last tick: closed tasks are added up again
    assert labels(again) == []
    assert labels(campaign.gold("fox"))[-1]["answers"]["q"]["label"] == "fox"
    assert labels(campaign.withdraw_gold())[-1]["answers"]["q"] == before


def test_what_is_known_of_an_erased_annotator_does_not_pass_to_whoever_has_their_name_or_pseudonym() -> None:
    campaign = Campaign(redundancy=1)
    campaign.publish()
    campaign.vote("ann", "cat", counts=counted(right=100, version=9))
    erase(campaign, "annotator", "ann")
    for who, task_id in (("ann", "u"), ("erased-1", "v"), ("new", "w")):
        campaign.publish(task_id)
        campaign.vote(who, "cat", task_id, timestamp=LATER + 1)
    shares = [label["answers"]["q"]["confidence"] for label in labels(campaign.outputs)]
    assert shares[0] > shares[1] == shares[2] == shares[3]


def test_an_edit_from_before_is_dropped_and_one_from_after_finds_nothing() -> None:
    campaign = Campaign()
    campaign.publish()
    campaign.vote("ann", "cat")
    erase(campaign, "annotator", "ann")
    assert progress(campaign.edit("ann", "dog")) == [("late", 0, 0, 1)]
    assert reasons(new_vote(campaign, "ann", "dog", action="edit")) == ["nothing_to_edit"]
    assert campaign.task().entries[0].answers == ["cat"]


def test_whoever_votes_under_the_id_later_is_new() -> None:
    campaign = Campaign()
    campaign.publish()
    campaign.vote("ann", "cat")
    erase(campaign, "annotator", "ann")
    assert outcomes(new_vote(campaign, "ann", "cat")) == []
    assert [one.annotator_id for one in campaign.task().entries] == ["erased-1", "ann"]
    told = new_vote(campaign, "bob", "cat")
    assert {who for who, *_ in outcomes(told)} == {"ann", "bob"}


def test_a_pseudonym_cannot_be_voted_under() -> None:
    campaign = Campaign()
    campaign.publish()
    campaign.vote("ann", "cat")
    erase(campaign, "annotator", "ann")
    new_vote(campaign, "erased-1", "dog")
    assert [one.answers for one in campaign.task().entries] == [["cat"], ["dog"]]


def test_what_waits_is_dropped_and_becomes_no_dead_letter() -> None:
    campaign = Campaign()
    campaign.vote("ann", "cat")
    campaign.vote("bob", "cat")
    campaign.vote("ann", "cat", "u")
    assert progress(erase(campaign, "annotator", "ann")) == [("done", 0, 0, 2)]
    assert [one.annotator_id for one in campaign.task().held] == ["bob"]
    assert (campaign.totals().held, campaign.totals().held_bytes) == (1, len(campaign.task().held[0].raw or b""))
    assert "t\x1fu" not in campaign.state.committed


def test_an_erased_task_can_be_published_again() -> None:
    campaign = Campaign(redundancy=1, max_redundancy=1)
    campaign.publish()
    campaign.vote("ann", "cat")
    outputs = erase(campaign, "task", "t")
    assert progress(outputs) == [("done", 1, 1, 0)]
    assert [(one.topic, one.value is None) for one in outputs if one.topic != DONE] == [
        ("labels", False),
        ("labels.latest", True),
    ]
    assert outcomes(outputs) == []
    for topic in ("tasks", "gold"):  # the nulls that follow
        assert campaign.apply(topic, "t", None, LATER + 1) == []
    for at, is_new in ((LATER, False), (LATER + 1, True)):
        apply(campaign.side, campaign.state, sent.event(campaign.side, "tasks", "t", task(), timestamp=at))
        campaign.state.commit()
        assert (campaign.task().phase == "open") == is_new
    assert labels(new_vote(campaign, "bob", "dog"))[-1]["version"] == 3


def left(outputs: list[Output]) -> list[str]:
    return list(bodies(outputs, DONE)[-1]["left"])


def test_it_is_told_what_others_must_still_withdraw_until_they_have() -> None:
    campaign = Campaign()
    campaign.publish()
    assert left(erase(campaign, "task", "t")) == ["tasks"]
    campaign.apply("tasks", "t", None, LATER + 1)
    assert left(erase(campaign, "task", "t")) == []
    campaign = Campaign()
    campaign.publish()
    campaign.gold("dog")
    for _ in range(2):
        assert left(erase(campaign, "task", "t")) == ["tasks", "gold"], "asking again does not make it go"
    campaign.apply("gold", "t", None, LATER + 1)
    assert left(erase(campaign, "task", "t")) == ["tasks"]


def test_gold_of_a_withdrawn_or_unpublished_task_is_told_too() -> None:
    campaign = Campaign()
    campaign.publish()
    campaign.gold("dog")
    campaign.apply("tasks", "t", None, AT + 1)
    assert left(erase(campaign, "task", "t")) == ["gold"]
    campaign = Campaign()
    campaign.gold("dog")
    assert left(erase(campaign, "task", "t")) == ["gold"]
    campaign = Campaign()
    campaign.gold("dog")
    campaign.withdraw_gold()
    assert left(erase(campaign, "task", "t")) == []


def test_gold_of_a_withdrawn_task_that_is_published_again_can_be_withdrawn() -> None:
    campaign = Campaign()
    campaign.publish()
    campaign.gold("dog")
    campaign.apply("tasks", "t", None, AT + 1)
    campaign.publish()
    assert campaign.task().left == ["gold"]
    assert rejections(campaign.withdraw_gold()) == []
    assert campaign.task().left == []
    assert reasons(campaign.withdraw_gold()) == ["nothing_to_withdraw"]


def test_asking_again_erases_no_less_than_before() -> None:
    outputs, state = play(
        ("erasures.a", request("annotator", "ann") | {"at": AT + 500}, LATER),
        ("erasures.a", request("annotator", "ann") | {"at": AT + 100}, LATER),
        ("annotations", sent.annotation("old"), AT + 400),
    )
    assert [one[0] for one in progress(outputs)] == ["done", "done", "late"]
    assert not [key for key in state.committed if "ann" in key]


def test_an_unknown_task_is_erased_too_so_that_it_does_not_come() -> None:
    campaign = Campaign()
    assert progress(erase(campaign, "task", "t")) == [("done", 0, 0, 0)]
    assert progress(campaign.publish()) == [("late", 0, 0, 1)]
    assert reasons(new_vote(campaign, "ann", "cat")) == ["task_withdrawn"]


def play(*records: tuple[str, dict[str, Any], int]) -> tuple[list[Output], MemoryState]:
    state = MemoryState()
    outputs: list[Output] = []
    for topic, body, timestamp in records:
        outputs += apply(
            A_SIDE, state, sent.event(A_SIDE, topic, body.get("annotator_id", ""), body, timestamp=timestamp)
        )
        state.commit()
    return outputs, state


def test_outcomes_of_new_work_count_and_those_of_old_work_are_dropped() -> None:
    outputs, state = play(
        ("annotations", sent.annotation("old"), AT),
        ("erasures.a", request("annotator", "ann"), LATER),
        ("annotations", sent.annotation("new"), LATER + 1),
        ("outcomes", sent.outcome("old"), LATER + 2),
        ("outcomes", sent.outcome("new"), LATER + 2),
        ("outcomes", sent.outcome("old", sign=-1), LATER + 3),
    )
    assert [one[0] for one in progress(outputs)] == ["done", "late", "late"]
    assert rejections(outputs) == []
    stats = state.get("s\x1fann\x1fbirds", Stats)
    assert stats is not None
    assert (stats.n, stats.gold_n, stats.gold_correct) == (1, 1, 1)


def test_a_profile_from_before_does_not_come_back() -> None:
    outputs, state = play(
        ("erasures.a", request("annotator", "ann"), LATER),
        ("annotators", {"annotator_id": "ann", "actor": "ops"}, LATER),
    )
    assert [one[0] for one in progress(outputs)] == ["done", "late"]
    assert not [key for key in state.committed if "ann" in key]


def test_a_task_is_nothing_to_the_annotator_side() -> None:
    outputs, _ = play(("erasures.a", request("task", "t"), AT))
    assert reasons(outputs) == ["misrouted"]

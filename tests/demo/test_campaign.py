"""The simulated campaign gives every task its votes, everybody their gold, and nobody a task twice."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import CONTRACTS
from streams.demo.campaign import CLASSES, MAX_REDUNDANCY, REDUNDANCY, Campaign
from streams.simulator.personas import Persona

Votes = dict[str, list[str]]


def play(campaign: Campaign, lag: int = 50) -> Iterator[dict[str, Any]]:
    """Yield annotations until the end; a label comes `lag` asks after half of the votes agree."""
    votes: Votes = defaultdict(list)
    labels: deque[tuple[int, str]] = deque()
    asks = 0
    while not campaign.finished:
        asks += 1
        assert asks < 1_000_000
        while labels and labels[0][0] <= asks:
            campaign.label_arrived(labels.popleft()[1])
        annotation = campaign.next_annotation()
        if annotation is None:
            continue
        yield annotation
        task_id = annotation["task_id"]
        if campaign.is_gold(task_id):
            continue
        votes[task_id].append(annotation["label"])
        given_votes = votes[task_id]
        if len(given_votes) >= REDUNDANCY:
            share = Counter(given_votes).most_common(1)[0][1] / len(given_votes)
            if share >= 0.5 or len(given_votes) == MAX_REDUNDANCY:
                labels.append((asks + lag, task_id))


def played(seed: int, tasks: int = 1_500, lag: int = 50) -> tuple[Campaign, list[dict[str, Any]]]:
    campaign = Campaign(seed, tasks, patience=200)
    return campaign, list(play(campaign, lag))


CAMPAIGN, ANNOTATIONS = played(11)


def votes_of(annotations: list[dict[str, Any]], *, gold: bool, campaign: Campaign = CAMPAIGN) -> Votes:
    votes: Votes = defaultdict(list)
    for annotation in annotations:
        if campaign.is_gold(annotation["task_id"]) == gold:
            votes[annotation["task_id"]].append(annotation["annotator_id"])
    return votes


def test_every_message_satisfies_its_contract() -> None:
    CONTRACTS["projects"].model_validate(CAMPAIGN.project)
    for topic, messages in {
        "annotators": CAMPAIGN.annotator_messages,
        "tasks": CAMPAIGN.tasks,
        "gold": CAMPAIGN.gold,
        "annotations": ANNOTATIONS,
    }.items():
        assert messages
        for message in messages:
            CONTRACTS[topic].model_validate(message)


def test_a_twentieth_gold_comes_on_top_and_its_answers_are_true_and_balanced() -> None:
    assert len(CAMPAIGN.annotator_messages) == 60
    assert len(CAMPAIGN.gold) == 75
    assert len(CAMPAIGN.tasks) == 1_575
    assert {message["task_id"] for message in CAMPAIGN.gold} < {message["task_id"] for message in CAMPAIGN.tasks}
    assert all(message["answer"] == CAMPAIGN.truth(message["task_id"]) for message in CAMPAIGN.gold)
    counts = Counter(message["answer"] for message in CAMPAIGN.gold)
    assert set(counts) == set(CLASSES)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_a_task_message_does_not_tell_whether_it_is_gold() -> None:
    for message in CAMPAIGN.tasks:
        assert {**message, "task_id": "", "content": {}} == {
            **CAMPAIGN.tasks[0],
            "task_id": "",
            "content": {},
        }


def test_every_ordinary_task_gets_three_to_five_votes() -> None:
    votes = votes_of(ANNOTATIONS, gold=False)
    assert len(votes) == 1_500
    counts = Counter(len(voters) for voters in votes.values())
    assert set(counts) <= {3, 4, 5}
    assert counts[3] > counts[4] > counts[5]
    assert CAMPAIGN.unlabelled <= counts[5]


def test_nobody_gets_a_task_twice_gold_included() -> None:
    pairs = [(annotation["annotator_id"], annotation["task_id"]) for annotation in ANNOTATIONS]
    assert len(pairs) == len(set(pairs))
    ids = [annotation["annotation_id"] for annotation in ANNOTATIONS]
    assert len(ids) == len(set(ids)) == CAMPAIGN.annotations_sent


def test_everybody_gets_a_twentieth_of_gold() -> None:
    served = Counter(annotation["annotator_id"] for annotation in ANNOTATIONS)
    gold = Counter(voter for voters in votes_of(ANNOTATIONS, gold=True).values() for voter in voters)
    assert len(served) == 60
    for annotator_id, count in served.items():
        assert abs(gold[annotator_id] - count / 20) <= 1


def test_tasks_are_worked_on_in_a_moving_window() -> None:
    firsts = list(dict.fromkeys(a["task_id"] for a in ANNOTATIONS if not CAMPAIGN.is_gold(a["task_id"])))
    places = {task_id: place for place, task_id in enumerate(sorted(firsts))}
    assert all(places[task_id] <= place + 200 for place, task_id in enumerate(firsts))


def test_times_look_like_work_except_for_speed_clickers() -> None:
    clickers = {a.annotator_id for a in CAMPAIGN.annotators if a.persona is Persona.SPEED_CLICKER}
    for annotation in ANNOTATIONS:
        if annotation["annotator_id"] in clickers:
            assert 1 <= annotation["time_spent_s"] <= 3


def test_equal_seeds_play_equally_and_others_do_not() -> None:
    again, annotations = played(11)
    assert annotations == ANNOTATIONS
    assert (again.tasks, again.gold, again.annotators) == (CAMPAIGN.tasks, CAMPAIGN.gold, CAMPAIGN.annotators)
    assert played(12)[1] != ANNOTATIONS


def test_a_labelled_task_gets_no_more_votes() -> None:
    campaign = Campaign(5, 50, patience=10)
    closed: set[str] = set()
    while not campaign.finished:
        annotation = campaign.next_annotation()
        if annotation:
            assert annotation["task_id"] not in closed
            if not campaign.is_gold(annotation["task_id"]):
                campaign.label_arrived(annotation["task_id"])
                closed.add(annotation["task_id"])
    assert len(closed) == 50
    assert campaign.unlabelled == 0
    assert campaign.next_annotation() is None


def test_without_labels_every_task_gets_all_its_votes_and_then_it_ends() -> None:
    campaign = Campaign(5, 50, patience=10)
    annotations = []
    while not campaign.finished:
        annotation = campaign.next_annotation()
        if annotation:
            annotations.append(annotation)
    votes = votes_of(annotations, gold=False, campaign=campaign)
    assert Counter(len(voters) for voters in votes.values()) == {MAX_REDUNDANCY: 50}


def test_a_task_with_enough_votes_waits_for_its_label_before_it_is_extended() -> None:
    campaign = Campaign(5, 1, patience=1_000)
    ordinary = [campaign.next_annotation() for _ in range(1_000)]
    voters = [a for a in ordinary if a and not campaign.is_gold(a["task_id"])]
    assert len(voters) == REDUNDANCY
    assert not campaign.finished
    later = [campaign.next_annotation() for _ in range(10)]
    assert len([a for a in later if a and not campaign.is_gold(a["task_id"])]) == 1


@settings(max_examples=20, deadline=None)
@given(st.integers(), st.integers(1, 40), st.integers(8, 15), st.integers(0, 30), st.integers(1, 10))
def test_any_campaign_ends_with_every_task_voted_on(
    seed: int, tasks: int, annotators: int, lag: int, window: int
) -> None:
    campaign = Campaign(seed, tasks, annotators, window=window, patience=20)
    annotations = list(play(campaign, lag))
    votes = votes_of(annotations, gold=False, campaign=campaign)
    assert len(votes) == tasks
    assert all(REDUNDANCY <= len(set(voters)) == len(voters) <= MAX_REDUNDANCY for voters in votes.values())


def test_a_campaign_without_tasks_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Campaign(1, 0)


def test_an_unknown_task_has_no_truth() -> None:
    with pytest.raises(KeyError):
        CAMPAIGN.truth("nowhere")

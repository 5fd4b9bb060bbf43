"""What the task side tells of a vote, and what it knows after one that it refuses; names that carry no meaning."""

from __future__ import annotations

from math import exp
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from streams.quality.inference import constants
from streams.quality.inference.model import Model, Models
from streams.quality.inference.statistics import base, unknown
from streams.quality.keys import FIXED, key
from streams.replay.history import Answer, Columns, History
from streams.replay.labels import Labels
from streams.replay.orders import Order
from streams.replay.playing import Plan, play
from streams.replay.results import figures_of
from tests.quality.campaign import AT, CLASSES, Campaign, bodies, counted, labels, reasons, space_id, verdicts
from tests.quality.inference.drawn import copied

VOTES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(0, 30)),
    min_size=2,
    max_size=6,
)
"""Of each vote: its class, and how often its annotator was right and wrong about each class."""


def column(right: int, wrong: int, given_class: int) -> list[int]:
    shared = base(unknown(3))
    return Model(shared, copied(shared, dict(counted(right, wrong)[0]["counts"]))).column(given_class)


@effort(max_examples=60)
@given(VOTES)
def test_a_vote_is_compared_with_what_the_others_say_without_it(votes: list[tuple[int, int, int]]) -> None:
    campaign = Campaign(redundancy=len(votes), max_redundancy=len(votes), min_agreement=0)
    campaign.publish()
    for place, (chosen, right, wrong) in enumerate(votes):
        campaign.vote(f"a{place}", CLASSES[chosen], counts=counted(right, wrong))
    expected = []
    for place, (chosen, _, _) in enumerate(votes):
        others = [column(right, wrong, y) for one, (y, right, wrong) in enumerate(votes) if one != place]
        rest = [sum(one[k] for one in others) for k in range(3)]
        if rest.count(max(rest)) == 1:
            leader = rest.index(max(rest))
            expected.append((f"a{place}", chosen == leader, CLASSES[leader]))
    told = [(body["annotator_id"], body["correct"], body["truth"]) for body in verdicts(campaign.outputs)]
    assert told == (expected if campaign.task().phase == "settled" else [])


@effort(max_examples=60)
@given(VOTES)
def test_a_labels_distribution_is_bayes_rule_over_what_is_known(votes: list[tuple[int, int, int]]) -> None:
    campaign = Campaign(redundancy=len(votes), max_redundancy=len(votes), min_agreement=0)
    campaign.publish()
    for place, (chosen, right, wrong) in enumerate(votes):
        campaign.vote(f"a{place}", CLASSES[chosen], counts=counted(right, wrong))
    columns = [column(right, wrong, chosen) for chosen, right, wrong in votes]
    odds = [exp(sum(one[k] for one in columns) / FIXED) for k in range(3)]
    (label,) = labels(campaign.outputs)
    shares = label["answers"]["q"]["distribution"]
    assert [shares[name] for name in CLASSES] == pytest.approx([one / sum(odds) for one in odds], abs=2e-6)


def test_what_came_with_a_refused_vote_is_known_all_the_same() -> None:
    campaign = Campaign()
    campaign.publish()
    sent = counted(right=5, version=3)
    assert reasons(campaign.vote("a0", "wolf", counts=sent)) == ["label_outside_space"]
    known = campaign.state.get(key("m", "a0", "p"), Models)
    assert known is not None
    assert {space: (one.version, one.counts) for space, one in known.spaces.items()} == {space_id(): (3, text(sent))}


def test_counts_of_other_categories_are_none() -> None:
    campaign, other = Campaign(redundancy=1), Campaign(redundancy=1)
    sent = counted(right=5)
    strange = [{**sent[0], "classes": 50, "counts": [*sent[0]["counts"], [2499, 5 * FIXED]]}]
    for one, counts in ((campaign, strange), (other, None)):
        one.publish()
        one.vote("a0", "cat", counts=counts)
    assert labels(campaign.outputs) == labels(other.outputs) != []


def test_an_older_copy_does_not_replace_a_newer_one() -> None:
    campaign = Campaign()
    campaign.publish()
    newer, older = counted(right=5, version=3), counted(right=1, version=2)
    campaign.vote("a0", "cat", counts=newer)
    campaign.edit("a0", "dog", counts=older)
    known = campaign.state.get(key("m", "a0", "p"), Models)
    assert known is not None
    assert known.spaces[space_id()].counts == text(newer)


@pytest.mark.parametrize("field", ["tasks", "right", "given", "strengths", "losses", "gold"])
def test_statistics_with_a_list_of_another_length_are_refused_and_change_nothing(field: str) -> None:
    campaign = Campaign()
    before = dict(campaign.state.committed)
    sums: dict[str, Any] = {
        "space": space_id(),
        "version": 1,
        "tasks": [1, 1, 1],
        "right": [1, 1, 1],
        "given": [2, 2, 2],
    }
    sums |= {"strengths": [0] * len(constants.STRENGTHS), "losses": [0] * len(constants.SLIPS), "gold": [0]}
    sums[field] = [1] * 7
    body = {"project": "p", "version": 1, "policy_version": 1, "statistics": sums}
    assert reasons(campaign.apply("globals.t", "p", body)) == ["invalid"]
    assert campaign.state.committed == before


def test_a_closed_label_is_superseded_when_gold_teaches_how_little_votes_say() -> None:
    campaign = Campaign()
    campaign.publish()
    for who in ("a0", "a1", "a2"):
        campaign.vote(who, "cat", counts=counted(right=100))
    label = campaign.task().published
    assert label is not None
    assert label.answers["q"]["confidence"] > 0.99
    assert not label.answers["q"]["calibrated"]
    sums: dict[str, Any] = {kind: [0, 0, 0] for kind in ("tasks", "right", "given")}
    losses = [100 * FIXED] * (len(constants.SLIPS) - 1)  # only the greatest slip explains what gold has shown
    sums |= {"space": space_id(), "version": 1, "strengths": [0] * len(constants.STRENGTHS)}
    sums |= {"losses": [*losses, 0], "gold": [constants.CALIBRATED_GOLD]}
    campaign.apply("globals.t", "p", {"project": "p", "version": 1, "policy_version": 1, "statistics": sums})
    for second in range(1, 4):
        out = campaign.tick(AT + 1_000 * second)
        if labels(out):
            break
    (again,) = labels(out)
    assert (again["reason"], again["supersedes"]) == ("rescored", 1)
    slip = constants.SLIPS[-1]
    assert again["answers"]["q"]["confidence"] == pytest.approx(1 - slip + slip / 3, abs=0.01)
    assert again["answers"]["q"]["calibrated"]


def test_a_posterior_is_told_from_three_votes_on_and_again_once_it_has_moved() -> None:
    campaign = Campaign(redundancy=6, max_redundancy=6)
    campaign.publish()
    for who in ("a0", "a1"):
        assert bodies(campaign.vote(who, "cat"), "outcomes") == []
    first = bodies(campaign.vote("a2", "dog"), "outcomes")
    assert [(body["annotator_id"], body["kind"], body["correct"]) for body in first] == [
        ("a0", "posterior", None),
        ("a1", "posterior", None),
        ("a2", "posterior", None),
    ]
    assert [sum(change for _, change in body["evidence"][0]["change"]) for body in first] == pytest.approx(
        [FIXED] * 3, abs=3
    )
    again = bodies(campaign.vote("a3", "dog"), "outcomes")
    totals = [sum(change for _, change in body["evidence"][0]["change"]) for body in again]
    assert totals == pytest.approx([0, 0, 0, FIXED], abs=3)  # three are corrected, one is new
    assert bodies(campaign.vote("a4", "cat"), "outcomes")
    sure = bodies(campaign.vote("a5", "cat", counts=counted(right=200)), "outcomes")
    assert {body["annotator_id"] for body in sure} >= {"a5"}


def text(sent: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(sent[0]["counts"]).decode()


# Names carry no meaning: a simulated campaign under other ids and another order of the classes

CLASSES_HERE = ("a", "b", "c", "d")
ACCURACIES = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.4, 0.25)


def drawn(random: Random, tasks: int = 250, votes: int = 5) -> tuple[list[Answer], dict[str, str]]:
    truth = {f"t{number}": random.choice(CLASSES_HERE) for number in range(tasks)}
    answers: list[Answer] = []
    for task, right in truth.items():
        for who in random.sample(range(len(ACCURACIES)), votes):
            wrong = [one for one in CLASSES_HERE if one != right]
            label = right if random.random() < ACCURACIES[who] else random.choice(wrong)
            answers.append(Answer(len(answers) + 2, task, f"w{who}", label, None, None))
    random.shuffle(answers)
    return answers, truth


def accuracy(tmp: Any, answers: list[Answer], truth: dict[str, str], classes: tuple[str, ...]) -> float:
    votes: dict[str, int] = {}
    for answer in answers:
        votes[answer.task] = votes.get(answer.task, 0) + 1
    history = History(tmp, "simulated", Columns(), answers, votes, truth)
    space = Labels(classes)
    found = figures_of(history, space, play(history, space, Plan(order=Order.given), seed=0)).accuracy
    assert found is not None
    return found


def test_accuracy_does_not_depend_on_ids_or_the_names_and_order_of_classes(tmp_path: Any) -> None:
    """The same answers in the same order, under other names: sums are added in another order, and ties fall alike."""
    random = Random(7)
    answers, truth = drawn(random)
    before = accuracy(tmp_path, answers, truth, CLASSES_HERE)
    for _ in range(3):
        classes = dict(zip(CLASSES_HERE, random.sample(["q", "zz", "m", "0"], 4), strict=True))
        people = random.sample(range(100, 1000), len(ACCURACIES))
        who = {f"w{place}": f"{name}-worker" for place, name in enumerate(people)}
        numbers = {task: f"{random.randrange(10**9)}/{task}" for task in truth}
        renamed = [
            one._replace(task=numbers[one.task], worker=who[one.worker], label=classes[one.label]) for one in answers
        ]
        order = tuple(random.sample(sorted(classes.values()), 4))
        known = {numbers[task]: classes[label] for task, label in truth.items()}
        assert accuracy(tmp_path, renamed, known, order) == pytest.approx(before, abs=0.005)
    assert before > 0.75

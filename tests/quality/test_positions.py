"""What is shown first: which option that was, what it does to a vote, and how often labels are right for it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.events import Output
from streams.quality import positions
from streams.quality.aggregation.position_effect import effect
from streams.quality.inference.model import written
from streams.quality.keys import FIXED
from streams.quality.positions import CLASSES, allowed, pull
from streams.quality.task_state import Entry
from streams.replay.loop import Loop
from tests.quality.campaign import AT, Campaign, bodies, copy_of, labels, scored, task

SPACE: dict[str, Any] = {"type": "pairwise_comparison", "options": ["A", "B"]}
COUNTS = st.dictionaries(st.integers(0, CLASSES * CLASSES - 1), st.integers(1, 500).map(lambda n: n * FIXED))


def entry(place: int, shown: int) -> Entry:
    return Entry("ann", "x1", [None], None, 0, 0, places=[place], shown=[shown])


@pytest.mark.parametrize(
    ("order", "shown"),
    [(["A", "B"], [0]), (["B", "A"], [1]), (["x", "B", "A"], [1]), (["A"], []), ([], []), (None, [])],
)
def test_the_option_shown_first_is_kept_with_the_vote(order: list[str] | None, shown: list[int]) -> None:
    campaign = Campaign()
    campaign.publish(space=SPACE)
    campaign.vote("ann", {"winner": "B"}, presented_order=order)
    assert campaign.task().entries[0].shown == shown


def test_only_choices_between_the_options_are_counted() -> None:
    campaign = Campaign()
    campaign.publish(space=SPACE)
    campaign.gold({"winner": "A"})
    for who, winner in (("ann", "B"), ("bob", "A"), ("cy", "tie")):
        campaign.vote(who, {"winner": winner}, presented_order=["B", "A"])
    told = {
        body["annotator_id"]: [
            (one["given"], one["change"]) for one in body["evidence"] if one["space"] == positions.SPACE
        ]
        for body in bodies(campaign.outputs, "outcomes")
        if body["evidence"]
    }
    assert told == {"ann": [(2, [[3, FIXED]])], "bob": [(3, [[3, FIXED]])], "cy": []}


@pytest.mark.parametrize(("weighting", "counts_less"), [("reliability", True), ("uniform", False)])
def test_only_where_it_is_inferred_what_votes_say_a_choice_with_the_pull_counts_less(
    weighting: str, counts_less: bool
) -> None:
    campaign = Campaign(redundancy=2, max_redundancy=2, weighting=weighting)
    campaign.publish(space=SPACE)
    cells = {0: 60 * FIXED, 4: 40 * FIXED, 10: 60 * FIXED, 14: 40 * FIXED}
    drawn = [{**copy_of(cells, classes=CLASSES), "space": positions.SPACE}]
    campaign.vote("ann", {"winner": "A"}, presented_order=["A", "B"], counts=drawn)
    (label,) = labels(campaign.vote("bob", {"winner": "B"}, presented_order=["A", "B"]))
    found = label["answers"]["q"]
    assert (found["agreement"] > 0.5) == counts_less
    assert ((found["label"] or {}).get("winner") == "B") == counts_less


@given(COUNTS, st.integers(0, 5 * FIXED))
def test_a_pull_turns_with_the_places_and_lies_in_what_was_chosen(counts: dict[int, int], weight: int) -> None:
    turned = {cell - cell % CLASSES + (cell % CLASSES ^ 1): mass for cell, mass in counts.items()}
    for first in (0, 1):
        assert pull(written(turned), first, weight) == pytest.approx(-pull(written(counts), first, weight), abs=1)


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 5 * FIXED))
def test_with_both_orders_alike_it_is_the_effect(first: int, second: int, weight: int) -> None:
    counts = written({0: first * FIXED, 1: second * FIXED, 10: first * FIXED, 11: second * FIXED})
    expected = effect(first * FIXED, second * FIXED, weight) if first or second else 0
    assert pull(counts, 0, weight) == pytest.approx(expected, abs=1)


@given(st.integers(0, 400), st.integers(0, 400))
def test_who_always_sees_the_same_order_has_no_pull_in_it(first: int, second: int) -> None:
    assert pull(written({0: first * FIXED, 1: second * FIXED}), 0, FIXED) == 0


@given(COUNTS, st.integers(0, 2), st.integers(-1, 1), st.lists(st.integers(-5 * FIXED, 0), min_size=3, max_size=3))
def test_only_the_options_are_told_apart_anew(
    counts: dict[int, int], place: int, shown: int, column: list[int]
) -> None:
    found = allowed(entry(place, shown), 0, column, written(counts))
    if place == 2 or shown == -1:
        assert list(found) == column
    assert sum(found) == sum(column)
    assert found[2] == column[2]


def labelled(orders: bool, spread: float, mean: float, seed: int) -> float:
    """Simulate comparisons by annotators drawn to what comes first; return how many labels are right."""
    rng = np.random.default_rng(seed)
    tasks, each, trust = 600, 3, 1.1
    pulls = rng.normal(mean, spread, 24)
    labels: dict[str, dict[str, Any]] = {}

    def take(output: Output) -> None:
        if output.topic == "labels" and output.value is not None:
            labels[(output.key or b"").decode()] = json.loads(output.value)

    loop = Loop(take)
    policy = {"redundancy": each, "max_redundancy": each, "min_agreement": 0.5}
    loop.send("projects", "p", json.dumps({"project": "p", "policy": policy}).encode(), AT)
    truth = rng.integers(0, 2, tasks)
    for number in range(tasks):
        loop.send("tasks", f"t{number}", json.dumps(task(f"t{number}", SPACE)).encode(), AT)
    for number in range(tasks):
        for who in rng.choice(len(pulls), each, replace=False):
            shown = rng.permutation(["A", "B"]).tolist()
            is_first = shown[0] == "AB"[truth[number]]
            chance = 1 / (1 + np.exp(-(pulls[who] + (trust if is_first else -trust))))
            body = scored(f"a{who}", {"winner": shown[0] if rng.random() < chance else shown[1]}, f"t{number}")
            fields = ("annotation_id", "task_id", "annotator_id", "project", "label", "time_spent_s", "submitted_at")
            sent = {name: body[name] for name in fields} | ({"presented_order": shown} if orders else {})
            loop.send("annotations", f"a{who}", json.dumps(sent).encode(), AT + number)
    for second in range(1, 4):
        for topic in ("ticks.a", "ticks.t"):
            loop.send(topic, "0", json.dumps({"at": AT + 1_000 * second}).encode(), AT + 1_000 * second)
    assert not loop.refused
    found = [next(iter(labels[f"t{number}"]["answers"].values())) for number in range(tasks)]
    leaders = [max("AB", key=lambda name: one["distribution"].get(name, 0.0)) for one in found]
    return float(np.mean([leader == "AB"[right] for leader, right in zip(leaders, truth, strict=True)]))


@pytest.mark.parametrize(
    ("spread", "mean", "gain"), [(2.0, 0.0, 0.003), (0.0, 1.5, 0.01), (0.0, 0.0, -0.008)], ids=["each", "all", "nobody"]
)
def test_labels_are_right_more_often_for_knowing_the_order(spread: float, mean: float, gain: float) -> None:
    """Drawn to one place each, all to the first, or nobody to any: then labels are about as right as before."""
    seeds = range(4)
    known, unknown = (np.mean([labelled(orders, spread, mean, seed) for seed in seeds]) for orders in (True, False))
    assert known >= unknown + gain

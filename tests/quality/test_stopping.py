"""The rule by expected gain, against the enumeration of every course that further votes may take."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas import Policy
from streams.quality.keys import FIXED
from streams.quality.stopping import AHEAD, gain, is_worth
from tests.quality.campaign import Campaign, copy_of, labels

law = settings(max_examples=150, deadline=None)
Rows = list[tuple[float, float]]


@st.composite
def beliefs(draw: st.DrawFn, most: int = 5) -> tuple[list[int], Rows]:
    classes = draw(st.integers(2, most))
    parts = draw(st.lists(st.integers(0, 1_000), min_size=classes, max_size=classes).filter(any))
    posterior = [FIXED * part // sum(parts) for part in parts]
    hits = draw(st.lists(st.floats(1 / classes, 0.99), min_size=classes, max_size=classes))
    return posterior, [(hit, (1 - hit) / (classes - 1)) for hit in hits]


def enumerated(posterior: list[int], answers: Rows, votes: int) -> float:
    """Return R_n - R_0 over every sequence of answers."""
    classes = range(len(posterior))
    after = sum(
        max(
            posterior[k] / FIXED * prod(answers[k][0] if given == k else answers[k][1] for given in course)
            for k in classes
        )
        for course in product(classes, repeat=votes)
    )
    return after - max(posterior) / FIXED


@law
@given(beliefs())
def test_the_gain_of_one_vote_is_that_of_every_answer_it_may_give(belief: tuple[list[int], Rows]) -> None:
    assert gain(*belief, 1) == pytest.approx(FIXED * max(0.0, enumerated(*belief, 1)), abs=1)


@law
@given(beliefs(2), st.integers(1, 6))
def test_of_two_categories_it_is_the_most_that_any_number_of_votes_gains_per_vote(
    belief: tuple[list[int], Rows], left: int
) -> None:
    expected = max(enumerated(*belief, votes) / votes for votes in range(1, left + 1))
    assert gain(*belief, left) == pytest.approx(FIXED * max(0.0, expected), abs=1)


@law
@given(beliefs(4), st.integers(1, 4))
def test_of_more_categories_it_is_no_more_than_that(belief: tuple[list[int], Rows], left: int) -> None:
    most = max(enumerated(*belief, votes) / votes for votes in range(1, left + 1))
    assert gain(*belief, left) <= FIXED * max(0.0, most) + 1


@law
@given(beliefs(), st.integers(0, AHEAD))
def test_more_votes_to_come_never_make_one_less_worth_asking_for(belief: tuple[list[int], Rows], left: int) -> None:
    assert gain(*belief, left) <= gain(*belief, left + 1)


@law
@given(st.integers(0, FIXED), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**8))
def test_more_value_never_stops_earlier_and_a_free_vote_is_always_asked_for(
    gained: int, value: int, more: int, payment: int
) -> None:
    assert is_worth(gained, value + more, payment) or not is_worth(gained, value, payment)
    assert is_worth(gained, value, 0)


@law
@given(st.integers(2, 9), st.integers(1, 64), st.integers(1, 10**9), st.integers(1, 10**8))
def test_where_the_label_is_certain_no_vote_is_worth_a_price(classes: int, left: int, value: int, price: int) -> None:
    certain = [FIXED] + [0] * (classes - 1)
    assert not is_worth(gain(certain, [(0.7, 0.3 / (classes - 1))] * classes, left), value, price)


def test_two_votes_are_asked_for_where_one_would_turn_nothing() -> None:
    answers = [(0.7, 0.3)] * 2
    assert gain([700_000, 300_000], answers, 1) == 0
    assert gain([700_000, 300_000], answers, 2) > 0


def known() -> dict[str, Any]:
    """Return fields of a vote by somebody who is known to be nearly always right about cats and dogs."""
    return {"counts": [copy_of({0: 36_000_000, 1: 4_000_000, 3: 4_000_000, 4: 36_000_000})]}


def closed(votes: str = "cccccc", payment: str = "0.01", **policy: Any) -> dict[str, Any] | None:
    """Return the label of a task on which known annotators vote: c for cat, d for dog."""
    campaign = Campaign(redundancy=6, max_redundancy=6, **policy)
    campaign.publish(payment_usd=payment)
    for number, answer in enumerate(votes):
        out = labels(campaign.vote(f"a{number}", {"c": "cat", "d": "dog"}[answer], **known()))
        if out:
            return out[0]
    return None


def test_a_task_closes_when_a_vote_costs_more_than_it_brings() -> None:
    label = closed(gain={"value_usd": "0.05"})
    assert label is not None
    assert (label["status"], label["closed_by"], label["votes"]) == ("settled", "gain", 2)
    dear = closed(gain={"value_usd": "500000"})
    assert dear is not None
    assert dear["votes"] > 2
    free = closed(payment="0", gain={"value_usd": "0.05"})
    assert free is not None
    assert (free["closed_by"], free["votes"]) == ("redundancy", 6)


def test_votes_that_do_not_agree_are_not_enough_by_any_rule() -> None:
    assert closed("cd", gain={"value_usd": "0.000001"}) is None


@pytest.mark.parametrize("policy", [{"gain": {"value_usd": "0.05"}}, {"target_confidence": 0.9}])
@pytest.mark.parametrize(("adaptive", "votes"), [("off", 6), ("shadow", 6), ("on", 2)])
def test_only_a_rule_that_is_on_closes_tasks(policy: dict[str, Any], adaptive: str, votes: int) -> None:
    label = closed(adaptive=adaptive, **policy)
    assert label is not None
    assert (label["votes"], label["closed_by"] == "redundancy") == (votes, votes == 6)


def test_with_no_annotator_known_no_rule_closes() -> None:
    campaign = Campaign(redundancy=4, target_confidence=0.5)
    campaign.publish()
    assert [bool(labels(campaign.vote(f"a{n}", "cat"))) for n in range(4)] == [False, False, False, True]


def test_there_is_one_rule() -> None:
    with pytest.raises(ValidationError, match="gain: expected none beside target_confidence"):
        Policy.model_validate({"gain": {"value_usd": "1"}, "target_confidence": 0.9})

"""Rankings beside brute force and scipy."""

from __future__ import annotations

from itertools import combinations, permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import friedmanchisquare, kendalltau

from streams.quality.aggregation.kemeny import MOST_ITEMS, kemeny
from streams.quality.aggregation.preference_ranking import aggregate, borda, kendall_w, preferences, score
from streams.quality.aggregation.votes import Vote
from streams.quality.keys import FIXED
from tests.quality.aggregation.made import made

Orders = list[tuple[list[int], int]]


def orders(m: int, least: int = 1, heaviest: int = 4) -> st.SearchStrategy[Orders]:
    return st.lists(st.tuples(st.permutations(range(m)), st.integers(1, heaviest)), min_size=least, max_size=6)


SOME = st.integers(2, 5).flatmap(lambda m: st.tuples(st.just(m), orders(m)))


def distance(order: tuple[int, ...] | list[int], votes: Orders) -> int:
    """Count the weighted pairs that votes have the other way round."""
    return sum(
        weight * sum(vote.index(one) > vote.index(other) for one, other in combinations(order, 2))
        for vote, weight in votes
    )


def space(m: int) -> tuple[list[str], Any]:
    items = [f"item {place}" for place in range(m)]
    return items, made(type="preference_ranking", items=items)


@given(SOME)
def test_kemeny_is_the_best_of_all_orders(case: tuple[int, Orders]) -> None:
    m, votes = case
    given_, weights = [order for order, _ in votes], [weight for _, weight in votes]
    counts = borda(given_, weights, m)
    found = kemeny(preferences(given_, weights, m), counts)

    def cost(order: tuple[int, ...]) -> tuple[int, int]:
        against = sum(max(0, counts[other] - counts[one]) for one, other in combinations(order, 2))
        return distance(order, votes), against

    every = {order: cost(order) for order in permutations(range(m))}
    best = [order for order, value in every.items() if value == min(every.values())]
    assert found.places == list(min(best))
    assert found.orders == len(best)
    assert found.heads == len({order[0] for order in best})


@given(SOME)
def test_what_is_preferred_by_most_to_every_other_comes_first(case: tuple[int, Orders]) -> None:
    m, votes = case
    items, its_space = space(m)
    result = aggregate(its_space, [Vote([items[place] for place in order], weight) for order, weight in votes], 0)
    total = sum(weight for _, weight in votes)
    for one in range(m):
        ahead = [
            sum(weight for order, weight in votes if order.index(one) < order.index(other))
            for other in range(m)
            if other != one
        ]
        if all(2 * weight > total for weight in ahead):
            assert result.label is not None
            assert result.label[0] == items[one]


@given(SOME, st.booleans())
def test_agreement_is_one_less_the_mean_distance(case: tuple[int, Orders], plain: bool) -> None:
    m, votes = case
    items, its_space = space(m)
    ballots = [Vote([items[place] for place in order], weight) for order, weight in votes]
    result = aggregate(its_space, ballots, 0, plain=plain)
    if result.label is not None:
        places = [items.index(item) for item in result.label]
        scores = [score(vote.answer, result.label) for vote in ballots]
        weights = [vote.weight for vote in ballots]
        assert result.agreement == pytest.approx(np.average(scores, weights=weights) / FIXED, abs=2e-6)
        pairs = m * (m - 1) / 2
        assert result.agreement == pytest.approx(1 - distance(places, votes) / (pairs * sum(weights)), abs=1e-6)


@given(st.integers(2, 7).flatmap(lambda m: st.tuples(st.permutations(range(m)), st.permutations(range(m)))))
def test_the_score_is_kendalls_tau(pair: tuple[list[int], list[int]]) -> None:
    one, other = ([str(place) for place in order] for order in pair)
    tau = kendalltau([one.index(item) for item in one], [other.index(item) for item in one]).statistic
    assert score(one, other) == pytest.approx((1 + tau) / 2 * FIXED, abs=1)


@given(st.integers(3, 6).flatmap(lambda m: st.tuples(st.just(m), orders(m, least=3, heaviest=1))))
def test_w_is_friedmans_statistic_scaled(case: tuple[int, Orders]) -> None:
    m, votes = case
    counts = borda([order for order, _ in votes], [1] * len(votes), m)
    ranks = [[order.index(item) for order, _ in votes] for item in range(m)]
    expected = friedmanchisquare(*ranks).statistic / (len(votes) * (m - 1))
    assert kendall_w(counts, len(votes)) == pytest.approx(expected, abs=1e-6)


@given(st.integers(2, 20).flatmap(lambda m: st.tuples(st.just(m), orders(m))))
def test_a_weight_is_so_many_votes_alike(case: tuple[int, Orders]) -> None:
    m, votes = case
    items, its_space = space(m)
    weighted = [Vote([items[place] for place in order], weight) for order, weight in votes]
    repeated = [Vote([items[place] for place in order], 1) for order, weight in votes for _ in range(weight)]
    one, other = aggregate(its_space, weighted, 0), aggregate(its_space, repeated, 0)
    assert (one.label, one.reason, one.agreement, one.details) == (
        other.label,
        other.reason,
        other.agreement,
        other.details,
    )
    assert one.details["rule"] == ("kemeny" if m <= MOST_ITEMS else "borda")


@pytest.mark.parametrize(
    ("votes", "plain", "label", "reason"),
    [
        (["abc"], False, "abc", None),
        (["abc", "acb"], False, "abc", None),  # second place is shared: as declared
        (["abc", "bac"], False, None, "tie"),
        (["abc", "bca", "cab"], False, None, "tie"),
        (["abc", "cba"], True, None, "tie"),
        (["abc", "abc", "abc", "bca", "bca"], False, "abc", None),  # most prefer a to either
        (["abc", "abc", "abc", "bca", "bca"], True, "bac", None),  # Borda's count prefers b: 7 to 6
        (["abc", "abc", "bca", "bca", "acb"], True, "abc", None),  # 6 each: more prefer a to b
    ],
)
def test_ties_and_rules(votes: list[str], plain: bool, label: str | None, reason: str | None) -> None:
    its_space = made(type="preference_ranking", items=["a", "b", "c"])
    result = aggregate(its_space, [Vote(list(vote)) for vote in votes], 0, plain=plain)
    assert (result.label, result.reason) == (None if label is None else list(label), reason)


def test_low_agreement_keeps_first_places_and_counts() -> None:
    its_space = made(type="preference_ranking", items=["a", "b", "c"])
    result = aggregate(its_space, [Vote(list(vote)) for vote in ("abc", "cab", "bac")], 800_000)
    assert (result.label, result.reason) == (None, "low_agreement")
    assert result.distribution == {"a": 0.333333, "b": 0.333333, "c": 0.333333}
    assert result.details["borda"] == {"a": 0.666667, "b": 0.5, "c": 0.333333}


def test_an_exact_order_of_too_many_is_refused() -> None:
    with pytest.raises(ValueError, match="items: expected at most 8"):
        kemeny([[0] * 9] * 9, [0] * 9)

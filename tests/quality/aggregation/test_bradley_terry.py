"""Bradley and Terry's model beside choix, and with its ties and standard errors beside statsmodels."""

from __future__ import annotations

from itertools import combinations
from math import tanh

import choix
import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.discrete.conditional_models import ConditionalLogit
from statsmodels.discrete.discrete_model import Logit

from streams.quality.aggregation.bradley_terry import MOST_ITEMS, Pair, Ranking, rank

ITEMS = ["ash", "elm", "fir", "oak"]
COUNT = st.integers(0, 20)
SOME = st.integers(1, 20)
FEW = st.integers(1, 6)
FLAT = 1e4
"""A prior so wide that the mode is the maximum of the likelihood."""


def pairs(ties: st.SearchStrategy[int], wins: st.SearchStrategy[int]) -> st.SearchStrategy[list[Pair]]:
    every = [st.builds(Pair, st.just(a), st.just(b), wins, wins, ties) for a, b in combinations(ITEMS, 2)]
    return st.tuples(*every).map(list)


def by_item(ranking: Ranking) -> npt.NDArray[np.float64]:
    found = {one.item: (one.strength, one.error) for one in ranking.strengths}
    return np.array([found[item] for item in ITEMS], dtype=np.float64)


@given(pairs(st.just(0), COUNT), st.sampled_from([0.5, 1.0, 2.0]))
def test_without_ties_it_is_choix_with_the_same_penalty(drawn: list[Pair], prior_sd: float) -> None:
    games = [
        (ITEMS.index(winner), ITEMS.index(loser))
        for pair in drawn
        for winner, loser, times in ((pair.first, pair.second, pair.wins), (pair.second, pair.first, pair.losses))
        for _ in range(times)
    ]
    expected = choix.opt_pairwise(len(ITEMS), games, alpha=1 / (2 * prior_sd**2), tol=1e-12)
    ranking = rank(ITEMS, drawn, prior_sd)
    if ranking.reason is None:
        assert by_item(ranking)[:, 0] == pytest.approx(expected - expected.mean(), abs=1e-5)


def centred(covariance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the standard errors of all strengths less their mean, from those less the first one's."""
    centring = np.eye(len(ITEMS)) - 1 / len(ITEMS)
    whole = np.zeros((len(ITEMS), len(ITEMS)))
    whole[1:, 1:] = covariance
    return np.asarray(np.sqrt(np.diag(centring @ whole @ centring)))


@given(pairs(st.just(0), SOME))
def test_errors_without_ties_are_those_of_a_logistic_regression(drawn: list[Pair]) -> None:
    rows = [
        (won, np.eye(len(ITEMS))[ITEMS.index(pair.first)] - np.eye(len(ITEMS))[ITEMS.index(pair.second)])
        for pair in drawn
        for won, times in ((1, pair.wins), (0, pair.losses))
        for _ in range(times)
    ]
    fitted = Logit(np.array([won for won, _ in rows]), np.array([row[1:] for _, row in rows])).fit(disp=0, tol=1e-12)
    strengths = np.array([0, *fitted.params])
    found = by_item(rank(ITEMS, drawn, FLAT))
    assert found[:, 0] == pytest.approx(strengths - strengths.mean(), abs=1e-5)
    assert found[:, 1] == pytest.approx(centred(fitted.cov_params()), abs=1e-5)


@settings(max_examples=20)
@given(pairs(FEW, FEW))
def test_ties_and_their_errors_are_those_of_a_conditional_logit(drawn: list[Pair]) -> None:
    chosen: list[bool] = []
    rows: list[npt.NDArray[np.float64]] = []
    groups: list[int] = []
    for pair in drawn:
        one, other = np.eye(len(ITEMS))[ITEMS.index(pair.first)], np.eye(len(ITEMS))[ITEMS.index(pair.second)]
        ways = [np.array([*way, tie]) for way, tie in ((one, 0), (other, 0), ((one + other) / 2, 1))]
        for verdict, times in enumerate((pair.wins, pair.losses, pair.ties)):
            for _ in range(times):
                chosen += [place == verdict for place in range(3)]
                groups += [len(groups) // 3] * 3
                rows += ways
    model = ConditionalLogit(np.array(chosen, dtype=int), np.array(rows)[:, 1:], groups=np.array(groups))
    fitted = model.fit(method="newton", disp=0, tol=1e-12)
    strengths = np.array([0, *fitted.params[:-1]])
    ranking = rank(ITEMS, drawn, FLAT)
    found = by_item(ranking)
    assert ranking.nu == pytest.approx(np.exp(fitted.params[-1]), abs=1e-4)
    assert found[:, 0] == pytest.approx(strengths - strengths.mean(), abs=1e-4)
    assert found[:, 1] == pytest.approx(centred(fitted.cov_params()[:-1, :-1]), abs=1e-4)


@given(st.data(), pairs(COUNT, COUNT))
def test_neither_the_order_of_pairs_nor_their_sides_nor_how_they_are_split_shows(
    data: st.DataObject, drawn: list[Pair]
) -> None:
    turned = [
        Pair(pair.second, pair.first, pair.losses, pair.wins, pair.ties) if data.draw(st.booleans()) else pair
        for pair in data.draw(st.permutations(drawn))
    ]
    single = [
        Pair(pair.first, pair.second, int(verdict == 0), int(verdict == 1), int(verdict == 2))
        for pair in turned
        for verdict, times in enumerate((pair.wins, pair.losses, pair.ties))
        for _ in range(times)
    ]
    encoded = {msgspec.json.encode(rank(ITEMS, some)) for some in (drawn, turned, single)}
    assert len(encoded) == 1


@given(pairs(COUNT, COUNT))
def test_one_more_win_never_weakens(drawn: list[Pair]) -> None:
    more = [*drawn, Pair("oak", "ash", 1, 0)]
    assert by_item(rank(ITEMS, more))[3, 0] >= by_item(rank(ITEMS, drawn))[3, 0]


@given(st.integers(1, 100_000), st.integers(0, 100_000))
def test_an_item_that_always_wins_stays_finite(wins: int, ties: int) -> None:
    ranking = rank(["ash", "elm"], [Pair("ash", "elm", wins, 0, ties)])
    (first, second) = ranking.strengths
    assert first.item == "ash"
    assert 0 < first.strength < 20
    assert second.strength == -first.strength
    assert first.error is not None
    assert first.low is not None
    assert first.low < first.strength


def test_items_that_nothing_connects_are_ranked_apart() -> None:
    ranking = rank(
        ["ash", "elm", "fir", "oak", "yew", "bay"],
        [Pair("elm", "fir", 3, 1), Pair("ash", "oak", 1, 9), Pair("oak", "yew", 4, 2), Pair("bay", "elm", 0, 0)],
    )
    assert ranking.reason == "disconnected"
    assert [(one.item, one.component) for one in ranking.strengths] == [
        ("oak", 0),
        ("yew", 0),
        ("ash", 0),
        ("elm", 1),
        ("fir", 1),
        ("bay", 2),
    ]
    alone = rank(["elm", "fir"], [Pair("elm", "fir", 3, 1)])
    assert [one.strength for one in ranking.strengths if one.component == 1] == [
        one.strength for one in alone.strengths
    ]
    assert [one.error for one in ranking.strengths if one.component == 1] == pytest.approx(
        [one.error for one in alone.strengths]
    )
    assert ranking.strengths[-1].error is None


@pytest.mark.parametrize("items", [[], ["ash"], ["ash", "elm"]])
def test_without_comparisons_nothing_is_ranked(items: list[str]) -> None:
    ranking = rank(items, [])
    assert [(one.strength, one.error) for one in ranking.strengths] == [(0, None)] * len(items)
    assert ranking.reason == (None if len(items) == 1 else "no_comparisons")


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    truth = np.array([-0.9, -0.2, 0.3, 0.8])
    held = []
    for _ in range(300):
        drawn = []
        for one, other in combinations(range(len(ITEMS)), 2):
            wins = int(rng.binomial(40, (1 + tanh((truth[one] - truth[other]) / 2)) / 2))
            drawn.append(Pair(ITEMS[one], ITEMS[other], wins, 40 - wins))
        for found in rank(ITEMS, drawn).strengths:
            assert found.low is not None
            assert found.high is not None
            held.append(found.low <= truth[ITEMS.index(found.item)] <= found.high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.025)


@pytest.mark.parametrize(
    ("items", "drawn", "error"),
    [
        ([str(place) for place in range(MOST_ITEMS + 1)], [], "items: expected at most 500"),
        (["ash"], [Pair("ash", "ash", 1, 0)], "pairs: expected two different ones of the items, got 'ash' and 'ash'"),
        (["ash"], [Pair("ash", "elm", 1, 0)], "pairs: expected two different ones of the items, got 'ash' and 'elm'"),
    ],
)
def test_what_cannot_be_ranked_is_refused(items: list[str], drawn: list[Pair], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        rank(items, drawn)

"""Texts: similarity beside the textbook recursion, medoid beside brute force, clusters by their definition."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.quality.aggregation.free_text import COMPARED, NEAR, SHOWN, aggregate, normal, score
from streams.quality.aggregation.votes import Vote
from streams.quality.keys import FIXED

TEXT = st.text("ab c", min_size=1, max_size=12).filter(lambda text: bool(text.strip()))
VOTES = st.lists(st.builds(Vote, TEXT, st.integers(0, 3)), min_size=1, max_size=7).filter(
    lambda votes: any(vote.weight for vote in votes)
)


def longest_common_subsequence(one: str, other: str) -> int:
    @cache
    def longest(left: int, right: int) -> int:
        if not left or not right:
            return 0
        if one[left - 1] == other[right - 1]:
            return longest(left - 1, right - 1) + 1
        return max(longest(left - 1, right), longest(left, right - 1))

    return longest(len(one), len(other))


@given(TEXT, TEXT)
def test_similarity_is_twice_the_common_subsequence_over_the_length(one: str, other: str) -> None:
    first, second = normal(one), normal(other)
    expected = 2 * longest_common_subsequence(first, second) / (len(first) + len(second))
    assert score(one, other) == pytest.approx(expected * FIXED, abs=1)


@given(VOTES)
def test_the_label_is_most_like_all(votes: list[Vote]) -> None:
    result = aggregate(votes, 0)
    support = {
        vote.answer: sum(v.weight * score(vote.answer, v.answer) for v in votes) for vote in votes if vote.weight
    }
    best = {normal(text) for text, value in support.items() if value == max(support.values())}
    if result.label is None:
        assert result.reason == "tie"
        assert len(best) > 1
    else:
        assert normal(result.label) in best
        assert result.label in support


@given(VOTES)
def test_clusters_hang_together_and_apart_from_others(votes: list[Vote]) -> None:
    texts = sorted({normal(vote.answer) for vote in votes})
    groups = [{text} for text in texts]
    for one in texts:
        for other in texts:
            if score(one, other) >= NEAR:
                a, b = (next(group for group in groups if text in group) for text in (one, other))
                if a is not b:
                    a |= b
                    groups.remove(b)
    result = aggregate(votes, 0)
    total = sum(vote.weight for vote in votes)
    expected = sorted(
        (
            round(sum(v.weight for v in votes if normal(v.answer) in group) / total, 6),
            sum(normal(v.answer) in group for v in votes),
        )
        for group in groups
    )
    shown = result.details["clusters"]
    assert sorted((cluster["share"], cluster["votes"]) for cluster in shown) == expected
    assert all(one["share"] >= other["share"] for one, other in pairwise(shown))
    assert list(result.distribution.values()) == [cluster["share"] for cluster in shown]
    assert list(result.distribution) == [str(number) for number in range(1, len(shown) + 1)]


@pytest.mark.parametrize(
    ("texts", "label", "reason"),
    [
        (["The fox"], "The fox", None),
        (["the fox", "THE  fox", "The fox", "The fox", "a dog"], "The fox", None),
        (["a fox", "a dog"], None, "tie"),
        (["the quick brown fox", "the quick brown foxs"], "the quick brown fox", None),
        (["e\u0301tude", "étude", "dog"], "e\u0301tude", None),
    ],
)
def test_a_label_is_an_answer_that_was_given(texts: list[str], label: str | None, reason: str | None) -> None:
    result = aggregate([Vote(text) for text in texts], 0)
    assert (result.label, result.reason) == (label, reason)


def test_a_text_without_weight_is_shown_but_never_chosen() -> None:
    result = aggregate([Vote("ab", 0), Vote("axxb", 1), Vote("ayyb", 2)], 0)
    assert result.label == "ayyb"
    assert [cluster["share"] for cluster in result.details["clusters"]] == [0.666667, 0.333333, 0]


def test_disagreement_is_published() -> None:
    result = aggregate([Vote("a red fox in the snow"), Vote("two dogs"), Vote("TWO DOGS")], 900_000)
    assert (result.label, result.confidence, result.reason) == (None, None, "low_agreement")
    assert result.distribution == {"1": 0.666667, "2": 0.333333}
    assert result.details["clusters"][0] == {"text": "TWO DOGS", "votes": 2, "share": 0.666667}


@pytest.mark.timeout(60)
def test_many_long_texts_are_compared_by_their_ends() -> None:
    texts = [str(place % 10) * 50_000 + chr(97 + place) * 50_000 for place in range(26)] * 2
    result = aggregate([Vote(text) for text in texts], 0)
    assert all(len(cluster["text"]) == SHOWN for cluster in result.details["clusters"])
    assert score("a" * 3 * COMPARED, "a" * COMPARED + "b" * COMPARED + "a" * COMPARED) == FIXED

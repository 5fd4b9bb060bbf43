"""Spans beside a character at a time."""

from __future__ import annotations

from itertools import pairwise
from math import log
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.common import LARGEST
from streams.quality.aggregation.span_annotation import MOST_PIECES, aggregate, overlap, score
from streams.quality.aggregation.votes import Vote
from streams.quality.keys import FIXED
from tests.quality.aggregation.made import made
from tests.schemas.answers import answers

LENGTH = 30
SPACE = made(type="span_annotation", labels=["person", "place"], text_length=LENGTH)
RATE = st.integers(550_000, 950_000)
VOTES = st.lists(
    st.builds(Vote, answers(SPACE), st.integers(0, 3 * FIXED), precision=RATE, recall=RATE), min_size=1, max_size=5
).filter(lambda votes: any(vote.weight for vote in votes))


def span(start: int, end: int, label: str = "person") -> dict[str, Any]:
    return {"start": start, "end": end, "label": label}


def characters(answer: list[dict[str, Any]]) -> set[tuple[str, int]]:
    return {(one["label"], place) for one in answer for place in range(one["start"], one["end"])}


def log_odds(votes: list[Vote], character: tuple[str, int]) -> float:
    """Evaluate the documented formula for one character."""
    label = character[0]
    marks = [sum(1 for other, _ in characters(vote.answer) if other == label) for vote in votes]
    weights = [vote.weight for vote in votes]
    pi = sum(w * n for w, n in zip(weights, marks, strict=True)) / (sum(weights) * LENGTH)
    pi = min(max(pi, 0.001), 0.5)
    total = log(pi / (1 - pi))
    for vote in votes:
        p, r, share = vote.precision / FIXED, vote.recall / FIXED, vote.weight / max(weights)
        if character in characters(vote.answer):
            total += share * max(0, log(p / (1 - p)) - log(pi / (1 - pi)))
        else:
            total += share * min(0, log((1 - r) / (1 - r * pi * (1 - p) / (p * (1 - pi)))))
    return total


@given(VOTES)
def test_a_character_is_in_a_span_when_its_odds_say_so(votes: list[Vote]) -> None:
    result = aggregate(SPACE, votes, 0)
    found = characters(result.label)
    for label in SPACE.labels:
        for place in range(LENGTH):
            odds = log_odds(votes, (label, place))
            if abs(odds) > 1e-4:
                assert ((label, place) in found) == (odds > 0)


@given(VOTES)
def test_the_plain_rule_is_each_characters_majority(votes: list[Vote]) -> None:
    result = aggregate(SPACE, votes, 0, plain=True)
    total = sum(vote.weight for vote in votes)
    expected = {
        (label, place)
        for label in SPACE.labels
        for place in range(LENGTH)
        if 2 * sum(vote.weight for vote in votes if (label, place) in characters(vote.answer)) > total
    }
    assert characters(result.label) == expected
    for start, end, label, share in result.details["pieces"]:
        for place in range(start, end):
            marked = sum(vote.weight for vote in votes if (label, place) in characters(vote.answer))
            assert share == pytest.approx(marked / total, abs=1e-6)


@given(VOTES, st.booleans())
def test_spans_are_apart_in_order_and_pieces_cover_what_was_marked(votes: list[Vote], plain: bool) -> None:
    result = aggregate(SPACE, votes, 0, plain=plain)
    for label in SPACE.labels:
        own = [(one["start"], one["end"]) for one in result.label if one["label"] == label]
        assert own == sorted(own)
        assert all(end < start for (_, end), (start, _) in pairwise(own))
    pieces = [span(start, end, label) for start, end, label, _ in result.details["pieces"]]
    assert characters(pieces) == {one for vote in votes for one in characters(vote.answer)}
    assert sum(one["end"] - one["start"] for one in pieces) == len(characters(pieces))


@given(answers(SPACE), answers(SPACE))
def test_scores_count_characters(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    first, second = characters(one), characters(other)
    assert overlap(one, other) == (len(first & second), len(first), len(second))
    size = len(first) + len(second)
    assert score(one, other) == (round(2 * len(first & second) / size * FIXED) if size else FIXED)


@given(VOTES)
def test_agreement_is_the_mean_over_pairs(votes: list[Vote]) -> None:
    result = aggregate(SPACE, votes, 0)
    pairs = [(a, b) for place, a in enumerate(votes) for b in votes[:place] if a.weight and b.weight]
    weight = sum(a.weight * b.weight for a, b in pairs)
    expected = sum(a.weight * b.weight * score(a.answer, b.answer) for a, b in pairs) / weight if pairs else FIXED
    assert result.agreement == pytest.approx(expected / FIXED, abs=2e-6)


def test_whole_spans_agree_less_than_characters() -> None:
    result = aggregate(SPACE, [Vote([span(0, 9), span(12, 20)]), Vote([span(0, 9), span(12, 19)])], 0)
    assert result.agreement == pytest.approx(2 * 16 / 33, abs=1e-6)
    assert result.details["exact_f1"] == 0.5


def test_trust_in_precision_and_in_recall_differ() -> None:
    """What only a precise annotator marks stands; what only a thorough one leaves falls."""
    marked: list[list[dict[str, Any]]] = [[span(0, 5)], [], []]
    precise = [Vote(answer, precision=950_000, recall=400_000) for answer in marked]
    assert aggregate(SPACE, precise, 0).label == [span(0, 5)]
    thorough = [Vote(answer, precision=550_000, recall=950_000) for answer in marked]
    assert aggregate(SPACE, thorough, 0).label == []


def test_labels_overlap_where_annotators_overlap_them() -> None:
    both = [span(0, 10), span(5, 15, "place")]
    assert aggregate(SPACE, [Vote(both), Vote(both), Vote([span(0, 10)])], 0).label == both


def test_nothing_is_an_answer_and_disagreement_none() -> None:
    empty = aggregate(SPACE, [Vote([]), Vote([])], FIXED)
    assert (empty.label, empty.agreement, empty.vote_share, empty.distribution) == ([], 1, 1, {})
    apart = aggregate(SPACE, [Vote([span(0, 5)]), Vote([span(20, 25)]), Vote([])], 600_000)
    assert (apart.label, apart.agreement, apart.reason) == (None, 0, "low_agreement")
    assert apart.distribution == {"person": 0.666667}
    assert [piece[:3] for piece in apart.details["pieces"]] == [[0, 5, "person"], [20, 25, "person"]]


def test_a_long_text_costs_no_more_and_much_is_cut() -> None:
    far = made(type="span_annotation", labels=["person"])
    many = [span(place, place + 1) for place in range(0, 4 * MOST_PIECES, 2)]
    result = aggregate(far, [Vote([*many, span(LARGEST - 9, LARGEST)])] * 16, FIXED)
    assert len(result.label) == len(many) + 1
    assert len(result.details["pieces"]) == MOST_PIECES
    assert result.details["pieces_left_out"] == len(many) + 1 - MOST_PIECES

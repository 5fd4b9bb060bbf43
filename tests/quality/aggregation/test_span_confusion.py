"""Confusions of characters beside a character at a time; precision and recall beside the sums they come from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.quality.aggregation.span_annotation import posterior
from streams.quality.aggregation.span_confusion import CHARACTER, MOST_CHARACTERS, Soft, Trust, confusion, trust
from streams.quality.aggregation.votes import Vote
from streams.quality.keys import FIXED
from tests.quality.aggregation.made import made
from tests.schemas.answers import answers

LENGTH = 30
SPACE = made(type="span_annotation", labels=["person", "place"], text_length=LENGTH)
VOTES = st.lists(st.builds(Vote, answers(SPACE)), min_size=1, max_size=5)
SUM = st.integers(0, 10**12)


def characters(answer: list[dict[str, Any]]) -> set[tuple[str, int]]:
    return {(one["label"], place) for one in answer for place in range(one["start"], one["end"])}


@given(VOTES, answers(SPACE))
def test_a_confusion_adds_up_characters(votes: list[Vote], answer: list[dict[str, Any]]) -> None:
    pieces = posterior(SPACE, votes)
    found = confusion(answer, pieces, LENGTH)
    inside = {(one.label, place): one.probability for one in pieces for place in range(one.start, one.end)}
    marked = characters(answer)
    labels = {label for label, _ in marked | inside.keys()}
    expected = [0.0] * 4
    for label in labels:
        for place in range(LENGTH):
            truth = inside.get((label, place), 0) / FIXED
            is_marked = (label, place) in marked
            expected[is_marked] += (1 - truth) * CHARACTER
            expected[2 + is_marked] += truth * CHARACTER
    assert found == pytest.approx(expected, abs=3)
    assert min(found) >= 0


@given(answers(SPACE), answers(SPACE), st.integers(1, 10**9))
def test_a_long_text_counts_for_no_more_than_a_bound(
    answer: list[dict[str, Any]], truth: list[dict[str, Any]], stretch: int
) -> None:
    long = [{**one, "start": one["start"] * stretch, "end": one["end"] * stretch} for one in answer]
    pieces = [Soft(one["start"] * stretch, one["end"] * stretch, one["label"], FIXED) for one in truth[:1]]
    found = confusion(long, pieces, LENGTH * stretch)
    assert min(found) >= 0
    assert sum(found) <= len(SPACE.labels) * MOST_CHARACTERS * CHARACTER


@given(answers(SPACE), answers(SPACE))
def test_beside_a_truth_whole_characters_are_counted(answer: list[dict[str, Any]], truth: list[dict[str, Any]]) -> None:
    marked, right = characters(answer), characters(truth)
    pieces = [Soft(place, place + 1, label, FIXED) for label, place in sorted(right)]
    outside, wrong, missed, hits = confusion(answer, pieces, LENGTH)
    assert (wrong, missed, hits) == (
        len(marked - right) * CHARACTER,
        len(right - marked) * CHARACTER,
        len(right & marked) * CHARACTER,
    )
    assert outside % CHARACTER == 0


@given(st.permutations(range(4)), VOTES.filter(lambda votes: len(votes) == 4))
def test_the_order_of_votes_does_not_matter(order: list[int], votes: list[Vote]) -> None:
    assert posterior(SPACE, [votes[place] for place in order]) == posterior(SPACE, votes)


@given(st.tuples(SUM, SUM, SUM), st.tuples(SUM, SUM, SUM))
def test_trust_lies_between_what_is_seen_and_the_projects(
    own: tuple[int, int, int], others: tuple[int, int, int]
) -> None:
    wrong, missed, hits = own
    all_wrong, all_missed, all_hits = others
    cells = {1: wrong, 2: missed, 3: hits}
    found = trust(cells, [0, all_hits], [all_wrong, all_hits + all_missed])
    project = trust({}, [0, all_hits], [all_wrong, all_hits + all_missed])
    for one, shared, seen in (
        (found.precision, project.precision, hits / (hits + wrong) if hits + wrong else None),
        (found.recall, project.recall, hits / (hits + missed) if hits + missed else None),
    ):
        ends = sorted((shared, shared if seen is None else seen * FIXED))
        assert ends[0] - 1 <= one <= ends[1] + 1
    assert min(found.precision, found.recall) - 1 <= found.f1 <= max(found.precision, found.recall) + 1


def test_with_much_seen_trust_is_what_was_seen() -> None:
    seen = trust({1: 10_000 * FIXED, 2: 30_000 * FIXED, 3: 90_000 * FIXED}, [0, 0], [0, 0])
    assert tuple(seen) == pytest.approx((900_000, 750_000), abs=100)


def test_the_characters_of_a_precise_annotator_count_for_more() -> None:
    """One who is nearly always right is followed against two who are not, and one who misses nothing is too."""
    marks = [{"start": 0, "end": 10, "label": "person"}]
    precise, vague = Trust(950_000, 500_000), Trust(550_000, 300_000)
    votes = [Vote(marks, precision=precise.precision, recall=precise.recall)]
    votes += [Vote([], precision=vague.precision, recall=vague.recall)] * 2
    assert posterior(SPACE, votes)[0].probability > FIXED // 2
    thorough = [Vote([], precision=900_000, recall=980_000)] * 2
    votes = [Vote(marks, precision=vague.precision, recall=vague.recall), *thorough]
    assert posterior(SPACE, votes)[0].probability < FIXED // 2

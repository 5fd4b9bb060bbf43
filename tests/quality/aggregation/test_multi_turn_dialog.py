"""Dialogs: turns by their own type, then the whole."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.quality.aggregation.by_type import aggregate, aggregate_leaf, score
from streams.quality.aggregation.leaves import leaves
from streams.quality.aggregation.votes import Aggregate, Vote
from streams.quality.keys import FIXED
from tests.quality.aggregation.made import ballots, decided, made
from tests.schemas.answers import SPACE, dialogs

DIALOG = made(
    type="multi_turn_dialog",
    turns={
        "t1": {"type": "likert_scale", "min": 1, "max": 5},
        "t2": {"type": "classification", "classes": ["safe", "unsafe"]},
    },
    overall={"type": "pairwise_comparison", "options": ["A", "B"]},
)


def said(t1: int, t2: str, winner: str) -> Vote:
    return Vote({"turns": {"t1": t1, "t2": t2}, "overall": {"winner": winner}})


def test_every_part_decides_for_itself() -> None:
    result = decided(DIALOG, [said(4, "safe", "A"), said(5, "safe", "B"), said(4, "unsafe", "A")], 600_000)
    assert result.label == {"turns": {"t1": 4, "t2": "safe"}, "overall": {"winner": "A"}}
    assert result.reason is None
    assert (result.agreement, result.vote_share, result.effective_votes) == (0.666667, 0.666667, 3)
    assert result.distribution == {"A": 0.666667, "B": 0.333333, "tie": 0.0}
    assert list(result.details) == ["turns.t1", "turns.t2", "overall"]
    assert result.details["turns.t1"]["details"]["mean"] == 4.333333


def test_one_part_without_a_label_leaves_the_whole_without() -> None:
    result = decided(DIALOG, [said(4, "safe", "A"), said(4, "unsafe", "B")])
    assert (result.label, result.confidence, result.reason) == (None, None, "tie")
    assert result.details["turns.t1"]["label"] == 4
    assert result.details["overall"]["reason"] == "tie"


def test_each_part_has_its_own_posterior() -> None:
    votes = [said(4, "safe", "A"), said(4, "unsafe", "B")]
    split = [[Vote(leaf.answer(vote.answer)) for vote in votes] for leaf in leaves(DIALOG)]
    result = aggregate(DIALOG, split, [None, [200_000, 800_000], [100_000, 600_000, 300_000]], 0)
    assert result.label == {"turns": {"t1": 4, "t2": "unsafe"}, "overall": {"winner": "B"}}
    assert result.confidence == 0.6


@given(st.data(), dialogs.map(SPACE.validate_python))
def test_a_dialog_is_its_parts(data: st.DataObject, space: Any) -> None:
    votes = data.draw(ballots(space))
    whole = decided(space, votes)
    for leaf in leaves(space):
        part = aggregate_leaf(leaf.space, [Vote(leaf.answer(vote.answer), vote.weight) for vote in votes], None, 0)
        assert msgspec.convert(whole.details[leaf.path], Aggregate) == part
        if part.reason is not None:
            assert whole.label is None
        elif whole.label is not None:
            assert leaf.answer(whole.label) == part.label


def test_a_dialogs_score_is_the_mean_of_its_parts() -> None:
    one, other = said(4, "safe", "A").answer, said(5, "safe", "B").answer
    assert score(DIALOG, one, other) == round((750_000 + FIXED + 0) / 3)

"""What is ranked: the newest label of each task, as if those before it had never been."""

from __future__ import annotations

from math import log
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ranking.tally import BOTH_BAD, TIE, Tally, TooManyItemsError, as_json
from tests.snapshot.made import label

MODELS = ("m0", "m1", "m2", "m3")


def compared(first: str, second: str, winner: str | None) -> dict[str, Any]:
    distribution = {first: 0.5, second: 0.3, TIE: 0.1, BOTH_BAD: 0.1}
    return {"label": None if winner is None else {"winner": winner}, "distribution": distribution}


def body(task_id: str, first: str, second: str, winner: str | None, **fields: Any) -> bytes:
    status = "undecided" if winner is None else "settled"
    return msgspec.json.encode(
        label(task_id, **{"answers": {"better": compared(first, second, winner)}, "status": status, **fields})
    )


def tally(*records: tuple[str, bytes | None]) -> Tally:
    found = Tally("p")
    for task_id, value in records:
        found.take(task_id.encode(), value)
    return found


@st.composite
def versions(draw: st.DrawFn) -> list[tuple[str, bytes | None]]:
    """Return records of labels as their topic has them: several of a task, some of them nulls."""
    records: list[tuple[str, bytes | None]] = []
    for number in range(draw(st.integers(1, 30))):
        task_id = f"t{draw(st.integers(0, 9))}"
        first, second = draw(st.permutations(MODELS))[:2]
        winner = draw(st.sampled_from([first, second, TIE, BOTH_BAD, None]))
        value = body(task_id, first, second, winner, version=number + 1)
        records.append((task_id, draw(st.sampled_from([value] * 5 + [None]))))
    return records


@given(versions(), st.integers())
def test_only_the_newest_label_of_a_task_counts(records: list[tuple[str, bytes | None]], seed: int) -> None:
    newest = list(dict(records).items())
    Random(seed).shuffle(newest)
    assert tally(*records).standings() == tally(*newest).standings()


@given(versions())
def test_what_is_won_is_lost_by_another(records: list[tuple[str, bytes | None]]) -> None:
    for one in tally(*records).standings():
        wins, losses, ties = map(sum, zip(*one.scores.values(), strict=True))
        assert (wins, ties) == (losses, 2 * one.ties)
        assert one.comparisons == wins + one.ties + one.both_bad


def test_strengths_are_log_odds() -> None:
    won = [(f"w{n}", body(f"w{n}", "m0", "m1", "m0")) for n in range(300)]
    lost = [(f"l{n}", body(f"l{n}", "m1", "m0", "m1")) for n in range(100)]
    (one,) = tally(*won, *lost).standings()
    best, worst = one.ranking.strengths
    assert (best.item, worst.item) == ("m0", "m1")
    assert best.strength - worst.strength == pytest.approx(log(3), abs=0.01)
    (first, _) = as_json(one)["items"]
    assert (first["wins"], first["losses"], first["ties"]) == (300, 100, 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"project": "other"},
        {"closed_by": "gold"},
        {"status": "withdrawn"},
        {"answers": {"q": {"label": "cat", "distribution": {"cat": 0.9, "dog": 0.1}}}},
        {"answers": {"q": {"label": {"winner": "m0"}, "distribution": {}}}},
    ],
)
def test_what_is_no_comparison_of_the_project_is_left_out(fields: dict[str, Any]) -> None:
    assert tally(("t", body("t", "m0", "m1", "m0", **fields))).standings() == []


def test_each_question_has_a_ranking_of_its_own() -> None:
    answers = {"fluent": compared("m0", "m1", "m0"), "true": compared("m0", "m1", "m1")}
    found = tally(("t", msgspec.json.encode(label("t", answers=answers))))
    assert [(one.question, one.ranking.strengths[0].item) for one in found.standings()] == [
        ("fluent", "m0"),
        ("true", "m1"),
    ]
    assert [one.question for one in found.standings("true")] == ["true"]


def test_records_that_are_no_labels_are_counted() -> None:
    found = tally(("t", b"{"), ("t", body("u", "m0", "m1", "m0")))
    found.take(None, b"")
    assert (found.unreadable, found.standings()) == (3, [])


def test_too_many_items_are_refused() -> None:
    found = tally(*((f"t{n}", body(f"t{n}", f"m{n}", f"n{n}", TIE)) for n in range(251)))
    with pytest.raises(TooManyItemsError, match="compares 502 items, at most 500 are ranked"):
        found.standings()

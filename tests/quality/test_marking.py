"""What votes on spans tell of their annotators, and what that does to the next votes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from schemas.common import LARGEST
from streams.events import Output
from streams.quality.aggregation.span_confusion import (
    CHARACTER,
    INSIDE_LEFT,
    INSIDE_MARKED,
    OUTSIDE_LEFT,
    OUTSIDE_MARKED,
)
from streams.quality.inference.constants import FEEDBACK_VOTES
from streams.quality.keys import FIXED
from tests.quality.campaign import Campaign, bodies, copy_of, labels, rejections, space_id

SPACE: dict[str, Any] = {"type": "span_annotation", "labels": ["drug"], "text_length": 100}


def span(start: int, end: int) -> dict[str, Any]:
    return {"start": start, "end": end, "label": "drug"}


def told(outputs: Sequence[Output]) -> dict[str, Counter[int]]:
    """Return the sum of the evidence on each annotator, by cell."""
    found: dict[str, Counter[int]] = {}
    for body in bodies(outputs, "outcomes"):
        for one in body["evidence"] or ():
            assert (one["space"], one["classes"]) == (space_id(SPACE), 2)
            for truth, difference in one["change"]:
                found.setdefault(body["annotator_id"], Counter())[2 * truth + one["given"]] += difference
    return found


def campaign(**policy: Any) -> Campaign:
    made = Campaign(**policy)
    made.publish(space=SPACE)
    return made


def test_beside_gold_characters_are_counted() -> None:
    made = campaign()
    made.gold([span(10, 30)])
    made.vote("ann", [span(20, 40)])
    cells = {OUTSIDE_LEFT: 70, OUTSIDE_MARKED: 10, INSIDE_LEFT: 10, INSIDE_MARKED: 10}
    assert told(made.outputs) == {"ann": {cell: count * CHARACTER for cell, count in cells.items()}}


def test_beside_the_others_nothing_is_told_before_there_are_some() -> None:
    made = campaign(redundancy=FEEDBACK_VOTES)
    for number in range(FEEDBACK_VOTES):
        assert told(made.outputs) == {}
        made.vote(f"a{number}", [span(0, 10)])
    found = told(made.outputs)
    assert found["a0"] == found["a1"]
    assert found["a0"][INSIDE_MARKED] > 9 * found["a0"][OUTSIDE_MARKED]


@pytest.mark.parametrize("end", ["withdraw", "edit", "gold", "task"])
def test_what_was_told_is_taken_back_exactly(end: str) -> None:
    made = campaign(redundancy=3)
    for who, spans in (("ann", [span(0, 10)]), ("bob", [span(5, 20)]), ("cy", [])):
        made.vote(who, spans)
    assert told(made.outputs)["ann"]
    match end:
        case "withdraw":
            for who in ("ann", "bob", "cy"):
                made.withdraw(who)
        case "edit":
            for who in ("ann", "bob", "cy"):
                made.edit(who, [span(40, 50)], annotation_id=f"{who}-2")
                made.withdraw(who, annotation_id=f"{who}-3")
        case "gold":
            made.gold([span(1, 2)])
            made.gold([], kind="training")
        case "task":
            made.withdraw_task()
    assert all(not any(cells.values()) for cells in told(made.outputs).values())


def test_a_text_without_end_counts_for_no_more_than_a_long_one() -> None:
    made = campaign(redundancy=2, max_redundancy=2)
    made.publish("u", {**SPACE, "text_length": LARGEST})
    for who in ("ann", "bob"):
        made.vote(who, [span(0, LARGEST)], "u")
    assert rejections(made.outputs) == []
    assert sum(told(made.outputs)["ann"].values()) == pytest.approx(10_000 * CHARACTER, rel=1e-6)


@pytest.mark.parametrize(("weighting", "label"), [("reliability", [span(0, 10)]), ("uniform", [])])
def test_who_is_known_to_be_precise_is_followed_where_votes_are_weighed(
    weighting: str, label: list[dict[str, Any]]
) -> None:
    made = campaign(redundancy=3, max_redundancy=3, min_agreement=0, weighting=weighting)
    cells = {"ann": {1: 1, 2: 100, 3: 200}, "bob": {1: 100, 2: 200, 3: 60}, "cy": {1: 100, 2: 200, 3: 60}}
    for who, spans in (("ann", [span(0, 10)]), ("bob", []), ("cy", [])):
        known = [copy_of({cell: count * FIXED for cell, count in cells[who].items()}, space=SPACE, classes=2)]
        made.vote(who, spans, counts=known)
    assert labels(made.outputs)[-1]["answers"]["q"]["label"] == label

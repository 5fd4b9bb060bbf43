"""What is decoded the short way is what the contract makes of it; everything else is the contract's to judge."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.quality.sent import annotation as sent
from tests.quality.short_way import is_short

TIMES = [
    "2026-01-01T00:00:00Z",
    "2026-01-01t00:00:00z",
    "2026-01-01 00:00:00Z",
    "2026-01-01_00:00:00Z",
    "2026-01-01T00:00:00.123456789Z",
    "2026-01-01T00:00:00.9999999Z",
    "2026-01-01T00:00:00,5Z",
    "2026-01-01T00:00:00.Z",
    "2026-01-01T00:00:00+02:00",
    "2026-01-01T00:00:00-00:00",
    "2026-01-01T00:00:00+0200",
    "2026-01-01T00:00:00+24:00",
    "2026-01-01T00:00:00+00:00:30",
    "2026-01-01T24:00:00Z",
    "2026-01-01T23:59:60Z",
    "2026-01-01T00:00Z",
    "2026-02-30T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:00",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-23:00",
    "12026-01-01T00:00:00Z",
    "2026-1-01T00:00:00Z",
    "2026-01-01",
    "2026-01-01T00:00:00",
    1_767_225_600,
]
TEXTS = ["", "x", "x" * 200, "x" * 201, "é" * 200, "a\x7f", "a\x85", "a\u200b", "\t", "\u00a0", "🙂", "\ud800", "\x00"]
NUMBERS: list[Any] = [0, 1, -1, 0.5, -0.0, 5e-324, 1e300, 604_800, 604_800.0001, 2**53, 2**53 - 1, 2**64, 10**30, True]
ANY: list[Any] = [*TEXTS, *NUMBERS, None, [], ["a"], ["a", 1], ["\ud800"], ["a"] * 200, ["a"] * 201, {"q": "a"}]
CHOICES: dict[str, list[Any]] = {
    **dict.fromkeys(("annotation_id", "task_id", "annotator_id", "project"), ANY),
    **dict.fromkeys(("label", "time_spent_s", "confidence", "presented_order", "schema_version", "unheard_of"), ANY),
    "submitted_at": [*TIMES, *ANY],
    "action": ["submit", "edit", "withdraw", "Submit", *ANY],
    "non_answer": ["cannot_decide", "broken_item", *ANY],
}
ABSENT = object()
CHANGED = st.dictionaries(st.sampled_from(sorted(CHOICES)), st.integers(0, 100), max_size=3).map(
    lambda picked: {name: [*CHOICES[name], ABSENT][n % (len(CHOICES[name]) + 1)] for name, n in picked.items()}
)
SPLICED = [b"", b" ", b"\n", b"0", b"e5", b"-", b".", b",", b'"', b"\\u0041", b"\\ud83d", b'"label":"y",']
CUT = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), st.sampled_from(SPLICED)), max_size=2)


@settings(max_examples=2_000)
@given(CHANGED, CUT, st.booleans())
def test_the_short_way_takes_nothing_that_the_contract_refuses_or_reads_otherwise(
    changed: dict[str, Any], cut: list[tuple[int, int, bytes]], escaped: bool
) -> None:
    message = {name: value for name, value in {**sent("x1"), **changed}.items() if value is not ABSENT}
    raw = json.dumps(message, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    for place, length, piece in cut:
        raw = raw[:place] + piece + raw[place + length :]
    is_short(raw)


@pytest.mark.parametrize("name", sorted(CHOICES))
def test_every_value_of_a_field_has_one_fate(name: str) -> None:
    for value in CHOICES[name]:
        for escaped in (False, True):
            is_short(json.dumps({**sent("x1"), name: value}, ensure_ascii=escaped).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("changed", [{}, {"label": 3}, {"label": ["a", "b"]}, {"label": None, "action": "withdraw"}])
def test_the_common_annotation_goes_the_short_way(changed: dict[str, Any]) -> None:
    assert is_short(msgspec.json.encode({**sent("x1"), **changed}))

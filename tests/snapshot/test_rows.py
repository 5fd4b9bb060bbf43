"""What a snapshot says of a label, and which labels it leaves out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

import schemas
from schemas import CONTRACTS
from streams.snapshot.rows import Label, Row, left_out, read_label
from tests.snapshot.made import label, rows_of

EXAMPLES = Path(schemas.__file__).parent / "examples" / "labels.jsonl"
WANTED = frozenset({"settled"})


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, None),
        ({"closed_by": "gold", "reason": "gold"}, "gold"),
        ({"status": "withdrawn"}, "withdrawn"),
        ({"status": "undecided"}, "undecided"),
        ({"status": "provisional"}, "provisional"),
        ({"project": "other"}, "other_projects"),
        ({"project": "other", "closed_by": "gold"}, "other_projects"),
    ],
)
def test_what_is_left_out_is_counted_by_reason(changed: dict[str, Any], why: str | None) -> None:
    read = msgspec.convert(label("t", **changed), Label)
    assert left_out(read, "p", WANTED) == why
    if why in {"undecided", "provisional"}:
        assert left_out(read, "p", WANTED | {why}) is None


def test_a_row_for_each_question_in_the_labels_order() -> None:
    answers = {"z": {"label": 4, "confidence": 0.5}, "a": {"reason": "tie", "distribution": {"x": 0.5, "y": 0.5}}}
    first, second = rows_of(label("t", answers=answers, version=2))
    assert (first.question_id, first.label, first.confidence, first.reason) == ("z", 4, 0.5, "agreed")
    assert (second.question_id, second.label, second.reason) == ("a", None, "tie")
    assert second.distribution == {"x": 0.5, "y": 0.5}
    assert {(one.version, one.votes, one.policy_version, one.guidelines_version) for one in (first, second)} == {
        (2, 3, 1, "1")
    }


def test_a_label_without_answers_is_one_row_without_a_question() -> None:
    (row,) = rows_of(label("t", answers={}, status="unusable", reason="broken_item"))
    assert (row.question_id, row.label, row.status, row.reason) == (None, None, "unusable", "broken_item")


def test_every_example_of_the_contract_is_read() -> None:
    for line in EXAMPLES.read_bytes().splitlines():
        assert read_label(line) is not None
    assert read_label(b"{}") is None


def test_what_is_read_is_in_the_contract() -> None:
    contract = set(CONTRACTS["labels"].model_fields)
    assert {field.name for field in msgspec.structs.fields(Label)} <= contract
    of_answers = {"question_id", *msgspec.json.schema(Label)["$defs"]["Answer"]["properties"]}
    assert {field.name for field in msgspec.structs.fields(Row)} <= contract | of_answers

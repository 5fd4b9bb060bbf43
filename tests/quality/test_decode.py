"""Bytes that are no JSON, and JSON that breaks the contract, are told apart."""

from __future__ import annotations

import msgspec
import pytest

from schemas import Annotation, Tick
from streams.events import Rejected
from streams.quality.decode import contract
from tests.quality.sent import annotation


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"at": 1',
        b"{'at': 1}",
        b'{"at": 1} x',
        b"[" * 10_000,
        b"[" * 10_000 + b"NaN",
        b'{"at": 1, "NaN": "\xff"}',
        b'{"at": ' + b"9" * 9999 + b"}",
    ],
)
def test_what_is_not_json_is_malformed(raw: bytes) -> None:
    with pytest.raises(Rejected) as rejected:
        contract(Tick)(raw)
    assert rejected.value.reason == "malformed_json"
    assert rejected.value.error


@pytest.mark.parametrize("raw", [b"null", b"[]", b"3", b"{}", b'{"at": "now"}', b'{"at": null}'])
def test_json_of_another_shape_is_invalid(raw: bytes) -> None:
    with pytest.raises(Rejected) as rejected:
        contract(Tick)(raw)
    assert rejected.value.reason == "invalid"


def test_the_error_names_the_field() -> None:
    with pytest.raises(Rejected) as rejected:
        contract(Annotation)(msgspec.json.encode(annotation("x1", time_spent_s=-1)))
    assert rejected.value.reason == "invalid"
    assert "time_spent_s" in rejected.value.error
    assert "\n" not in rejected.value.error


@pytest.mark.parametrize("label", [b"NaN", b"Infinity", b"1e999", b"[-Infinity]", b'{"q": [1, {"a": -1e400}]}'])
def test_a_number_that_is_not_finite_is_refused_wherever_any_json_may_stand(label: bytes) -> None:
    raw = msgspec.json.encode(annotation("x1")).replace(b'"wren"', label)
    with pytest.raises(Rejected) as rejected:
        contract(Annotation)(raw)
    assert rejected.value.reason == "invalid"
    assert rejected.value.error == "label: expected finite numbers"


def test_text_may_speak_of_such_numbers() -> None:
    raw = msgspec.json.encode(annotation("x1", label=["NaN", {"Infinity": 1e300}]))
    assert contract(Annotation)(raw).label == ["NaN", {"Infinity": 1e300}]


def test_unknown_fields_are_ignored() -> None:
    assert contract(Tick)(b'{"at": 5, "colour": "blue"}').at == 5

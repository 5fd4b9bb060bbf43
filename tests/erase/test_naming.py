"""Which records name an id, however they spell it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import ErasureKind
from streams.erase.naming import Names

IDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@given(IDS, st.booleans())
def test_an_id_is_found_wherever_it_is_a_string_of_the_json(identity: str, ascii_only: bool) -> None:
    names = Names(ErasureKind.annotator, identity)
    for body in ({"annotator_id": identity}, {"deep": [{identity: 1}]}, identity):
        value = json.dumps(body, ensure_ascii=ascii_only).encode()
        assert names.in_any(value)
        assert names.in_json(value)


def test_escapes_hide_nothing_from_the_careful_way() -> None:
    assert Names(ErasureKind.task, "ann").in_any(rb'{"task_id": "\u0061nn"}')


@pytest.mark.parametrize(
    ("value", "is_named"),
    [
        (b'{"annotator_id": "annabel"}', False),
        (b'{"annotator_id": "ann"', True),
        (b'{"annotator_id": "ann-2"', False),
        (b"\xff ann \xff", True),
        (b"planned", False),
        (b"", False),
        (None, False),
        (b"[" * 100_000, False),
    ],
)
def test_what_is_no_json_is_searched_for_words(value: bytes | None, is_named: bool) -> None:
    assert Names(ErasureKind.annotator, "ann").in_any(value) is is_named


def test_a_dead_letter_is_named_by_its_records_key_or_its_value() -> None:
    names = Names(ErasureKind.annotator, "ann")
    assert names.in_letter([("key", b"ann")], b"")
    assert names.in_letter([("key", b"t1")], b'{"annotator_id":"ann"}')
    assert not names.in_letter([("key", b"t1"), ("error", b"ann: wrong")], b'{"annotator_id":"bob"}')
    assert not names.in_letter([], None)


@given(IDS)
def test_a_dead_letter_is_named_by_an_error_that_quotes_the_id(identity: str) -> None:
    """A mark that it was replayed keeps the error, and no value."""
    names = Names(ErasureKind.annotator, identity)
    error = f"annotator_id {identity!r}: is not active".encode()
    assert names.in_letter([("key", b"\0"), ("error", error)], b"")
    assert not names.in_letter([("key", b"\0"), ("error", b"annotator_id: is not active")], b"")


@pytest.mark.parametrize(
    "value", [rb'{"task_id": "a\/b"}', rb'{"task_id": "\u0061\u002Fb"}', '["a/b"]'.encode("utf-16")]
)
def test_every_spelling_of_a_client_is_found(value: bytes) -> None:
    assert Names(ErasureKind.task, "a/b").in_any(value)

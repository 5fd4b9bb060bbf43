from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.overlay import Overlay


class Value(msgspec.Struct, array_like=True):
    n: int


KEYS = st.sampled_from("abc")
CHANGES = st.lists(st.tuples(KEYS, st.one_of(st.none(), st.integers(0, 9))))


def put_all(overlay: Overlay, changes: list[tuple[str, int | None]]) -> None:
    for key, n in changes:
        if n is None:
            overlay.delete(key)
        else:
            overlay.put(key, Value(n))


def take(table: dict[str, bytes], overlay: Overlay) -> None:
    for key, encoded in overlay.changes().items():
        if encoded is None:
            del table[key]
        else:
            table[key] = encoded


@given(CHANGES, CHANGES)
def test_changes_bring_the_table_to_what_a_dict_would_be(
    before: list[tuple[str, int | None]], after: list[tuple[str, int | None]]
) -> None:
    table: dict[str, bytes] = {}
    model: dict[str, int] = {}
    for changes in (before, after):
        overlay = Overlay(table, 1)
        put_all(overlay, changes)
        for key, n in changes:
            if n is None:
                model.pop(key, None)
            else:
                model[key] = n
        assert all(table.get(key) != encoded for key, encoded in overlay.changes().items())
        take(table, overlay)
    assert {key: msgspec.json.decode(value[1:], type=Value).n for key, value in table.items()} == model
    assert all(value[0] == 1 for value in table.values())


def test_the_table_is_not_touched_before_the_changes_are_taken() -> None:
    table = {"a": b"\x01[1]"}
    overlay = Overlay(table, 1)
    value = overlay.get("a", Value)
    assert value is not None
    value.n = 2
    overlay.put("a", value)
    overlay.delete("b")
    assert table == {"a": b"\x01[1]"}
    assert overlay.changes() == {"a": b"\x01[2]"}


@given(st.lists(CHANGES, max_size=5))
def test_what_one_overlay_wrote_may_be_handed_to_the_next_in_place_of_what_is_stored(
    commits: list[list[tuple[str, int | None]]],
) -> None:
    handed: dict[str, bytes] = {}
    decoded: dict[str, bytes] = {}
    recent: dict[str, msgspec.Struct] = {}
    for changes in commits:
        for table, overlay in ((handed, Overlay(handed, 1, recent)), (decoded, Overlay(decoded, 1))):
            for key, n in changes:
                value = overlay.get(key, Value)
                if n is None:
                    overlay.delete(key)
                elif value is None:
                    overlay.put(key, Value(n))
                else:
                    value.n = value.n * 3 + n
                    overlay.put(key, value)
            take(table, overlay)
            if table is handed:
                recent = overlay.written()
        assert handed == decoded
        assert {key: b"\x01" + msgspec.json.encode(value) for key, value in recent.items()} == {
            key: handed[key] for key in recent
        }


def test_a_value_that_was_only_read_is_not_handed_on() -> None:
    overlay = Overlay({"a": b"\x01[1]"}, 1)
    overlay.get("a", Value)
    assert overlay.written() == {}


def test_a_value_is_decoded_once_and_shared_within_the_overlay() -> None:
    overlay = Overlay({"a": b"\x01[1]"}, 1)
    assert overlay.get("a", Value) is overlay.get("a", Value)
    assert overlay.get("missing", Value) is None


@given(
    CHANGES,
    CHANGES,
    st.sampled_from([("",), ("a",), ("b", "c")]),
    st.sampled_from([b"", b"1", b"[2"]),
    st.sampled_from(["", "a", "b"]),
    st.integers(1, 3),
)
def test_what_is_found_is_what_a_commit_would_have_left(
    before: list[tuple[str, int | None]],
    after: list[tuple[str, int | None]],
    prefixes: tuple[str, ...],
    needle: bytes,
    beyond: str,
    most: int,
) -> None:
    table: dict[str, bytes] = {}
    overlay = Overlay(table, 1)
    put_all(overlay, before)
    take(table, overlay)
    overlay = Overlay(table, 1)
    put_all(overlay, after)
    found = overlay.find(prefixes, needle, beyond, most)
    take(table, overlay)
    expected = [
        key for key, value in sorted(table.items()) if key > beyond and key.startswith(prefixes) and needle in value[1:]
    ]
    assert found == expected[:most]

"""What people see of dead letters: whatever is in them, it is printable, bounded, and says what it should."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from streams.dead_letters.table import as_json, summary, table
from streams.dead_letters.values import HERE, INDENT, LINE_CELLS, MOST_LINES, _added_bytes, lines
from streams.printable import fit, moment, printable, printable_bytes, size
from tests.dead_letters.made import letter, letters, mark

HOSTILE = st.one_of(
    st.binary(max_size=60), st.text(max_size=40).map(str.encode), st.just(b"\x1b[2J\x9b\x7f\xe2\x80\xae")
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text("abc", min_size=1, max_size=2), inner)
    ),
    max_leaves=12,
)


@given(st.text())
def test_printable_text_is_printable_and_what_was_so_stays(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)


@given(HOSTILE, st.text(max_size=60), st.text(max_size=20), st.integers(), st.integers(10, 200))
def test_no_line_of_the_table_is_wider_than_the_terminal(
    key: bytes, error: str, reason: str, timestamp: int, width: int
) -> None:
    one = msgspec.structs.replace(letter(key=key), error=error, reason=reason, timestamp=timestamp)
    for line in table([one, letter(), letter(key=None)], width):
        assert cell_len(line) <= width
        assert line.isprintable()
    assert all(line.isprintable() for line in summary([one]))


@given(HOSTILE, st.text(max_size=60))
def test_json_lines_are_printable_ascii_and_lose_nothing(key: bytes, error: str) -> None:
    one = msgspec.structs.replace(letter(key=key), error=error)
    line = as_json(one)
    assert line.isascii()
    assert line.isprintable()
    read = json.loads(line)
    assert read["error"] == error
    assert (read["key"].encode() if read["key"] is not None else bytes.fromhex(read["key_hex"])) == key


@given(st.one_of(HOSTILE, JSON.map(lambda value: json.dumps(value, ensure_ascii=False).encode())), st.text(max_size=20))
def test_a_value_is_shown_in_printable_lines(value: bytes, error: str) -> None:
    for line in lines(value, error):
        assert line.isprintable()


def paths(value: Any) -> list[list[str]]:
    """Return the paths to everything within `value`."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for step, one in entries for path in ([str(step)], *([str(step), *rest] for rest in paths(one)))]


@given(JSON, st.data())
def test_the_line_that_is_pointed_at_is_the_one_the_error_names(value: Any, data: st.DataObject) -> None:
    """Each value that could be meant is made one that is nowhere else."""
    known = paths(value)
    if not known:
        return
    path = data.draw(st.sampled_from(known))
    holder = value
    for step in path[:-1]:
        holder = holder[int(step) if isinstance(holder, list) else step]
    holder[int(path[-1]) if isinstance(holder, list) else path[-1]] = "the very one"
    shown = lines(json.dumps(value).encode(), f"{'.'.join(path)}: Input should be something else")
    (pointed,) = [line for line in shown if line.endswith(HERE)]
    assert '"the very one"' in pointed


def test_of_what_is_missing_the_place_where_it_should_be_is_pointed_at() -> None:
    value = json.dumps({"questions": [{"question_id": "q"}, {"label_space": {}}], "prompt": "?"}).encode()
    shown = lines(value, "questions.1.question_id: required, but missing")
    assert [number for number, line in enumerate(shown) if line.endswith(HERE)] == [5]
    assert not [line for line in lines(value, "project: required, but missing") if line.endswith(HERE)]
    assert not [line for line in lines(value, "the task has votes: withdraw it") if line.endswith(HERE)]


def test_a_long_value_is_bounded_and_shows_the_place_of_the_error() -> None:
    value = json.dumps({"labels": ["x" * 10_000] * 5_000, "last": 1}).encode()
    shown = lines(value, "last: Input should be a valid string")
    assert len(shown) < MOST_LINES
    assert [line for line in shown if "last" in line and line.endswith(HERE)]
    assert "more lines; --raw has all" in "".join(shown)
    assert max(map(cell_len, lines(value, ""))) <= LINE_CELLS
    assert len(lines(value, "")) == MOST_LINES + 1
    assert len(lines(bytes(10_000_000), "")) < 200


@pytest.mark.parametrize(
    "value", [b"[" * 1_000_000, b"{" * 1_000_000, b"9" * 1_000_000, b'"' + b"\\" * 999_999, b"\n" * 1_000_000]
)
def test_no_value_takes_long(value: bytes) -> None:
    started = time.process_time()
    assert len(lines(value, "a.b: wrong")) <= MOST_LINES + 2
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "value",
    [
        b"[" * 990 + b"1," * 500_000 + b"1" + b"]" * 990,
        b'["' + b"]" * 900 + b'",' + b"[" * 900 + b"1," * 500_000 + b"1" + b"]" * 901,
    ],
)
def test_what_would_be_a_gigabyte_in_lines_is_not_put_in_lines(value: bytes) -> None:
    tracemalloc.start()
    shown = lines(value, "0.0: wrong")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "more bytes; --raw has all" in shown[-1]
    assert most < 20 * len(value)


@given(JSON)
def test_the_bound_on_json_in_lines_holds(value: Any) -> None:
    raw = json.dumps(value).encode()
    assert len(raw) + _added_bytes(raw) >= len(msgspec.json.format(raw, indent=INDENT))


def test_numbers_and_doubled_names_are_shown_as_they_were_sent() -> None:
    assert lines(b'{"a":1e999,"a":0.10}', "") == ["{", '  "a": 1e999,', '  "a": 0.10', "}"]


def test_the_table_tells_what_was_replayed() -> None:
    (replayed,) = letters(mark(7))
    heading, first, second = table([replayed, letter(value=None)], 160)
    assert heading.split() == ["id", "when", "(UTC)", "reason", "size", "replayed", "key", "error"]
    assert first.split()[4:6] == ["gone", "yes"]
    assert second.split()[4] == "null"


def test_sizes_times_and_cuts() -> None:
    assert [size(count) for count in (0, 999, 1_000, 1_500_000)] == ["0 B", "999 B", "1.0 kB", "1.5 MB"]
    assert (moment(0), moment(-1), moment(10**15)) == ("1970-01-01 00:00:00", "none", "1000000000000000 ms")
    assert (fit("注釈者", 6), fit("注釈者", 5)) == ("注釈者", "注釈…")
    assert printable_bytes(b"\xff\x1b") == "\\xff\\x1b"

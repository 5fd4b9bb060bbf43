"""What came from elsewhere, made fit for a terminal: nothing here lets a control character through."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.cells import cell_len, set_cell_size


def printable(text: str) -> str:
    r"""Return `text` with everything that is no visible character or space written as an escape.

    >>> printable("a\x1b[31mb\u202e")
    'a\\x1b[31mb\\u202e'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable_bytes(raw: bytes) -> str:
    r"""Return `raw` as `printable` text, bytes that are no UTF-8 as escapes.

    >>> printable_bytes(b"ann\xff")
    'ann\\xff'
    """
    return printable(raw.decode(errors="backslashreplace"))


def plain(value: Any) -> str:
    """Return an answer as text: of a string itself, of all else its JSON.

    >>> plain("cat"), plain(4), plain({"b": 1, "a": [2]}), plain(None)
    ('cat', '4', '{"a":[2],"b":1}', '')
    """
    if value is None or isinstance(value, str):
        return value or ""
    return msgspec.json.encode(value, order="sorted").decode()


def fit(text: str, cells: int) -> str:
    """Return `text`, cut where it takes more than so many cells of a terminal."""
    return text if cell_len(text) <= cells else f"{set_cell_size(text, max(0, cells - 1)).rstrip()}…"


def moment(milliseconds: int) -> str:
    """Return a record's time in UTC; a record may have none, or one beyond all calendars.

    >>> moment(1772359200000), moment(-1), moment(10**20)
    ('2026-03-01 10:00:00', 'none', '100000000000000000000 ms')
    """
    if milliseconds < 0:
        return "none"
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return fit(f"{milliseconds} ms", 24)


def size(count: int) -> str:
    """Return a number of bytes in three digits or so.

    >>> size(0), size(999), size(1_234), size(1_500_000)
    ('0 B', '999 B', '1.2 kB', '1.5 MB')
    """
    if count < 1_000:
        return f"{count} B"
    return f"{count / 1_000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"

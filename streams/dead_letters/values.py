"""The value of a dead letter as people read it: JSON with the place that was named, other text, or bytes in hex."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import msgspec

from streams.printable import fit, printable

MOST_LINES = 100
MOST_BYTES = 64_000
"""What is shown of a value: whoever wants all of it takes the raw bytes."""
MOST_ADDED = 8_000_000
"""Bytes that lines and their indentation may add to JSON: to a megabyte it may be a gigabyte."""
INDENT = 2
LINE_CELLS = 400
HERE = "   <-- the error is about this"
_AROUND = 2
_STEPS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)  # strings whole, and what begins a line
_PLACE = re.compile(r"[^\s:]+(?=(?: \S+)?: )")


def lines(value: bytes, error: str) -> list[str]:
    """Return `value` in printable lines, bounded in number and length.

    Parameters
    ----------
    error : str
        Why the record was refused; what it names at its beginning is pointed at.
    """
    if _added_bytes(value) > MOST_ADDED:
        return _bounded(_plain(value))
    try:
        text = msgspec.json.format(value, indent=INDENT).decode()
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _bounded(_plain(value))
    shown = [fit(printable(line), LINE_CELLS) for line in text.split("\n")]
    named = _PLACE.match(error)
    here = _line_of(text.split("\n"), named.group()) if named else None
    if here is None:
        return _bounded(shown)
    shown[here] += HERE
    if here < MOST_LINES:
        return _bounded(shown)
    first = here - _AROUND
    beginning, around = shown[:_AROUND], shown[first : here + _AROUND + 1]
    rest = len(shown) - here - _AROUND - 1
    return [*beginning, _more(first - _AROUND), *around, *([_more(rest)] if rest > 0 else [])]


def _added_bytes(value: bytes) -> int:
    """Return a bound on what JSON grows by in lines: what begins one is indented as deep as it is."""
    depth = total = 0
    for step in _STEPS.finditer(value):
        match value[step.start()]:
            case 0x22:
                continue
            case 0x5B | 0x7B:
                depth += 1
            case 0x5D | 0x7D:
                depth -= 1
        total += 2 + INDENT * max(0, depth)
    return total


def _more(count: int) -> str:
    return f"... {count:,} more {'line' if count == 1 else 'lines'}; --raw has all"


def _bounded(shown: list[str]) -> list[str]:
    return shown if len(shown) <= MOST_LINES else [*shown[:MOST_LINES], _more(len(shown) - MOST_LINES)]


def _plain(value: bytes) -> list[str]:
    beginning = value[:MOST_BYTES]
    try:
        text = beginning.decode() if len(beginning) == len(value) else beginning.decode(errors="ignore")
        is_text = "\x00" not in text and bool(text)
    except UnicodeDecodeError:
        is_text = False
    shown = [fit(printable(line), LINE_CELLS) for line in text.split("\n")] if is_text else list(_hex(beginning))
    if len(value) > MOST_BYTES:
        shown.append(f"... {len(value) - MOST_BYTES:,} more bytes; --raw has all")
    return shown


def _hex(raw: bytes) -> Iterator[str]:
    for start in range(0, min(len(raw), 16 * (MOST_LINES + 1)), 16):
        row = raw[start : start + 16]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        yield f"{start:08x}  {row.hex(' '):47}  {text}"


def _line_of(formatted: list[str], path: str) -> int | None:
    """Return the line of formatted JSON at which the value under a dotted `path` begins.

    Steps of the path that are not in the value name what is missing: the line is that of the deepest that is there.
    """
    steps = path.split(".")
    open_at: list[tuple[str, int]] = []  # what each level is, an object or a list, and how many entries it had
    deepest, depth = None, 0
    for number, line in enumerate(formatted):
        text = line.lstrip(" ")
        level = (len(line) - len(text)) // INDENT
        del open_at[level:]
        if text[:1] in "]}":
            continue
        step = _step(text, open_at, level)
        if level == depth + 1 and depth < len(steps) and step == steps[depth]:
            deepest, depth = number, depth + 1
            if depth == len(steps):
                break
        elif 0 < level <= depth and deepest is not None:
            break  # what the path led into has ended
        open_at.append((text[-1:], 0))
    return deepest


def _step(text: str, open_at: list[tuple[str, int]], level: int) -> str:
    """Return the name or number of an entry within what is open around it."""
    if level == 0:
        return ""
    kind, count = open_at[level - 1]
    open_at[level - 1] = (kind, count + 1)
    if kind == "[":
        return str(count)
    name, _ = json.JSONDecoder().raw_decode(text)
    return str(name)

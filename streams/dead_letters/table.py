"""Dead letters as a table no wider than the terminal, as a summary, and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from streams.dead_letters.letters import Letter
from streams.printable import fit, moment, printable, size
from streams.topics_commands import aligned

KEY_CELLS, LEAST_KEY = 24, 6
LEAST_ERROR = 20
HEADINGS = ("id", "when (UTC)", "reason", "size", "replayed", "key", "error")


def table(letters: Sequence[Letter], width: int) -> Iterable[str]:
    """Yield the lines of a table of at most so many cells; where they are few the error goes, then the size."""
    fixed = [HEADINGS[:5], *map(_fixed, letters)]
    keys = [HEADINGS[5], *(letter.shown_key for letter in letters)]
    if width - _cells(fixed) < KEY_CELLS:
        fixed = [(*cells[:3], cells[4]) for cells in fixed]
    left = width - _cells(fixed)
    key_cells = min(KEY_CELLS, max(map(cell_len, keys)), max(LEAST_KEY, left // 3))
    error_cells = left - key_cells - 2
    rows = [(*cells, fit(key, key_cells)) for cells, key in zip(fixed, keys, strict=True)]
    if error_cells >= LEAST_ERROR:
        errors = [HEADINGS[6], *(letter.error for letter in letters)]
        rows = [(*row, fit(printable(error), error_cells)) for row, error in zip(rows, errors, strict=True)]
    return (fit(line, width) for line in aligned(rows))


def _cells(rows: Sequence[tuple[str, ...]]) -> int:
    return sum(max(map(cell_len, column)) + 2 for column in zip(*rows, strict=True))


def _fixed(letter: Letter) -> tuple[str, ...]:
    count = "gone" if letter.size < 0 else "null" if letter.null_value else size(letter.size)
    when = moment(letter.timestamp)
    return letter.id, when, printable(letter.reason), count, "yes" if letter.replayed_at else ""


def summary(letters: Iterable[Letter]) -> Iterable[str]:
    """Yield a line for each reason and topic, the most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    replayed: Counter[tuple[str, str]] = Counter()
    for letter in letters:
        kind = (letter.topic, letter.reason)
        counts[kind] += 1
        replayed[kind] += bool(letter.replayed_at)
    rows: list[tuple[str, ...]] = [("topic", "reason", "letters", "replayed")]
    for kind, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        rows.append((*map(printable, kind), f"{count:,}", f"{replayed[kind]:,}" if replayed[kind] else ""))
    return aligned(rows)


def as_json(letter: Letter) -> str:
    """Return `letter` as one line of JSON, in ASCII."""
    fields = {
        "id": letter.id,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "timestamp": letter.timestamp,
        "reason": letter.reason,
        "error": letter.error,
        **_key(letter.key),
        "size": None if letter.size < 0 else letter.size,
        "null_value": letter.null_value,
        "cut_value": letter.cut_value,
        "replayed_at": letter.replayed_at or None,
        "replayed_by": letter.replayed_by or None,
        "replayed_as": letter.replayed_as or None,
    }
    return json.dumps(fields).replace("\x7f", "\\u007f")  # the only control character that JSON lets through


def _key(key: bytes | None) -> dict[str, str | None]:
    if key is None:
        return {"key": None}
    try:
        return {"key": key.decode()}
    except UnicodeDecodeError:
        return {"key": None, "key_hex": key.hex()}

"""The tasks of a partition that may name somebody or something, some at a time, by a cursor in the state."""

from __future__ import annotations

from typing import Final, Protocol

from streams.events import State
from streams.quality.records import encode
from streams.quality.task_state import task_key

_LAST: Final = "\U0010ffff"
"""Beyond every key."""

LISTED = 4_000
"""So many tasks are found at once: finding them takes longer than what is done to them, and a list must be stored."""


class Cursor(Protocol):
    """Where a job stands: all keys up to `after` are done, apart from `listed`."""

    after: str
    listed: list[str]


def next_tasks(state: State, cursor: Cursor, name: str, most: int) -> tuple[list[str], bool]:
    """Return the next tasks that name an annotator or a label space somewhere, and whether they are the last."""
    begin = task_key("")
    if not cursor.listed:
        cursor.listed = state.find((begin,), encode(name), cursor.after, LISTED)
        cursor.after = cursor.listed[-1] if len(cursor.listed) == LISTED else _LAST
    found = [place.removeprefix(begin) for place in cursor.listed[:most]]
    del cursor.listed[:most]
    return found, not cursor.listed and cursor.after == _LAST

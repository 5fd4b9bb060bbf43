"""First-in first-out queues of task ids over the table, in chunks of bounded size linked both ways.

Every operation reads and writes a constant number of chunks, so a queue of any length costs a batch the same.
"""

from __future__ import annotations

import msgspec

from streams.events import State
from streams.quality.keys import key
from streams.quality.ticking import Clock

HELD = "h"
"""Unpublished tasks with events that wait, by the time of the first."""

CLOSINGS = "e"
"""Closed tasks, by the time they closed."""

_CHUNK = 64


class Queue(msgspec.Struct, array_like=True):
    """A queue's ends; `made` numbers the chunks."""

    head: int
    tail: int
    made: int


class Chunk(msgspec.Struct, array_like=True):
    """A run of (task id, time in ms), and the numbers of its neighbours, 0 for none."""

    before: int
    after: int
    entries: list[tuple[str, int]]


def waiting(project: str) -> str:
    """Return the queue of published tasks whose held events wait for `project`."""
    return key("w", project)


def append(state: State, queue: str, task_id: str, at: int) -> int:
    """Put a task at the queue's end and return the number of its chunk, which `remove` asks for."""
    ends = state.get(key("q", queue), Queue)
    if ends is None:
        state.put(key("q", queue), Queue(1, 1, 1))
        state.put(_chunk(queue, 1), Chunk(0, 0, [(task_id, at)]))
        return 1
    tail = _read(state, queue, ends.tail)
    if len(tail.entries) < _CHUNK:
        tail.entries.append((task_id, at))
        state.put(_chunk(queue, ends.tail), tail)
        return ends.tail
    ends.made += 1
    tail.after = ends.made
    state.put(_chunk(queue, ends.tail), tail)
    state.put(_chunk(queue, ends.made), Chunk(ends.tail, 0, [(task_id, at)]))
    ends.tail = ends.made
    state.put(key("q", queue), ends)
    return ends.made


def remove(state: State, queue: str, number: int, task_id: str) -> None:
    """Take a task out of the chunk it was appended to."""
    found = _read(state, queue, number)
    found.entries = [entry for entry in found.entries if entry[0] != task_id]
    if found.entries:
        state.put(_chunk(queue, number), found)
        return
    state.delete(_chunk(queue, number))
    if not found.before and not found.after:
        state.delete(key("q", queue))
        return
    ends = state.get(key("q", queue), Queue)
    if ends is None:
        raise LookupError(f"queue {queue!r} has chunks but no ends")
    if found.before:
        before = _read(state, queue, found.before)
        before.after = found.after
        state.put(_chunk(queue, found.before), before)
    else:
        ends.head = found.after
    if found.after:
        after = _read(state, queue, found.after)
        after.before = found.before
        state.put(_chunk(queue, found.after), after)
    else:
        ends.tail = found.before
    state.put(key("q", queue), ends)


def oldest(state: State, queue: str) -> tuple[str, int] | None:
    """Return the (task id, time in ms) at the queue's head, or None when it is empty."""
    ends = state.get(key("q", queue), Queue)
    return None if ends is None else _read(state, queue, ends.head).entries[0]


def first(state: State, queue: str) -> int:
    """Return the number of the chunk at the queue's head, 0 when it is empty."""
    ends = state.get(key("q", queue), Queue)
    return 0 if ends is None else ends.head


def chunk(state: State, queue: str, number: int) -> Chunk | None:
    """Return a chunk, to be read only; None when there is none of this number any more."""
    return state.get(_chunk(queue, number), Chunk)


def is_due(state: State, queue: str, clock: Clock, after_ms: int) -> bool:
    """Return whether the queue's head has been there for so long, by a clock that counts since its first tick."""
    head = oldest(state, queue)
    return head is not None and clock.now - max(head[1], clock.started) >= after_ms


def _chunk(queue: str, number: int) -> str:
    return key("q", queue, str(number))


def _read(state: State, queue: str, number: int) -> Chunk:
    found = state.get(_chunk(queue, number), Chunk)
    if found is None:
        raise LookupError(f"queue {queue!r} has no chunk {number}")
    return found

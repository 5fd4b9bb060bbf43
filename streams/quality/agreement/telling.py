"""What changes of tasks do to the sums of agreement, gathered per project, and told to the project side now and then.

The partition of the task side keeps what is not told yet. It is told after `CHANGES` changes, or at the first tick of
the clock after it came up, so that the project side is some seconds behind and gets few records.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from streams.events import Output, State
from streams.quality.agreement.coincidences import dispute, of_unit, parts
from streams.quality.agreement.leaves import Leaf, leaves
from streams.quality.keys import key
from streams.quality.records import encode, instant
from streams.quality.task_state import Entry, Task, now

DELTAS: Final = "project-deltas"

CHANGES: Final = 64
"""So many changes of tasks go into one record."""

PENDING_BYTES: Final = 200_000
"""About so many bytes, at most, are kept back."""

RECORD_BYTES: Final = 1_000_000
"""A larger record becomes several."""

COUPLED: Final = 10
"""Of each unit so many annotators are compared with each other, those who came first."""

_INDEX: Final = key("d")


class Untold(msgspec.Struct, array_like=True):
    """What changed on one leaf. Zeros are among it: what was added and taken back again.

    Attributes
    ----------
    days : dict
        Day to the sums by place, see `coincidences.place`.
    couples : dict
        Two annotators, joined, to the number of items by what both chose: the first one's category times 64, plus the
        second one's.
    disputed : dict
        Task to its dispute and number of votes, as they are now.
    """

    name: str
    type: str
    categories: list[str]
    first: int | None
    days: dict[int, dict[int, int]] = {}
    couples: dict[str, dict[int, int]] = {}
    disputed: dict[str, tuple[int, int]] = {}


class Pending(msgspec.Struct, array_like=True):
    """What of a project is not told yet; `size` is about how many bytes that is."""

    changes: int = 0
    size: int = 0
    leaves: dict[str, Untold] = {}


class Index(msgspec.Struct, array_like=True):
    """The projects of which something is pending, with the clock's time since when, and those that have enough."""

    since: dict[str, int]
    full: list[str]


def counted(task: Task) -> list[Entry]:
    """Return the votes of a task that agreement is computed from: none where the truth is known."""
    if task.truth is not None:
        return []
    return [entry for entry in task.entries[: task.counted] if entry.answers is not None]


def note(state: State, task_id: str, task: Task, text: str, before: Sequence[Entry]) -> None:
    """Add what a change of a task does to the sums.

    Parameters
    ----------
    text : str
        The task's questions with their label spaces.
    before : sequence of Entry
        What `counted` said before it; the task says what it says now.
    """
    after = counted(task)
    if (len(before) < 2 and len(after) < 2) or _are_same(before, after):
        return
    asked = leaves(text)
    if not asked:
        return
    place = _pending_key(task.project)
    pending = state.get(place, Pending) or Pending()
    days = _day(before), _day(after)
    for leaf in asked:
        untold = pending.leaves.get(_name(leaf))
        if untold is None:
            untold = Untold(leaf.name, leaf.type, list(leaf.scale.names), leaf.scale.first)
            pending.leaves[_name(leaf)] = untold
        pending.size += _change(untold, leaf, task_id, _votes(leaf, before), _votes(leaf, after), days)
    pending.changes += 1
    state.put(place, pending)
    _list(state, task.project, is_full=pending.changes >= CHANGES or pending.size >= PENDING_BYTES)


def tell_full(state: State, timestamp: int) -> list[Output]:
    """Return the records of the projects of which enough is pending."""
    index = state.get(_INDEX, Index)
    if index is None or not index.full:
        return []
    return [output for project in tuple(index.full) for output in _tell(state, index, project, timestamp)]


def tell_old(state: State, timestamp: int, most: int) -> list[Output]:
    """Return the records of what has been pending since before the clock's time, of `most` projects at most."""
    index = state.get(_INDEX, Index)
    if index is None:
        return []
    time = now(state)
    old = [project for project, since in index.since.items() if since < time][:most]
    return [output for project in old for output in _tell(state, index, project, timestamp)]


def _are_same(before: Sequence[Entry], after: Sequence[Entry]) -> bool:
    return len(before) == len(after) and all(one is other for one, other in zip(before, after, strict=True))


def _day(votes: Sequence[Entry]) -> int:
    """Return a unit's day: that of its newest vote, so that it follows from the votes it has, however it got them."""
    return max((entry.day for entry in votes), default=0)


_Votes = list[tuple[str, int]]


def _votes(leaf: Leaf, entries: Sequence[Entry]) -> _Votes:
    if len(entries) < 2:
        return []
    return [
        ("" if entry.is_erased else entry.annotator_id, leaf.category(entry.answers))
        for entry in entries
        if entry.answers is not None
    ]


def _change(untold: Untold, leaf: Leaf, task_id: str, before: _Votes, after: _Votes, days: tuple[int, int]) -> int:
    """Add what one unit was and is; return about how many bytes that takes."""
    old, new = (tuple(sorted(category for _, category in votes)) for votes in (before, after))
    size = 0
    if old != new or days[0] != days[1]:
        for votes, day, sign in ((old, days[0], -1), (new, days[1], 1)):
            if votes:
                sums = untold.days.setdefault(day, {})
                added = of_unit(votes, leaf.scale.is_interval)
                for number, value in added:
                    sums[number] = sums.get(number, 0) + sign * value
                size += 12 * len(added)
    was, told = _dispute(old), (_dispute(new), len(new))
    if (was or told[0]) and (was, len(old)) != told:
        untold.disputed[task_id] = told
        size += len(task_id) + 16
    coupled, couples = _couples(before), _couples(after)
    for pairs, others, sign in ((coupled, couples, -1), (couples, coupled, 1)):
        for pair, cell in pairs.items():
            if others.get(pair) != cell:
                cells = untold.couples.setdefault(pair, {})
                cells[cell] = cells.get(cell, 0) + sign
                size += len(pair) + 20
    return size


_dispute = lru_cache(maxsize=65_536)(dispute)


def _couples(votes: _Votes) -> dict[str, int]:
    named = sorted([vote for vote in votes if vote[0]][:COUPLED])
    return {
        key(one, other): category << 6 | others
        for position, (one, category) in enumerate(named)
        for other, others in named[position + 1 :]
    }


def _list(state: State, project: str, *, is_full: bool) -> None:
    index = state.get(_INDEX, Index) or Index({}, [])
    if project not in index.since:
        index.since[project] = now(state)
        state.put(_INDEX, index)
    if is_full and project not in index.full:
        index.full.append(project)
        state.put(_INDEX, index)


def _tell(state: State, index: Index, project: str, timestamp: int) -> list[Output]:
    pending = state.get(_pending_key(project), Pending)
    if pending is None:
        raise LookupError(f"project {project!r} is listed, but nothing of it is pending")
    state.delete(_pending_key(project))
    del index.since[project]
    index.full = [one for one in index.full if one != project]
    if index.since:
        state.put(_INDEX, index)
    else:
        state.delete(_INDEX)
    told = [question for untold in pending.leaves.values() if (question := _question(untold))]
    if not told:
        return []
    values = _values(project, told, pending.changes, timestamp)
    return [Output(DELTAS, project.encode(), value, timestamp, tag="agreement") for value in values]


def _values(project: str, questions: list[dict[str, Any]], changes: int, timestamp: int) -> Iterable[bytes]:
    """Yield the records; where one would be too large two halves, and only the last counts the changes."""
    body = {
        "schema_version": 1,
        "project": project,
        "changes": changes,
        "agreement": questions,
        "at": instant(timestamp),
    }
    value = encode(body)
    if len(value) <= RECORD_BYTES:
        yield value
        return
    for half, counts in zip(_halves(questions), (0, changes), strict=True):
        yield from _values(project, half, counts, timestamp)


def _halves(questions: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    middle = len(questions) // 2
    if middle:
        return questions[:middle], questions[middle:]
    whole = questions[0]
    halves: tuple[dict[str, Any], dict[str, Any]] = (dict(whole), dict(whole))
    for name in ("sums", "couples", "disputed"):
        items = whole[name]
        halves[0][name], halves[1][name] = items[: len(items) // 2], items[len(items) // 2 :]
    return [halves[0]], [halves[1]]


def _question(untold: Untold) -> dict[str, Any] | None:
    """Return what is told of a leaf, None where everything came to nothing."""
    sums = [
        (day, *parts(number), value)
        for day, by_place in untold.days.items()
        for number, value in by_place.items()
        if value
    ]
    couples = [
        (*pair.split(key("", "")), category, other, value)
        for pair, cells in untold.couples.items()
        for cell, value in cells.items()
        if value
        for category, other in (divmod(cell, 64),)
    ]
    disputed = [(task_id, *told) for task_id, told in untold.disputed.items()]
    if not sums and not couples and not disputed:
        return None
    scale = {"type": untold.type, "categories": untold.categories, "first": untold.first}
    return {"question": untold.name, "scale": scale, "sums": sums, "couples": couples, "disputed": disputed}


def _pending_key(project: str) -> str:
    return key("d", project)


def _name(leaf: Leaf) -> str:
    return key(leaf.name, leaf.type, str(leaf.scale.first), *leaf.scale.names)

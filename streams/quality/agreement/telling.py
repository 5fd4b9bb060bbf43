"""What changes of tasks do to the sums of agreement, gathered per project, and told to the project side now and then.

The partition of the task side keeps what the tasks that changed were when they were last told of, and what they are:
sums are made of them only when they are told. That happens once `UNITS` tasks have changed, or at the first tick of the
clock after one did, so that the project side is some seconds behind and gets few records.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import combinations
from operator import is_
from typing import Any, Final

import msgspec

from streams.events import Output, State
from streams.quality import erasures
from streams.quality.agreement.coincidences import Scale, dispute, of_unit, parts
from streams.quality.agreement.leaves import Leaf, leaves
from streams.quality.keys import key
from streams.quality.records import DAY_MS, encode, instant
from streams.quality.summing import PROJECT_DELTAS
from streams.quality.task_state import Entry, Task
from streams.quality.ticking import now

UNITS: Final = 64
"""The changes of so many tasks go into one record."""

ANSWERS: Final = 20_000
"""So many answers are kept back at most, the questions counted as some: about a megabyte."""

TEXT_CHARS: Final = 100
"""So many characters of questions count as one answer."""

RECORD_BYTES: Final = 1_000_000
"""A larger record becomes several."""

COUPLED: Final = 10
"""Of each unit so many annotators are compared with each other, those who came first."""

_INDEX: Final = key("g")

Vote = tuple[str, int, list[int]]
"""A digest of who voted, none once they are erased and have no annotation id; the day; the category for each leaf."""


class Changed(msgspec.Struct, array_like=True):
    """A task that changed: where its questions are among those of `Pending`, and its votes, none for fewer than two."""

    asked: int
    before: list[Vote]
    after: list[Vote]


class Pending(msgspec.Struct, array_like=True):
    """What of a project is not told yet; `answers` is at least how many are kept, the questions counted as some."""

    answers: int = 0
    asked: list[str] = []
    tasks: dict[str, Changed] = {}


class Index(msgspec.Struct, array_like=True):
    """The projects of which something is pending, with the clock's time since when, and those that have enough."""

    since: dict[str, int]
    full: list[str]


class Difference(msgspec.Struct):
    """What changes come to on one leaf.

    Attributes
    ----------
    units : dict
        (day, categories of the votes, sorted) to the change of the number of such units.
    couples : dict
        (digest of one annotator, of the other, category of the one, of the other) to the change of the number of items.
    disputed : dict
        Task to its dispute and number of votes, as they are now.
    """

    leaf: Leaf
    units: dict[tuple[int, tuple[int, ...]], int] = {}
    couples: dict[tuple[str, str, int, int], int] = {}
    disputed: dict[str, tuple[int, int]] = {}

    def sums(self) -> dict[tuple[int, int], int]:
        """Return (day, place) to the change of that sum."""
        sums: dict[tuple[int, int], int] = {}
        for (day, votes), units in self.units.items():
            if units:
                for number, value in of_unit(votes, self.leaf.scale.is_interval):
                    sums[day, number] = sums.get((day, number), 0) + units * value
        return sums


def counted(task: Task) -> list[Entry]:
    """Return the entries of a task that agreement is computed from: none where the truth is known."""
    return [] if task.truth is not None else task.entries[: task.counted]


def note(state: State, task_id: str, task: Task, text: str, before: Sequence[Entry]) -> None:
    """Keep what a change of a task is to be told of.

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
    if not pending.tasks:
        _list(state, task.project)
    now_votes = _votes(asked, after)
    changed = pending.tasks.get(task_id)
    if changed is None:
        if text not in pending.asked:
            pending.asked.append(text)
            pending.answers += len(text) // TEXT_CHARS
        # Nearly always votes were added to those before, which are what they were.
        is_more = len(before) < len(after) and _are_same(before, after[: len(before)])
        was = now_votes[: sum(entry.answers is not None for entry in before)] if is_more else _votes(asked, before)
        changed = pending.tasks[task_id] = Changed(pending.asked.index(text), _unit(was), [])
    changed.after = _unit(now_votes)
    pending.answers += (len(before) + len(after)) * len(asked)
    state.put(place, pending)
    if len(pending.tasks) >= UNITS or pending.answers >= ANSWERS:
        _list(state, task.project, is_full=True)


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


def differences(pending: Pending) -> list[Difference]:
    """Return what is pending as sums, leaf by leaf, in the order in which they came up."""
    found: dict[tuple[str, str, Scale], Difference] = {}
    of = [
        [found.setdefault((leaf.name, leaf.type, leaf.scale), Difference(leaf)) for leaf in leaves(text)]
        for text in pending.asked
    ]
    for task_id, changed in pending.tasks.items():
        for place, difference in enumerate(of[changed.asked]):
            _add(difference, task_id, place, changed)
    return list(found.values())


def _are_same(before: Sequence[Entry], after: Sequence[Entry]) -> bool:
    return len(before) == len(after) and all(map(is_, before, after))


def _votes(asked: tuple[Leaf, ...], entries: Sequence[Entry]) -> list[Vote]:
    if len(asked) == 1:  # nearly always, and then faster
        order, at = asked[0].order, asked[0].place
        return [
            (_digest(entry.annotator_id) if entry.annotation_id else "", entry.at // DAY_MS, [order[entry.places[at]]])
            for entry in entries
            if entry.answers is not None
        ]
    return [
        (
            _digest(entry.annotator_id) if entry.annotation_id else "",
            entry.day,
            [leaf.category(entry.places) for leaf in asked],
        )
        for entry in entries
        if entry.answers is not None
    ]


def _unit(votes: list[Vote]) -> list[Vote]:
    """Return the votes where they are enough to be compared."""
    return votes if len(votes) > 1 else []


def _add(to: Difference, task_id: str, place: int, changed: Changed) -> None:
    """Take what a unit was from the sums, and add what it is."""
    old = tuple(sorted([categories[place] for _, _, categories in changed.before]))
    new = tuple(sorted([categories[place] for _, _, categories in changed.after]))
    days = _day(changed.before), _day(changed.after)
    if old != new or days[0] != days[1]:
        for unit, sign in (((days[0], old), -1), ((days[1], new), 1)):
            if unit[1]:
                to.units[unit] = to.units.get(unit, 0) + sign
    was, dispute = _dispute(old), _dispute(new)
    if (was or dispute) and (was, len(old)) != (dispute, len(new)):
        to.disputed[task_id] = (dispute, len(new))
    if changed.before:
        _couple(to.couples, changed.before, place, -1)
    if changed.after:
        _couple(to.couples, changed.after, place, 1)


def _day(votes: Sequence[Vote]) -> int:
    """Return a unit's day: that of its newest vote, so that it follows from the votes it has, however it got them."""
    return max([day for _, day, _ in votes]) if votes else 0


_dispute = lru_cache(maxsize=65_536)(dispute)


@lru_cache(maxsize=65_536)
def _digest(annotator_id: str) -> str:
    """Return what stands for an annotator among pairs: 64 bits, in hex. Who is erased is then named nowhere."""
    return erasures.digest("annotator", annotator_id)[:16]


def _couple(couples: dict[tuple[str, str, int, int], int], votes: Sequence[Vote], place: int, sign: int) -> None:
    named = sorted([(who, categories[place]) for who, _, categories in votes if who][:COUPLED])
    known = couples.get
    for (one, category), (other, others) in combinations(named, 2):
        couple = (one, other, category, others)
        couples[couple] = known(couple, 0) + sign


def _list(state: State, project: str, *, is_full: bool = False) -> None:
    index = state.get(_INDEX, Index) or Index({}, [])
    index.since.setdefault(project, now(state))
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
    told = [question for each in differences(pending) if (question := _question(each))]
    if not told:
        return []
    values = _values(project, told, len(pending.tasks), timestamp)
    return [Output(PROJECT_DELTAS, project.encode(), value, timestamp, tag="agreement") for value in values]


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


def _question(of: Difference) -> dict[str, Any] | None:
    """Return what is told of a leaf, None where everything came to nothing."""
    sums = [(day, *parts(number), value) for (day, number), value in of.sums().items() if value]
    couples = [(*couple, value) for couple, value in of.couples.items() if value]
    disputed = [(task_id, *told) for task_id, told in of.disputed.items()]
    if not sums and not couples and not disputed:
        return None
    scale = of.leaf.scale
    return {
        "question": of.leaf.name,
        "scale": {"type": of.leaf.type, "categories": scale.names, "first": scale.first},
        "sums": sums,
        "couples": couples,
        "disputed": disputed,
    }


def _pending_key(project: str) -> str:
    return key("g", project)

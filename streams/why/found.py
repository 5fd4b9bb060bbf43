"""Records that a story is made of: which ones belong to it, and in which order they are told. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final, Literal

import msgspec

from schemas import ErasureKind
from streams.engine.records import SourceRecord
from streams.erase.naming import Names
from streams.events import coordinates
from streams.topics import DEAD

Kind = Literal["task", "annotator"]
Body = dict[str, Any]

FIELD: Final[dict[Kind, str]] = {"task": "task_id", "annotator": "annotator_id"}

TOPICS: Final[dict[Kind, dict[str, bool]]] = {
    "task": {
        "tasks": True,
        "gold": True,
        "reviews": True,
        "annotations.scored": True,
        "labels": True,
        "labels.latest": True,
        "outcomes": False,
        "quality-events": False,
        "dead-letters": False,
    },
    "annotator": {
        "annotators": True,
        "annotations.scored": False,
        "outcomes": True,
        "quality-events": True,
        "dead-letters": False,
    },
}
"""Where a story's records are, and whether their keys are its id: then one partition has them all."""

_RANKS: Final = {
    topic: rank
    for rank, topic in enumerate(
        (
            *("projects", "annotators", "tasks", "gold", "reviews", "annotations.scored"),
            *("labels", "labels.latest", "outcomes", "quality-events", "dead-letters"),
        )
    )
}
"""What follows from another record has its time, and is told after it."""


class Found(msgspec.Struct, frozen=True, gc=False):
    """One record of a story.

    Attributes
    ----------
    topic : str
        Without the namespace.
    timestamp : int
        The record's own, in milliseconds: what follows from another record has the other's.
    value : bytes or None
        A JSON object, as the topic has it: so it takes the least room. Of a dead letter it is what its headers say.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    value: bytes | None

    @property
    def body(self) -> Body | None:
        """Its value, parsed; None where that is null."""
        return parsed(self.value)

    @property
    def place(self) -> str:
        """Its coordinates."""
        return coordinates(self.topic, self.partition, self.offset)


class Search:
    """Keeps the records that belong to the story of one id; nothing else is held.

    Attributes
    ----------
    names : Names
    found : list of Found
        But for the dead letters, which may be erased while they are read: `all` has them too.
    """

    def __init__(self, kind: Kind, identity: str) -> None:
        self.kind: Kind = kind
        self.identity = identity
        self.names = Names(ErasureKind(kind), identity)
        self.found: list[Found] = []
        self._letters: dict[bytes, Found] = {}

    def take(self, topic: str, partition: int, record: SourceRecord) -> None:
        """Take in a record."""
        if topic == DEAD.name:
            self._take_letter(partition, record)
            return
        if TOPICS[self.kind][topic]:
            if record.key != self.names.key:
                return
        elif not self.names.in_json(record.value):
            return
        body = parsed(record.value)
        if record.value is None or (body is not None and body.get(FIELD[self.kind]) == self.identity):
            self.found.append(Found(topic, partition, record.offset, record.timestamp, record.value))

    def all(self) -> list[Found]:
        """Return what was found, in the order of its story; the newest label only where its version is gone."""
        versions = {_version(one) for one in self.found if one.topic == "labels"}
        told = (one for one in self.found if one.topic != "labels.latest" or _version(one) not in versions)
        return in_order([*told, *self._letters.values()])

    def _take_letter(self, partition: int, record: SourceRecord) -> None:
        key = record.key or b""
        if record.value is None:
            self._letters.pop(key, None)
            return
        told = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
        if key not in self._letters and not self._is_about(record):
            return
        self._letters[key] = Found(DEAD.name, partition, record.offset, record.timestamp, msgspec.json.encode(told))

    def _is_about(self, record: SourceRecord) -> bool:
        """Return whether a dead letter is about the id: a value that is no object of ours, where it names it at all."""
        if self.names.in_letter(record.headers, None):
            return True
        if not self.names.in_any(record.value):
            return False
        body = parsed(record.value)
        return body is None or body.get(FIELD[self.kind]) == self.identity


def _version(one: Found) -> Any:
    return (one.body or {}).get("version")


def parsed(value: bytes | None) -> Body | None:
    """Return a value that is a JSON object; None for all else."""
    try:
        body = msgspec.json.decode(value or b"null")
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def in_order(found: Iterable[Found]) -> list[Found]:
    """Return records by time, causes before what follows from them; those of one partition stay in its order.

    A side takes from several topics, so what it writes may go back a little in time: nothing is told before what its
    partition has before it, nor before what it may follow from.
    """
    told_at: dict[int, int] = {}
    latest: dict[tuple[str, int], int] = {}
    timed: list[tuple[tuple[int, int, int, int], Found]] = []
    for topic, records in groupby(
        sorted(found, key=lambda one: (_RANKS[one.topic], one.offset)), lambda one: one.topic
    ):
        times: dict[int, int] = {}
        for one in records:
            place = (topic, one.partition)
            at = max(latest.get(place, 0), told_at.get(one.timestamp, one.timestamp))
            latest[place] = at
            times[one.timestamp] = max(times.get(one.timestamp, 0), at)
            timed.append(((at, _RANKS[topic], one.partition, one.offset), one))
        for time, at in times.items():
            told_at[time] = max(told_at.get(time, 0), at)
    return [one for _, one in sorted(timed, key=lambda each: each[0])]

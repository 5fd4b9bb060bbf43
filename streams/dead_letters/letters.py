"""The dead letters as their log has them, without their bytes; which are wanted, and which can be replayed. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec
from pydantic import ValidationError

from schemas import DeadLetter
from streams.engine.intake import OTHER_ID
from streams.engine.records import SourceRecord
from streams.engine.routing import partition_of
from streams.events import KEY_BYTES, Source, coordinates
from streams.printable import printable_bytes
from streams.quality import annotators, projects, tasks
from streams.topics import OUTCOMES, PROJECT_DELTAS, TOPICS

SOURCES: Final[dict[str, Source]] = {
    source.topic: source for side in (annotators, tasks, projects) for source in side.SOURCES
}
OVERHEAD_BYTES = 200
"""What a record batch takes beside the only key and value in it, and more."""


class Letter(msgspec.Struct, frozen=True, gc=False):
    """One dead letter as it stands.

    Attributes
    ----------
    topic, partition, offset, timestamp
        Of the record that died; the topic without the namespace.
    key : bytes or None
        That record's.
    size : int
        Of its value, in bytes; -1 where that is not known any more.
    place : tuple of int, or None
        Partition and offset of the record that holds its bytes; None when that is no more.
    stamp : int
        The dead letter's own time: how long it is kept counts from it.
    replayed_at, replayed_by, replayed_as : str
        When, by whom and under which coordinates it was sent again; empty where it was not.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    reason: str
    error: str
    key: bytes | None
    null_value: bool
    cut_value: bool
    size: int
    place: tuple[int, int] | None
    stamp: int
    replayed_at: str = ""
    replayed_by: str = ""
    replayed_as: str = ""

    @property
    def id(self) -> str:
        """Its coordinates."""
        return coordinates(self.topic, self.partition, self.offset)

    @property
    def order(self) -> tuple[int, str, int, int]:
        """What dead letters are sorted by: the record's time, then its place."""
        return self.timestamp, self.topic, self.partition, self.offset

    @property
    def shown_key(self) -> str:
        """The record's key for people."""
        return "null" if self.key is None else printable_bytes(self.key)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dead letters are asked for. What is empty or None asks for all.

    Attributes
    ----------
    key : str or None
        The record's key, as text or as it is shown.
    since, until : int or None
        Bounds of the record's time in milliseconds, the second exclusive. A record without a time is within none.
    ids : frozenset of str
        Coordinates.
    """

    topics: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    key: str | None = None
    since: int | None = None
    until: int | None = None
    ids: frozenset[str] = frozenset()

    def takes(self, letter: Letter) -> bool:
        """Return whether `letter` is asked for."""
        return (
            (not self.ids or letter.id in self.ids)
            and (not self.topics or letter.topic in self.topics)
            and (not self.reasons or letter.reason in self.reasons)
            and self._is_keyed(letter)
            and self._is_timely(letter.timestamp)
        )

    def _is_keyed(self, letter: Letter) -> bool:
        if self.key is None:
            return True
        return letter.key is not None and self.key in {letter.key.decode(errors="replace"), letter.shown_key}

    def _is_timely(self, timestamp: int) -> bool:
        if self.since is None and self.until is None:
            return True
        return timestamp >= (self.since or 0) and (self.until is None or timestamp < self.until)


class Standing:
    """The wanted dead letters, read record after record in the order of each partition.

    Attributes
    ----------
    letters : dict of str to Letter
        By their coordinates.
    foreign : int
        Records that are no dead letters.
    """

    def __init__(self, wanted: Wanted, letters: Iterable[Letter] = ()) -> None:
        self._wanted = wanted
        self.letters = {letter.id: letter for letter in letters}
        self.foreign = 0

    def take(self, partition: int, record: SourceRecord) -> None:
        """Take in one record: a dead letter, the mark that it was replayed, or its erasure."""
        key = (record.key or b"").decode(errors="replace")
        if record.value is None:
            self.letters.pop(key, None)
            return
        letter = _letter(partition, record)
        if letter is None or letter.id != key:
            self.foreign += 1
            return
        if not self._wanted.takes(letter):
            return
        before = self.letters.get(key) if letter.replayed_at else None
        if before is not None:
            letter = msgspec.structs.replace(letter, size=before.size, place=before.place)
        self.letters[key] = letter


def _letter(partition: int, record: SourceRecord) -> Letter | None:
    try:
        told = DeadLetter.from_headers(record.headers)
    except ValidationError:
        return None
    topic = TOPICS.get(told.topic)
    if topic is None:
        return None
    is_mark = bool(told.replayed_at)
    return Letter(
        topic=topic.name,
        partition=told.partition,
        offset=told.offset,
        timestamp=told.timestamp,
        reason=told.reason,
        error=told.error,
        key=told.key,
        null_value=told.null_value,
        cut_value=told.cut_value,
        size=-1 if is_mark else len(record.value or b""),
        place=None if is_mark else (partition, record.offset),
        stamp=record.timestamp,
        replayed_at=told.replayed_at or "",
        replayed_by=told.replayed_by or "",
        replayed_as=told.replayed_as or "",
    )


def obstacle(letter: Letter) -> str | None:
    """Return why a dead letter cannot be replayed, for people; None when it can."""
    source = SOURCES.get(letter.topic)
    most = TOPICS[letter.topic].max_message_bytes
    told = (
        (source is None or source.lossy, f"nobody needs it: {letter.topic} goes on without what was lost"),
        (letter.reason == "unreadable", "what is kept is a batch that nobody can read, no record"),
        (letter.cut_value, "only the beginning of its value is kept"),
        # No longer key is ever accepted; one of this length may be whole, and refused for something else.
        (
            letter.reason == "invalid_key" and len(letter.key or b"") >= KEY_BYTES,
            f"its key is longer than any that is accepted, and only the first {KEY_BYTES} bytes of it are kept",
        ),
        (
            letter.reason == "misrouted" and OTHER_ID in letter.error,
            "its key is not the id in its value, so it would be refused again: send it anew under the right key",
        ),
        (letter.key is None, "it has no key, hence no partition that it belongs to"),
        (
            bool(letter.replayed_at) and letter.topic in {OUTCOMES.name, PROJECT_DELTAS.name},
            f"it was replayed as {letter.replayed_as}, and {letter.topic} have no id by which another would be known",
        ),
        (letter.place is None, f"its bytes are gone since it was replayed as {letter.replayed_as}"),
        (
            letter.size + len(letter.key or b"") + OVERHEAD_BYTES > most,
            f"it has {letter.size:,} bytes, and {letter.topic} takes {most:,}",
        ),
    )
    return next((why for holds, why in told if holds), None)


def is_keyed(topic: str) -> bool:
    """Return whether the key of a record decides its partition; elsewhere each partition is written on its own."""
    return topic in SOURCES and SOURCES[topic].identity is not None


def target(letter: Letter, partitions: int) -> int:
    """Return the partition to which a dead letter belongs, of so many: not always the one it came from."""
    return partition_of(letter.key or b"", partitions) if is_keyed(letter.topic) else letter.partition

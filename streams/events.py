"""What flows through a side: source events in, outputs out, state in between.

Pure: nothing here knows Kafka, Faust, a clock or annotation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import msgspec

DEAD_LETTERS = "dead-letters"
KEY_BYTES = 800
"""Longest key: an id of 200 characters in UTF-8. A dead letter keeps so much of a longer one."""
DEAD_VALUE_BYTES = 1_500_000
"""What of a value a dead letter keeps. Only a compressed one can be larger: the topics bound what is sent."""
ERROR_CHARS = 2_000
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""What no id holds: keys of tables are joined with one of these, and logs are lines."""

T = TypeVar("T", bound=msgspec.Struct)


class Event(msgspec.Struct, frozen=True, gc=False):
    """One decoded source record.

    Attributes
    ----------
    topic : str
        Logical name, without the namespace.
    timestamp : int
        Milliseconds since the epoch, as the record carries it.
    value : Any
        The decoded contract model; None for a tombstone.
    raw : bytes or None
        The value's original bytes.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: str
    value: Any
    raw: bytes | None


class Output(msgspec.Struct, frozen=True, gc=False):
    """One record to be written in the same transaction as the state it follows from.

    Attributes
    ----------
    topic : str
        Logical name, without the namespace.
    partition : int or None
        None: the murmur2 hash of the key decides.
    tag : str
        What the record is counted as, beside its topic: a label's status, a dead letter's reason.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    timestamp: int
    partition: int | None = None
    tag: str = ""
    headers: tuple[tuple[str, bytes], ...] = ()


class Rejected(Exception):
    """The event cannot be applied; it becomes a dead letter and changes nothing.

    Parameters
    ----------
    reason : str
        A short code for counters, such as ``unknown_task``.
    error : str
        One line for people: names the field and its place, and what was expected.
    """

    def __init__(self, reason: str, error: str) -> None:
        super().__init__(f"{reason}: {error}")
        self.reason = reason
        self.error = error


class State(Protocol):
    """What a step sees of its partition's table.

    `get` returns a mutable copy that belongs to the running batch; `put` marks it as changed.
    """

    def get(self, key: str, type: type[T]) -> T | None:
        """Return the value stored under `key`, or None."""
        ...

    def put(self, key: str, value: msgspec.Struct) -> None:
        """Store `value` under `key` when the batch commits."""
        ...

    def delete(self, key: str) -> None:
        """Remove `key` when the batch commits."""
        ...

    def find(self, prefixes: tuple[str, ...], needle: bytes, after: str, most: int) -> list[str]:
        """Return the first `most` keys beyond `after`, in their order, that begin with one of `prefixes`.

        Only those under which the stored JSON holds `needle`. It reads the whole table: not for what happens often.
        """
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """A topic a side reads.

    Attributes
    ----------
    decode : callable
        Bytes to contract model; raises `Rejected`.
    identity : callable or None
        The id that must equal the record's key; None for topics addressed by partition.
    tombstones : bool
        Whether a null value has a meaning.
    lossy : bool
        Whether records may be lost between the log and the side (short-lived, repeated ones).
    own : bool
        Whether goldstream writes the topic itself: what follows from an input may be larger than the input.
    """

    topic: str
    decode: Callable[[bytes], Any]
    identity: Callable[[Any], str] | None
    tombstones: bool = False
    lossy: bool = False
    own: bool = False


class Side(Protocol):
    """One pure function over one keyed table: `step(state, event) -> outputs`.

    Its laws: batches do not show; a rejected event changes nothing; equal inputs give equal outputs, byte for byte.
    """

    @property
    def name(self) -> str:
        """The table's name, and the side's."""
        ...

    @property
    def state_version(self) -> int:
        """Version of the state's layout, 1 to 255."""
        ...

    @property
    def sources(self) -> Sequence[Source]:
        """The topics the side reads."""
        ...

    @property
    def upgrades(self) -> Mapping[int, Callable[[str, bytes], bytes]]:
        """From each older version to the next: (key, payload) -> payload."""
        ...

    def step(self, state: State, event: Event) -> list[Output]:
        """Apply one event. Raises `Rejected` before anything is changed."""
        ...


def coordinates(topic: str, partition: int, offset: int) -> str:
    """Return where a record is, as dead letters are keyed and named to people.

    A record becomes at most one dead letter: its side rejects it, or holds it and gives it up later, once.

    >>> coordinates("annotations", 3, 1207)
    'annotations/3/1207'
    """
    return f"{topic}/{partition}/{offset}"


def dead_letter(event: Event, reason: str, error: str) -> Output:
    """Return the record that keeps `event` for the operators; see `undecodable`."""
    return undecodable(
        topic=event.topic,
        partition=event.partition,
        offset=event.offset,
        timestamp=event.timestamp,
        key=event.key.encode(),
        value=event.raw,
        reason=reason,
        error=error,
    )


def _line(text: str) -> str:
    """Return `text` as one printable line of bounded length: parts of it came from whoever sent the record."""
    printable = text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)
    return printable if len(printable) <= ERROR_CHARS else printable[: ERROR_CHARS - 3] + "..."


def undecodable(
    *,
    topic: str,
    partition: int,
    offset: int,
    timestamp: int,
    key: bytes | None,
    value: bytes | None,
    reason: str,
    error: str,
) -> Output:
    """Return the dead letter of a record that never became an event.

    The value is the original bytes; key, coordinates, reason and error travel as headers. Its own key is the
    coordinates, so that a tombstone erases this one and no other. A null value would be that tombstone: it is kept
    as an empty one, and a header says so.
    """
    headers = [
        ("topic", topic.encode()),
        ("partition", str(partition).encode()),
        ("offset", str(offset).encode()),
        ("timestamp", str(timestamp).encode()),
        ("reason", reason.encode()),
        ("error", _line(error).encode()),
    ]
    if key is not None:
        headers.append(("key", key[:KEY_BYTES]))
    if value is None:
        headers.append(("null-value", b"true"))
    elif len(value) > DEAD_VALUE_BYTES:
        headers.append(("cut-value", b"true"))
    return Output(
        topic=DEAD_LETTERS,
        key=coordinates(topic, partition, offset).encode(),
        value=(value or b"")[:DEAD_VALUE_BYTES],
        timestamp=timestamp,
        tag=reason,
        headers=tuple(headers),
    )

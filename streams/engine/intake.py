"""From a record to an event, or to a dead letter: nothing that arrives is dropped silently or guessed at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn

from streams.engine.fetched import UnreadKey
from streams.engine.outgoing import MAX_OUTPUT_BYTES
from streams.engine.records import SourceRecord
from streams.engine.routing import learn, partition_of
from streams.events import CONTROL, KEY_BYTES, Event, Output, Rejected, Source, dead_letter, undecodable

ID_CHARS = 200

KEYS = 1 << 15
"""How many keys of a source are remembered as checked; then it starts over."""

OTHER_ID = "differs from the id in the value"
"""What the error says of a record whose key is another one; it is misrouted, wherever it is sent."""

Gate = Callable[[SourceRecord], Event | Output]


class Intake:
    """Checks and decodes the records that come to one partition of one side.

    Parameters
    ----------
    sources : sequence of Source
    partition, partitions : int
        Which partition it is, and of how many: every topic of the side has the same.
    max_value_bytes : int
        Larger values are dead letters; on goldstream's own topics, what is larger than anything it writes.
    """

    def __init__(self, sources: Sequence[Source], partition: int, partitions: int, max_value_bytes: int) -> None:
        self._keys = {source.topic: _Keys(source, partition, partitions) for source in sources}
        self._gates = {
            source.topic: _gate(source, partition, self._keys[source.topic], max_value_bytes) for source in sources
        }

    def expect(self, topic: str, records: Sequence[SourceRecord]) -> None:
        """Hash the keys of `records` that are new, all at once; nothing else follows from it."""
        fresh = {record.key for record in records}.difference(self._keys[topic].checked)
        learn([key for key in fresh if key is not None and len(key) <= KEY_BYTES])

    def gate(self, topic: str) -> Gate:
        """Return the function that takes the records of `topic` as events, or as the dead letters of what is none."""
        return self._gates[topic]

    @staticmethod
    def reject(event: Event, rejected: Rejected) -> Output:
        """Return the dead letter of an event that its side refused."""
        return dead_letter(event, rejected.reason, rejected.error)


def _gate(source: Source, partition: int, keys: _Keys, max_value_bytes: int) -> Gate:
    # One closure over locals: this runs for every record.
    topic, decode, identity, tombstones = source.topic, source.decode, source.identity, source.tombstones
    checked, check = keys.checked, keys.check
    limit = MAX_OUTPUT_BYTES if source.own else max_value_bytes

    def admit(record: SourceRecord) -> Event | Output:
        raw_key, raw = record.key, record.value
        value = None
        try:
            key = checked.get(raw_key)
            if key is None:
                key = check(raw_key)
            if raw is not None:
                if len(raw) > limit:
                    _oversized(raw, limit)
                value = decode(raw)
                if identity is not None and identity(value) != key:
                    _misrouted(key, identity(value))
            elif not tombstones:
                _without_value(topic)
        except Rejected as rejected:
            return undecodable(
                topic=topic,
                partition=partition,
                offset=record.offset,
                timestamp=record.timestamp,
                key=None if isinstance(raw_key, UnreadKey) else raw_key,
                value=raw,
                reason=rejected.reason,
                error=rejected.error,
            )
        return Event(topic, partition, record.offset, record.timestamp, key, value, raw)

    return admit


def _oversized(raw: bytes, limit: int) -> NoReturn:
    raise Rejected("oversized", f"value: {len(raw)} bytes, at most {limit} are accepted")


def _misrouted(key: str, identity: str) -> NoReturn:
    raise Rejected("misrouted", f"key: {key[:80]!r} {OTHER_ID} {identity[:80]!r}")


def _without_value(topic: str) -> NoReturn:
    raise Rejected("null_value", f"value: null has no meaning on {topic}")


class _Keys:
    """Checks the keys of one source, and remembers those that passed."""

    def __init__(self, source: Source, partition: int, partitions: int) -> None:
        self.checked: dict[bytes | None, str] = {}
        self._source = source
        self._partition = partition
        self._partitions = partitions

    def check(self, raw: bytes | None) -> str:
        """Return the key as text; raise `Rejected` when it is none of this partition's."""
        key = self._text(raw)
        if len(self.checked) >= KEYS:
            self.checked.clear()
        self.checked[raw] = key
        return key

    def _text(self, raw: bytes | None) -> str:
        source = self._source
        if isinstance(raw, UnreadKey):
            raise Rejected("unreadable", f"value: {raw.why}")
        if raw is None:
            if source.identity is None:
                return ""
            raise Rejected("null_key", f"key: null; {source.topic} is keyed by the id in its values")
        if len(raw) > KEY_BYTES:
            raise Rejected("invalid_key", f"key: {len(raw)} bytes, at most {KEY_BYTES} are accepted")
        try:
            key = raw.decode()
        except UnicodeDecodeError as error:
            raise Rejected("invalid_key", f"key: not UTF-8 at byte {error.start}") from None
        if source.identity is None:
            return key
        if not 1 <= len(key) <= ID_CHARS or CONTROL.search(key):
            raise Rejected("invalid_key", f"key: expected 1 to {ID_CHARS} characters, none of them a control character")
        expected = partition_of(raw, self._partitions)
        if expected != self._partition:
            raise Rejected(
                "misrouted",
                f"key: {key[:80]!r} belongs to partition {expected}, not {self._partition}; "
                "producers must use Kafka's murmur2 partitioner (librdkafka: partitioner=murmur2_random)",
            )
        return key

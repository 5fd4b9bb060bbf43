"""From a record to an event, or to a dead letter: nothing that arrives is dropped silently or guessed at."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aiokafka import ConsumerRecord

from streams.engine.routing import partition_of
from streams.events import KEY_BYTES, Event, Output, Rejected, Source, dead_letter, undecodable

ID_CHARS = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

DEAD_VALUE_BYTES = 1_500_000
"""What of a value a dead letter keeps. Only a compressed one can be larger: the topics bound what is sent."""


def _bounded(value: bytes | None) -> bytes | None:
    return value if value is None else value[:DEAD_VALUE_BYTES]


class Intake:
    """Checks and decodes the records of one side.

    Parameters
    ----------
    sources : sequence of Source
    partitions : int
        How many partitions every topic of the side has.
    max_value_bytes : int
        Larger values are dead letters.
    """

    def __init__(self, sources: Sequence[Source], partitions: int, max_value_bytes: int) -> None:
        self._sources = {source.topic: source for source in sources}
        self._partitions = partitions
        self._max_value_bytes = max_value_bytes

    def admit(self, topic: str, record: ConsumerRecord[bytes, bytes]) -> Event | Output:
        """Return the record as an event, or the dead letter that says why it is none."""
        try:
            return self._event(self._sources[topic], record)
        except Rejected as rejected:
            return undecodable(
                topic=topic,
                partition=record.partition,
                offset=record.offset,
                timestamp=record.timestamp,
                key=record.key,
                value=_bounded(record.value),
                reason=rejected.reason,
                error=rejected.error,
            )

    def reject(self, event: Event, rejected: Rejected) -> Output:
        """Return the dead letter of an event that its side refused."""
        return dead_letter(event, rejected.reason, rejected.error)

    def _event(self, source: Source, record: ConsumerRecord[bytes, bytes]) -> Event:
        key = self._key(source, record)
        raw = record.value
        if raw is None:
            if not source.tombstones:
                raise Rejected("null_value", f"value: null has no meaning on {source.topic}")
            value = None
        else:
            if len(raw) > self._max_value_bytes and not source.own:
                raise Rejected("oversized", f"value: {len(raw)} bytes, at most {self._max_value_bytes} are accepted")
            value = source.decode(raw)
            if source.identity is not None:
                identity = source.identity(value)
                if identity != key:
                    raise Rejected("misrouted", f"key: {key[:80]!r} differs from the id in the value {identity[:80]!r}")
        return Event(source.topic, record.partition, record.offset, record.timestamp, key, value, raw)

    def _key(self, source: Source, record: ConsumerRecord[bytes, bytes]) -> str:
        if record.key is None:
            if source.identity is None:
                return ""
            raise Rejected("null_key", f"key: null; {source.topic} is keyed by the id in its values")
        if len(record.key) > KEY_BYTES:
            raise Rejected("invalid_key", f"key: {len(record.key)} bytes, at most {KEY_BYTES} are accepted")
        try:
            key: str = record.key.decode()
        except UnicodeDecodeError as error:
            raise Rejected("invalid_key", f"key: not UTF-8 at byte {error.start}") from None
        if source.identity is not None:
            if not 1 <= len(key) <= ID_CHARS or _CONTROL.search(key):
                raise Rejected(
                    "invalid_key", f"key: expected 1 to {ID_CHARS} characters, none of them a control character"
                )
            expected = partition_of(record.key, self._partitions)
            if expected != record.partition:
                raise Rejected(
                    "misrouted",
                    f"key: {key[:80]!r} belongs to partition {expected}, not {record.partition}; "
                    "producers must use Kafka's murmur2 partitioner (librdkafka: partitioner=murmur2_random)",
                )
        return key

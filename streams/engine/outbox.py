"""Delivery without transactions: numbered outputs, an outbox in the changelog, receivers that drop repeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from aiokafka import TopicPartition

from streams.engine.changelog import Commit
from streams.engine.records import SourceRecord
from streams.engine.writer import Message, Outgoing, Sendable

SEQUENCE = "goldstream-sequence"
"""Header of a numbered output: ``table/partition:number``."""

PRODUCERS = 1_024
PRODUCER_CHARS = 80
"""More, and longer names of them, than a namespace has: three sides of at most 256 partitions."""


class _Entry(msgspec.Struct, array_like=True):
    topic: str
    partition: int
    messages: list[tuple[bytes | None, bytes | None, int, list[tuple[str, bytes]]]]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[_Entry])


def number(outgoing: Mapping[TopicPartition, Sequence[Sendable]], producer: str, commit: Commit) -> Outgoing:
    """Return the messages with their place in the producing partition's sequence; `commit` counts them.

    Parameters
    ----------
    producer : str
        ``table/partition`` of the producing partition.
    """
    numbered: dict[TopicPartition, list[Message]] = {}
    for place, messages in outgoing.items():
        rows = numbered[place] = []
        for message in messages:
            commit.emitted += 1
            header = (SEQUENCE, f"{producer}:{commit.emitted}".encode())
            rows.append(Message(message.key, message.value, message.timestamp, (*message.headers, header)))
    return numbered


def is_repeat(seen: dict[str, dict[str, int]], topic: str, record: SourceRecord) -> bool:
    """Return whether a numbered record was taken in before; remember it if not."""
    for name, value in record.headers:
        if name != SEQUENCE:
            continue
        producer, _, digits = value.decode(errors="replace").rpartition(":")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
            continue  # not one of ours: anybody may send headers
        last = seen.setdefault(topic, {})
        if producer not in last and (len(last) >= PRODUCERS or len(producer) > PRODUCER_CHARS):
            continue  # what is remembered of them is part of every commit
        if int(digits) <= last.get(producer, 0):
            return True
        last[producer] = int(digits)
    return False


def encode_outbox(outgoing: Outgoing) -> bytes:
    """Return the outputs of one commit as one value."""
    return _encoder.encode(
        [
            _Entry(
                place.topic,
                place.partition,
                [(m.key, m.value, m.timestamp, list(m.headers)) for m in messages],
            )
            for place, messages in outgoing.items()
        ]
    )


def decode_outbox(value: bytes | None) -> dict[TopicPartition, list[Message]]:
    """Return the outputs that `encode_outbox` kept; none for no outbox."""
    if value is None:
        return {}
    return {
        TopicPartition(entry.topic, entry.partition): [
            Message(key, payload, timestamp, tuple(headers)) for key, payload, timestamp, headers in entry.messages
        ]
        for entry in _decoder.decode(value)
    }

"""From outputs and changed state to records on their way to partitions; what no topic takes is stopped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiokafka import TopicPartition

from streams.engine.errors import Fatal
from streams.engine.ports import Place
from streams.engine.routing import learn, partition_of
from streams.engine.writer import Message, Sendable
from streams.events import Output

MAX_OUTPUT_BYTES = 1_900_000
MAX_STATE_BYTES = 3_900_000
"""Largest values that the topics of `streams/topics.py` take, with room for key and headers."""


def by_partition(outputs: Sequence[Output], place: Place) -> dict[TopicPartition, list[Sendable]]:
    """Group `outputs` by the partition they go to, in their order.

    Raises
    ------
    Fatal
        An output is larger than its topic takes: the broker would refuse it for ever.
    """
    learn([output.key for output in outputs if output.partition is None and output.key is not None])
    grouped: dict[TopicPartition, list[Sendable]] = {}
    found: dict[tuple[str, int], list[Sendable]] = {}
    for output in outputs:
        partition = output.partition
        if partition is None:
            partition = partition_of(output.key or b"", place.partitions)
        if output.value is not None and len(output.value) > MAX_OUTPUT_BYTES:
            raise _too_large(place.topics[output.topic], output.key, output.value, MAX_OUTPUT_BYTES)
        target = (output.topic, partition)
        if target not in found:
            found[target] = grouped[TopicPartition(place.topics[output.topic], partition)] = []
        found[target].append(output)
    return grouped


def state_messages(changes: Mapping[str, bytes | None], place: Place, timestamp: int) -> list[Message]:
    """Return the changelog's records for `changes`.

    Raises
    ------
    Fatal
        A value is larger than the changelog takes.
    """
    messages = []
    for key, value in changes.items():
        encoded = key.encode()
        if value is not None and len(value) > MAX_STATE_BYTES:
            raise _too_large(place.changelog, encoded, value, MAX_STATE_BYTES)
        messages.append(Message(encoded, value, timestamp))
    return messages


def _too_large(topic: str, key: bytes | None, value: bytes, most: int) -> Fatal:
    return Fatal(f"{topic}: {len(value):,} bytes under key {(key or b'')[:80]!r}, at most {most:,} can be written")

"""Source records as aiokafka's C code makes them, without the copy it wraps around each."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import FetchResult

from streams.engine.fetched import read_whatever_comes


class SourceRecord(Protocol):
    """What is read of a record; a `ConsumerRecord` has it too."""

    @property
    def offset(self) -> int:
        """Its place in the partition's log."""
        ...

    @property
    def timestamp(self) -> int:
        """Milliseconds since the epoch."""
        ...

    @property
    def timestamp_type(self) -> int | None:
        """0 when its producer stamped it, 1 when the broker did."""
        ...

    @property
    def key(self) -> bytes | None:
        """The key's bytes."""
        ...

    @property
    def value(self) -> bytes | None:
        """The value's bytes; None for a tombstone."""
        ...

    @property
    def headers(self) -> Any:
        """A sequence of (name, bytes)."""
        ...


def _as_made(_place: Any, record: Any) -> Any:
    return record


class _Fetched(OrderedDict[Any, Any]):
    """A fetcher's store of fetched partitions, in which records are not wrapped again when they are taken out."""

    def __setitem__(self, place: Any, found: Any) -> None:
        if isinstance(found, FetchResult):
            found._partition_records._consumer_record = _as_made
        super().__setitem__(place, found)


def hand_out_as_made(consumer: AIOKafkaConsumer) -> None:
    """Let a started `consumer` return `SourceRecord` values of any batch: wrapping one costs as much as decoding it."""
    read_whatever_comes()
    consumer._fetcher._records = _Fetched(consumer._fetcher._records)

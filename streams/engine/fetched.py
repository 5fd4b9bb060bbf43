"""Fetched record batches, read whatever their producer made of them.

A broker takes batches that aiokafka cannot read, reads wrongly or unpacks without a bound; it would fail at the same
place for ever, or take offsets that do not exist for the partition's position. Here nearly all are still read by
aiokafka's C code; what it does not read as the broker counted it is read once more, slowly and with bounds; and
what cannot be read at all becomes one record that says so, for intake to refuse.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final, Self

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecord, DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords

from streams.engine.errors import Unreadable
from streams.engine.unpacking import unpack

UNPACKED_BYTES = 16 * 1024 * 1024
"""What a compressed batch may hold, and what is unpacked of one fetch: beyond it, the rest is fetched again."""

FAST_BYTES = 4 * 1024 * 1024
"""aiokafka's code makes objects of every header, at a multiple of its bytes: not of more than this."""

SLOW_RECORDS = 100_000
"""What may be read slowly: the consumer's thread has heartbeats to send as well."""

_LENGTH: Final = struct.Struct(">8xi")
_MAGIC_AT: Final = 16
_ATTRIBUTES_AT: Final = 21
_RECORDS_AT: Final = 61
_COUNT: Final = struct.Struct(">57xi")
_CODEC: Final = 0x07


class UnreadKey(bytes):
    """In the place of a key: why the records of a batch, whose bytes are the value, cannot be read."""

    why: str

    def __new__(cls, why: str) -> Self:
        """Return one that equals no key: it is not UTF-8."""
        made = super().__new__(cls, b"\xff")
        made.why = why
        return made


class FetchedRecords:
    """Stands for aiokafka's `MemoryRecords`: the batches in the bytes that a fetch returned of a partition."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._place = 0
        self._unpacked = 0

    def size_in_bytes(self) -> int:
        """Return the size of the whole."""
        return len(self._raw)

    def has_next(self) -> bool:
        """Return whether another whole batch follows that may still be unpacked."""
        return self._unpacked < UNPACKED_BYTES and self._end() is not None

    def next_batch(self) -> Any:
        """Return the next batch as `PartitionRecords` reads it, or None."""
        end = self._end()
        if end is None:
            return None
        raw, self._place = self._raw[self._place : end], end
        if len(raw) < _RECORDS_AT or raw[_MAGIC_AT] < 2:
            return MemoryRecords(raw).next_batch()
        made = DefaultRecordBatch(raw)
        return made if made.is_control_batch else _Batch(made, raw, self)

    def count_unpacked(self, size: int) -> None:
        """Take note of `size` unpacked bytes."""
        self._unpacked += size

    def _end(self) -> int | None:
        """Return where the next batch ends, or None where no whole one follows."""
        left = len(self._raw) - self._place
        if left < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._raw, self._place)
        return self._place + _LENGTH.size + length if 0 <= length <= left - _LENGTH.size else None


class _Batch:
    __slots__ = (
        "_made",
        "_raw",
        "_within",
        "base_offset",
        "is_control_batch",
        "is_transactional",
        "next_offset",
        "producer_id",
    )

    def __init__(self, made: DefaultRecordBatch, raw: bytes, within: FetchedRecords) -> None:
        self.base_offset = made.base_offset
        self.next_offset = made.next_offset
        self.is_transactional = made.is_transactional
        self.is_control_batch = False
        self.producer_id = made.producer_id
        self._made = made
        self._raw = raw
        self._within = within

    def validate_crc(self) -> bool:
        return bool(self._made.validate_crc())

    def __iter__(self) -> Iterator[DefaultRecord]:
        try:
            return iter(self._read())
        except Unreadable as why:
            made = self._made
            key = UnreadKey(f"batch of offsets {self.base_offset} to {self.next_offset - 1}: {why}")
            return iter((DefaultRecord(self.base_offset, made.max_timestamp, made.timestamp_type, key, self._raw, []),))

    def _read(self) -> Sequence[DefaultRecord]:
        made, raw = self._made, self._raw
        codec = made.attributes & _CODEC
        if codec:
            payload = unpack(codec, raw[_RECORDS_AT:], UNPACKED_BYTES)
            self._within.count_unpacked(len(payload))
            plain = made.attributes & ~_CODEC
            raw = raw[:_ATTRIBUTES_AT] + struct.pack(">h", plain) + raw[_ATTRIBUTES_AT + 2 : _RECORDS_AT] + payload
        if len(raw) <= FAST_BYTES:
            try:
                records = list(DefaultRecordBatch(raw))
            except (CorruptRecordException, UnicodeDecodeError, OverflowError):
                pass  # the other way knows more of what there can be
            else:
                if self._are_placed([record.offset for record in records]):
                    return records
        return self._slowly(raw)

    def _are_placed(self, offsets: list[int]) -> bool:
        """Return whether `offsets` are this batch's, each beyond the one before it."""
        first: int = self.base_offset
        end: int = self.next_offset
        if offsets == list(range(first, first + len(offsets))):
            return first + len(offsets) <= end
        return first <= offsets[0] and offsets[-1] < end and all(one < other for one, other in pairwise(offsets))

    def _slowly(self, raw: bytes) -> list[DefaultRecord]:
        made = self._made
        (count,) = _COUNT.unpack_from(raw)
        if not 0 <= count <= SLOW_RECORDS:
            raise Unreadable(f"{count} records, at most {SLOW_RECORDS} are read of a batch like this")
        found = []
        place = _RECORDS_AT
        for _ in range(count):
            length, place = _varint(raw, place)
            record = _Record(raw, place, length)
            place += length
            found.append(record)
        offsets = [self.base_offset + record.offset_delta for record in found]
        if not self._are_placed(offsets):
            if count != self.next_offset - self.base_offset:
                raise Unreadable("the offsets of its records are not its own")
            # The broker counted them when it took the batch, and did not look at the numbers that they gave themselves.
            offsets = list(range(self.base_offset, self.next_offset))
        by_broker = made.timestamp_type == 1
        return [
            DefaultRecord(
                offset,
                made.max_timestamp if by_broker else _bounded(made.first_timestamp + record.timestamp_delta),
                made.timestamp_type,
                record.key,
                record.value,
                record.headers,
            )
            for offset, record in zip(offsets, found, strict=True)
        ]


class _Record:
    """One record as its bytes have it; the names of headers need not be UTF-8, and of many only the first are kept."""

    MOST_HEADERS: Final = 100

    def __init__(self, raw: bytes, place: int, length: int) -> None:
        end = place + length
        if not 0 < length <= len(raw) - place:
            raise Unreadable("a record ends beyond the batch")
        place += 1  # attributes, which have no meaning yet
        self.timestamp_delta, place = _varint(raw, place)
        self.offset_delta, place = _varint(raw, place)
        self.key, place = _sized(raw, place, end)
        self.value, place = _sized(raw, place, end)
        count, place = _varint(raw, place)
        self.headers: list[tuple[str, bytes | None]] = []
        for _ in range(min(count, self.MOST_HEADERS)):
            name, place = _sized(raw, place, end)
            held, place = _sized(raw, place, end)
            self.headers.append(((name or b"").decode(errors="replace"), held))


def _varint(raw: bytes, place: int) -> tuple[int, int]:
    """Return the zigzagged number at `place`, and where it ends."""
    number = shift = 0
    while shift < 70:
        if place >= len(raw):
            break
        byte = raw[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), place
        shift += 7
    raise Unreadable("a number in it does not end")


def _sized(raw: bytes, place: int, end: int) -> tuple[bytes | None, int]:
    """Return the bytes behind their length at `place`, None for the length -1, and where they end."""
    size, place = _varint(raw, place)
    if size < 0:
        return None, place
    if size > end - place:
        raise Unreadable("a part of a record ends beyond it")
    return raw[place : place + size], place + size


def _bounded(timestamp: int) -> int:
    return max(-(2**63), min(timestamp, 2**63 - 1))


def read_whatever_comes() -> None:
    """Let the consumers of this process read fetched batches by `FetchedRecords`."""
    fetcher.MemoryRecords = FetchedRecords

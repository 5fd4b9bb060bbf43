"""Whatever a broker takes of record batches is read, or is one record that says why not; with bounds."""

from __future__ import annotations

import random
import tracemalloc
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.record import MemoryRecords

from streams.engine import fetched
from streams.engine.fetched import FetchedRecords, UnreadKey
from streams.engine.intake import Intake
from streams.events import Output, Source
from tests.kafka.raw_batches import CONTROL, GZIP, LZ4, NOW, SNAPPY, TRANSACTIONAL, ZSTD, batch, record, sized, varint

THREE = [record(b"k", b"v%d" % place, place=place) for place in range(3)]
READ = [(place, b"k", b"v%d" % place) for place in range(3)]
CODECS: dict[str, tuple[int, Any]] = {
    "gzip": (GZIP, gzip_encode),
    "snappy": (SNAPPY, snappy_encode),
    "snappy, one block": (SNAPPY, lambda plain: snappy_encode(plain, xerial_compatible=False)),
    "lz4": (LZ4, lz4_encode),
    "zstd": (ZSTD, zstd_encode),
}
PLAIN = (0, bytes)
BOMBS = {name: codec for name, codec in CODECS.items() if codec[0] != SNAPPY}


def compressed(records: list[bytes], codec: tuple[int, Any], more: bytes = b"") -> bytes:
    attributes, encode = codec
    return batch(records, attributes=attributes, payload=bytes(encode(b"".join(records))) + more)


def read(raw: bytes) -> list[Any]:
    found = FetchedRecords(raw)
    records = []
    while found.has_next():
        next_batch = found.next_batch()
        assert next_batch.validate_crc()
        records += list(next_batch)
    return records


def parts(records: list[Any]) -> list[tuple[int, bytes | None, bytes | None]]:
    return [(one.offset, one.key, one.value) for one in records]


@pytest.mark.parametrize("codec", [PLAIN, *CODECS.values()], ids=["plain", *CODECS])
def test_a_batch_is_read_whichever_way_it_is_compressed(codec: tuple[int, Any]) -> None:
    assert parts(read(compressed(THREE, codec))) == READ


def test_gzip_streams_that_follow_each_other_are_one() -> None:
    rest = bytes(gzip_encode(b"".join(THREE[1:])))
    assert parts(read(batch(THREE, attributes=GZIP, payload=gzip_encode(THREE[0]) + rest + b"more"))) == READ


def test_batches_follow_each_other_and_one_cut_off_is_left_for_the_next_fetch() -> None:
    raw = batch(THREE) + batch(THREE, base=3) + batch(THREE, base=6)[:-1]
    assert [one.offset for one in read(raw)] == list(range(6))


def test_offsets_may_be_missing_after_compaction() -> None:
    kept = compressed([THREE[0], record(b"k", b"v2", place=2)], PLAIN)
    # Of a compacted batch the last offset stays what it was.
    raw = batch([THREE[0], record(b"k", b"v2", place=2)], last=2)
    assert kept != raw
    assert parts(read(raw)) == [READ[0], READ[2]]


@pytest.mark.parametrize("codec", [PLAIN, *CODECS.values()], ids=["plain", *CODECS])
def test_header_names_need_not_be_text(codec: tuple[int, Any]) -> None:
    (one,) = read(compressed([record(b"k", b"v", headers=[(b"\xff", b"x"), (b"h", None)])], codec))
    assert (one.key, one.value, one.headers) == (b"k", b"v", [("\ufffd", b"x"), ("h", None)])


@pytest.mark.parametrize("codec", [PLAIN, *CODECS.values()], ids=["plain", *CODECS])
def test_attributes_without_a_meaning_change_nothing(codec: tuple[int, Any]) -> None:
    assert parts(read(compressed([record(b"k", b"v", attributes=0xFF)], codec))) == [(0, b"k", b"v")]


@pytest.mark.parametrize("places", [(0, 0), (-5, 1), (2**30, 2**30 + 1), (1, 0), (0, 2)])
def test_records_have_the_offsets_that_the_broker_counted(places: tuple[int, int]) -> None:
    raw = batch([record(b"k", b"v%d" % number, place=place) for number, place in enumerate(places)])
    assert parts(read(raw)) == READ[:2]


def test_control_batches_are_handed_on_as_they_are() -> None:
    found = FetchedRecords(batch([record(b"\x00\x00\x00\x00", b"")], attributes=CONTROL))
    made = found.next_batch()
    assert made.is_control_batch
    assert next(made).key == b"\x00\x00\x00\x00"


UNREADABLE = {
    **{f"bomb of {name}": compressed([record(b"k", bytes(17 << 20))], codec) for name, codec in BOMBS.items()},
    **{
        f"noise for {name}": batch(THREE, attributes=codec, payload=b"no compressed text")
        for name, (codec, _) in CODECS.items()
    },
    **{
        f"{name} cut off": batch(THREE, attributes=codec, payload=bytes(encode(b"".join(THREE)))[:-3])
        for name, (codec, encode) in CODECS.items()
    },
    "thousands of gzip streams": compressed(THREE, CODECS["gzip"], gzip_encode(b"") * 5_000),
    "more after lz4": compressed(THREE, CODECS["lz4"], b"more"),
    "snappy that claims gigabytes": batch(THREE, attributes=SNAPPY, payload=b"\xff\xff\xff\xff\x0fxxxxxxxx"),
    "an unknown codec": batch(THREE, attributes=5),
    "a record longer than the batch": batch([varint(1_000) + b"x" * 10]),
    "a record without length": batch([varint(0)]),
    "a negative length": batch([varint(-5) + b"x" * 10]),
    "a key longer than its record": batch([sized(b"\x00\x00\x00" + varint(2**40))]),
    "numbers without end": batch([b"\xff" * 40]),
    "fewer records than counted": batch(THREE[:1], count=3),
    "offsets of a compacted batch that go back": batch([THREE[2], THREE[0]], last=2),
    "very many records in a large batch": compressed([record(b"", b"")] * 800_000, CODECS["zstd"]),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_one_dead_letter_that_holds_the_batch(name: str) -> None:
    raw = UNREADABLE[name]
    (one,) = read(raw)
    assert isinstance(one.key, UnreadKey)
    source = Source("annotations", bytes, lambda _: "", tombstones=True)
    letter = Intake([source], 0, 1, 262_144).gate("annotations")(one)
    assert isinstance(letter, Output)
    assert (letter.tag, letter.key, letter.value) == ("unreadable", b"annotations/0/0", raw)
    assert "key" not in dict(letter.headers)
    assert dict(letter.headers)["offset"] == b"0"
    assert dict(letter.headers)["error"].startswith(b"value: batch of offsets 0 to ")


def test_a_bomb_takes_no_more_memory_than_it_may() -> None:
    bomb = compressed([record(b"k", bytes(100 << 20))], CODECS["zstd"])
    tracemalloc.start()
    try:
        read(bomb)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(bomb) < 1 << 16
    assert most < 3 * fetched.UNPACKED_BYTES


def test_of_many_small_bombs_one_fetch_unpacks_as_much_as_of_one() -> None:
    large = compressed([record(b"k", bytes(10 << 20))], CODECS["zstd"])
    assert len(read(large * 20)) == 2


def test_many_headers_are_left_out_where_they_would_take_much_memory() -> None:
    count = 3_000_000
    crowded = sized(b"\x00" * 3 + sized(b"k") + sized(b"v") + varint(count) + (sized(b"") + sized(None)) * count)
    (one,) = read(compressed([crowded], CODECS["zstd"]))
    assert (one.key, one.value) == (b"k", b"v")
    assert len(one.headers) == 100


def test_damaged_batches_are_read_like_aiokafka_or_refused() -> None:
    rng = random.Random(8)
    for _ in range(1_000):
        raw = bytearray(compressed(THREE, rng.choice([PLAIN, *CODECS.values()])))
        for _ in range(rng.choice([1, 1, 3])):
            raw[rng.randrange(61, len(raw))] = rng.randrange(256)
        found = FetchedRecords(bytes(raw)).next_batch()
        records = list(found)
        unread = isinstance(records[0].key, UnreadKey)
        assert [one.offset for one in records] == ([0] if unread else [0, 1, 2])


def test_a_whole_batch_is_read_as_aiokafka_reads_it() -> None:
    raw = batch([record(None, None, headers=[(b"h", b"x")], timestamp=-7), record(b"", b"", place=1, timestamp=9)])
    theirs = MemoryRecords(raw).next_batch()
    assert theirs is not None
    fields = ("offset", "timestamp", "timestamp_type", "key", "value", "headers")
    ours = [[getattr(one, name) for name in fields] for one in read(raw)]
    assert ours == [[getattr(one, name) for name in fields] for one in theirs]
    assert ours[0][1] == NOW - 7


def fetch(raw: bytes, start: int = 0, aborted: list[tuple[int, int]] | None = None) -> tuple[list[int], int]:
    """Return the offsets that aiokafka takes of `raw`, and where it fetches next."""
    taken = PartitionRecords(
        TopicPartition("t", 0), FetchedRecords(raw), aborted, start, None, None, True, READ_COMMITTED
    )
    return [one.offset for one in taken], taken.next_fetch_offset


def test_aiokafka_takes_batches_of_any_make_and_goes_on_behind_them() -> None:
    unreadable, rest = batch(THREE, payload=b"x", attributes=ZSTD), batch(THREE, base=3) + batch([THREE[2]], base=6)
    assert fetch(unreadable + rest) == ([0, 3, 4, 5, 6], 7)
    assert fetch(unreadable + rest, start=1) == ([3, 4, 5, 6], 7)
    assert fetch(rest, start=4) == ([4, 5, 6], 7)


def test_aiokafka_passes_over_aborted_batches_without_unpacking_them() -> None:
    no_producer = -1
    raw = batch(THREE, payload=b"x", attributes=ZSTD | TRANSACTIONAL) + batch(THREE, base=3)
    assert fetch(raw, aborted=[(no_producer, 0)]) == ([3, 4, 5], 6)

"""Exactly the last accepted ids are known, whatever the buckets do."""

from __future__ import annotations

from hashlib import blake2b

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.quality.keys import key
from streams.quality.seen import BUCKETS, Bucket, is_known, remember
from tests.quality.harness import MemoryState


def digest(name: str) -> str:
    return blake2b(name.encode(), digest_size=10).hexdigest()


def place(name: str) -> int:
    return int(digest(name)[:3], 16) % BUCKETS


# Few buckets, so that they fill.
IDS = [name for name in map(str, range(40_000)) if place(name) < 3][:31]


@given(st.lists(st.sampled_from(IDS)), st.integers(1, 12), st.integers(1, 7))
def test_the_last_accepted_ids_are_known_and_no_others(ids: list[str], remembered: int, batch: int) -> None:
    state, accepted = MemoryState(), list[str]()
    for position, annotation_id in enumerate(ids):
        if position % batch == 0:
            state.commit()
        known = is_known(state, "ann", annotation_id, remembered)
        assert known == (annotation_id in accepted[-remembered:])
        if not known:
            remember(state, "ann", annotation_id, remembered)
            accepted.append(annotation_id)
            bucket = state.get(key("i", "ann", str(place(annotation_id))), Bucket)
            assert bucket is not None
            assert set(bucket.numbers) <= set(map(digest, accepted[-remembered:]))


def test_long_ids_that_share_a_bucket_keep_it_small() -> None:
    state = MemoryState()
    for name in IDS:
        remember(state, "ann", name + "x" * 190, 10_000)
    state.commit()
    assert max(map(len, state.committed.values())) < 40 * len(IDS)


def test_annotators_have_their_own_ids() -> None:
    state = MemoryState()
    remember(state, "ann", "x1", 10)
    assert is_known(state, "ann", "x1", 10)
    assert not is_known(state, "bob", "x1", 10)


def test_what_is_forgotten_is_dropped_when_its_bucket_is_written() -> None:
    state = MemoryState()
    for number in range(20_000):
        remember(state, "ann", f"x{number}", 1_000)
    state.commit()
    buckets = [
        msgspec.json.decode(raw, type=Bucket) for name, raw in state.committed.items() if name.count("\x1f") == 2
    ]
    assert len(buckets) == 1024
    kept = sum(len(bucket.numbers) for bucket in buckets)
    assert 1_000 <= kept <= 3_500
    assert max(len(bucket.numbers) for bucket in buckets) < 20
    assert msgspec.json.decode(state.committed[key("i", "ann")]) == [20_000]

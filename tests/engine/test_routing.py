"""Keys go where Kafka's own partitioner sends them, however many are hashed at once."""

from __future__ import annotations

from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.routing import learn, murmur2_of, partition_of

KEYS = st.lists(st.binary(max_size=60), min_size=1, max_size=60)


def by_the_client(key: bytes, partitions: int) -> int:
    return (int(murmur2(key)) & 0x7FFFFFFF) % partitions


@given(st.integers(0, 60).flatmap(lambda n: st.lists(st.binary(min_size=n, max_size=n), min_size=1, max_size=40)))
def test_hashes_of_many_keys_are_those_of_each(keys: list[bytes]) -> None:
    assert murmur2_of(keys) == [int(murmur2(key)) & 0x7FFFFFFF for key in keys]


@given(KEYS, st.integers(1, 1000), st.booleans())
def test_a_key_has_one_partition_learned_or_not(keys: list[bytes], partitions: int, learned: bool) -> None:
    if learned:
        learn(keys)
    assert [partition_of(key, partitions) for key in keys] == [by_the_client(key, partitions) for key in keys]


def test_more_keys_than_are_remembered_keep_their_partitions() -> None:
    keys = [b"task-%d" % n for n in range(140_000)]
    for first in range(0, len(keys), 20_000):
        learn(keys[first : first + 20_000])
    for key in (keys[0], keys[-1]):
        assert partition_of(key, 12) == by_the_client(key, 12)

"""Which partition a key belongs to: Kafka's murmur2, remembered for the keys in use."""

from __future__ import annotations

from functools import lru_cache

from aiokafka.partitioner import murmur2


@lru_cache(maxsize=1 << 17)
def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition that Kafka's default partitioner gives `key`."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions

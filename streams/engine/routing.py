"""Which partition a key belongs to: Kafka's murmur2, remembered for the keys in use, and reckoned by the batch.

The hash is MurmurHash2 (Austin Appleby, public domain) with Kafka's seed. In Python it takes as long as all else that
is done to a record, so the keys of a batch that are new are hashed together, those of one length at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import numpy as np
from aiokafka.partitioner import murmur2

HASHES = 1 << 17
"""How many keys are remembered; then it starts over."""
_FEW = 8
"""So many keys of a length are sooner hashed one by one."""

_SEED, _M = 0x9747B28C, np.uint32(0x5BD1E995)

_hashes: dict[bytes, int] = {}


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition that Kafka's default partitioner gives `key`."""
    found = _hashes.get(key)
    if found is None:
        _remember({key: int(murmur2(key)) & 0x7FFFFFFF})
        found = _hashes[key]
    return found % partitions


def learn(keys: Iterable[bytes]) -> None:
    """Hash the keys that are not remembered, so that `partition_of` need not."""
    by_length: dict[int, list[bytes]] = {}
    for key in set(keys).difference(_hashes):
        by_length.setdefault(len(key), []).append(key)
    for alike in by_length.values():
        if len(alike) > _FEW:
            _remember(dict(zip(alike, murmur2_of(alike), strict=True)))


def murmur2_of(keys: Sequence[bytes]) -> list[int]:
    """Return the hashes of keys of one length, without their sign bit.

    >>> murmur2_of([b"duck", b"swan"]) == [murmur2(b"duck") & 0x7FFFFFFF, murmur2(b"swan") & 0x7FFFFFFF]
    True
    """
    length = len(keys[0])
    whole, rest = divmod(length, 4)
    table = np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), length)
    words = np.ascontiguousarray(table[:, : whole * 4]).view("<u4")
    hashes = np.full(len(keys), _SEED ^ length, np.uint32)
    for place in range(whole):
        word = words[:, place] * _M
        word ^= word >> np.uint32(24)
        hashes = (hashes * _M) ^ (word * _M)
    if rest:
        for place in range(rest):
            hashes ^= table[:, whole * 4 + place].astype(np.uint32) << np.uint32(8 * place)
        hashes *= _M
    hashes ^= hashes >> np.uint32(13)
    hashes *= _M
    hashes ^= hashes >> np.uint32(15)
    return cast(list[int], (hashes & np.uint32(0x7FFFFFFF)).tolist())


def _remember(fresh: dict[bytes, int]) -> None:
    if len(_hashes) + len(fresh) > HASHES:
        _hashes.clear()
    _hashes.update(fresh)

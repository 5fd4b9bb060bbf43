"""Record batches byte by byte, as a producer may send them that is no client library."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.util import calc_crc32c

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
TRANSACTIONAL, CONTROL = 0x10, 0x20

NOW = 1_760_000_000_000


def varint(value: int) -> bytes:
    """Return `value` zigzagged, seven bits a byte."""
    rest = (value << 1) ^ (value >> 63)
    encoded = bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def sized(part: bytes | None) -> bytes:
    """Return `part` behind its length; None has the length -1."""
    return varint(-1) if part is None else varint(len(part)) + part


def record(
    key: bytes | None,
    value: bytes | None,
    *,
    place: int = 0,
    headers: Sequence[tuple[bytes, bytes | None]] = (),
    attributes: int = 0,
    timestamp: int = 0,
) -> bytes:
    """Return one record: `place` and `timestamp` are counted from the batch's."""
    body = bytes((attributes,)) + varint(timestamp) + varint(place) + sized(key) + sized(value)
    body += varint(len(headers)) + b"".join(sized(name) + sized(held) for name, held in headers)
    return sized(body)


def batch(
    records: Sequence[bytes],
    *,
    attributes: int = 0,
    base: int = 0,
    count: int | None = None,
    last: int | None = None,
    payload: bytes | None = None,
) -> bytes:
    """Return a record batch.

    Parameters
    ----------
    base, last : int
        Offsets: of the batch, and of its last record counted from there.
    count : int, optional
        How many records it says that it has.
    payload : bytes, optional
        What stands in the place of `records` where they are compressed.
    """
    said = len(records) if count is None else count
    delta = said - 1 if last is None else last
    held = b"".join(records) if payload is None else payload
    tail = struct.pack(">hiqqqhii", attributes, delta, NOW, NOW, -1, -1, -1, said) + held
    return struct.pack(">qiibI", base, len(tail) + 9, -1, 2, calc_crc32c(tail)) + tail


async def send(bootstrap: str, topic: str, partition: int, raw: bytes) -> str:
    """Produce `raw`; return the name of the broker's answer, ``NoError`` where it took it."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        await client.set_topics([topic])
        node = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        request = ProduceRequest(None, -1, 30_000, [(topic, [(partition, raw)])])
        response = await client.send(node, request)
        return str(for_code(response.topics[0][1][0][1]).__name__)
    finally:
        await client.close()

"""What a compressed record batch holds, up to a bound: brokers take kilobytes that unpack to gigabytes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Final

import cramjam

from streams.engine.errors import Unreadable

_GZIP: Final = b"\x1f\x8b"
_GZIP_MEMBERS: Final = 16
"""What follows one is copied when it ends: thousands of empty ones would take the square of their bytes."""
_XERIAL: Final = b"\x82SNAPPY\x00"
_XERIAL_HEADER_BYTES: Final = 16


def unpack(codec: int, packed: bytes, most: int) -> bytes:
    """Return what `packed` holds.

    Parameters
    ----------
    codec : int
        As the attributes of a record batch name it.
    most : int
        Bytes it may unpack to.

    Raises
    ------
    Unreadable
        It would be more, or `packed` is damaged.
    """
    try:
        return _CODECS[codec](packed, most)
    except KeyError:
        raise Unreadable(f"compressed with codec {codec}, which is none of Kafka's") from None
    except (cramjam.DecompressionError, zlib.error, struct.error) as error:
        raise Unreadable(f"cannot be decompressed to {most} bytes at most: {error}") from None


def _gzip(packed: bytes, most: int) -> bytes:
    unpacked = b""
    for _ in range(_GZIP_MEMBERS):
        member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        # 0 would mean that there is no bound.
        unpacked += member.decompress(packed, most - len(unpacked) + 1)
        if len(unpacked) > most:
            raise _too_large(most)
        if not member.eof:
            raise Unreadable("its compressed records are cut off")
        packed = member.unused_data
        if not packed.startswith(_GZIP):
            return unpacked
    raise Unreadable(f"more than {_GZIP_MEMBERS} gzip streams in one")


def _snappy(packed: bytes, most: int) -> bytes:
    if not packed.startswith(_XERIAL):
        return _snappy_block(packed, most)
    unpacked = bytearray()
    place = _XERIAL_HEADER_BYTES
    while place < len(packed):
        (size,) = struct.unpack_from("!I", packed, place)
        place += 4 + size
        unpacked += _snappy_block(packed[place - size : place], most - len(unpacked))
    return bytes(unpacked)


def _snappy_block(packed: bytes, most: int) -> bytes:
    if cramjam.snappy.decompress_raw_len(packed) > most:
        raise _too_large(most)
    return bytes(cramjam.snappy.decompress_raw(packed))


def _framed(into: Callable[[bytes, bytearray], int]) -> Callable[[bytes, int], bytes]:
    """Return the bounded form of a decoder that writes into a buffer and fails when that is full."""

    def decode(packed: bytes, most: int) -> bytes:
        size = max(1 << 16, 16 * len(packed))
        while size < most:
            buffer = bytearray(size)
            try:
                return bytes(memoryview(buffer)[: into(packed, buffer)])
            except cramjam.DecompressionError:
                size *= 8
        buffer = bytearray(most)
        return bytes(memoryview(buffer)[: into(packed, buffer)])

    return decode


_CODECS: Final[dict[int, Callable[[bytes, int], bytes]]] = {
    1: _gzip,
    2: _snappy,
    3: _framed(cramjam.lz4.decompress_into),
    4: _framed(cramjam.zstd.decompress_into),
}


def _too_large(most: int) -> Unreadable:
    return Unreadable(f"unpacks to more than {most} bytes")

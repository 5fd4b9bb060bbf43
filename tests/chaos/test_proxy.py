"""A proxy passes what it is given, later or slower where it is told to, and nothing once it is cut."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from streams.loopback import HOST
from tests.chaos.proxy import Proxy


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65_536):
        writer.write(chunk)
    writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    server = await asyncio.start_server(_echo, HOST, 0)
    made = Proxy(server.sockets[0].getsockname()[1])
    await made.start()
    yield made
    await made.close()
    server.close()


async def _through(proxy: Proxy, payload: bytes) -> float:
    """Return how many seconds it took `payload` to come back."""
    started = time.monotonic()
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    writer.write(payload)
    assert await reader.readexactly(len(payload)) == payload
    writer.close()
    return time.monotonic() - started


async def test_bytes_come_through_as_they_are(proxy: Proxy) -> None:
    await _through(proxy, bytes(range(256)) * 2_000)


async def test_a_delay_counts_for_each_way(proxy: Proxy) -> None:
    proxy.delay_s = 0.2
    assert await _through(proxy, b"x") >= 0.4


async def test_a_throttle_bounds_the_rate(proxy: Proxy) -> None:
    proxy.bytes_per_s = 10_000
    assert await _through(proxy, b"x" * 5_000) >= 0.5


async def test_what_is_cut_is_reset_and_refused_until_it_is_mended(proxy: Proxy) -> None:
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    writer.write(b"x")
    await reader.readexactly(1)
    proxy.cut()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await _through(proxy, b"x")
    proxy.mend()
    await _through(proxy, b"x")


async def test_a_broker_that_is_down_looks_down(proxy: Proxy) -> None:
    proxy.target = 1
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await _through(proxy, b"x")

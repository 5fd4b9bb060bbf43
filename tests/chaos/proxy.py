"""What stands between one worker and the broker, and can cut, delay and throttle."""

from __future__ import annotations

import asyncio
import contextlib

from streams.loopback import HOST, free_port

CHUNK = 65_536


class Proxy:
    """Passes bytes both ways between clients of `port` and the broker's listener at `target`.

    Attributes
    ----------
    delay_s : float
        How much later each chunk goes on.
    bytes_per_s : float or None
        Bound on each direction of each connection.
    """

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.target = target
        self.delay_s = 0.0
        self.bytes_per_s: float | None = None
        self._is_open = True
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self.port)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.gather(*self._links, return_exceptions=True)

    def cut(self) -> None:
        """Reset what is connected, and whatever connects until `mend`."""
        self._is_open = False
        for link in self._links:
            link.cancel()

    def mend(self) -> None:
        """Pass everything at once again."""
        self._is_open = True
        self.delay_s = 0.0
        self.bytes_per_s = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        self._links.add(link)
        ends = [writer]
        try:
            if not self._is_open:
                return
            back, forth = await asyncio.open_connection(HOST, self.target)
            ends.append(forth)
            ways = [asyncio.ensure_future(self._pump(reader, forth)), asyncio.ensure_future(self._pump(back, writer))]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            return  # the broker is down, or we were cut: the client sees a reset
        finally:
            self._links.discard(link)
            for end in ends:
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK if self.bytes_per_s is None else int(self.bytes_per_s / 4) + 1):
                wait = self.delay_s + (len(chunk) / self.bytes_per_s if self.bytes_per_s else 0.0)
                if wait:
                    await asyncio.sleep(wait)
                writer.write(chunk)
                await writer.drain()

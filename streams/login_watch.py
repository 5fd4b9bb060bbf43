"""Ends a worker that the brokers let in no more, as after a change of its password."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from streams.engine.errors import Fatal
from streams.refusals import refusal_by_all
from streams.security import client_security
from streams.settings import Settings

PAUSE_S = 2.0
"""How long connections may fail before it is asked again whether the brokers refuse us."""


class FailedConnections(logging.Handler):
    """Notices that a client of aiokafka could not connect: it tells nobody, logs it, and tries again for ever.

    Attributes
    ----------
    event : asyncio.Event
        Set when it happened, in whatever thread.
    """

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.event = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        if str(record.msg).startswith("Unable connect to"):
            self._loop.call_soon_threadsafe(self.event.set)


async def watch_logins(settings: Settings, crash: Callable[[BaseException], Awaitable[None]]) -> None:
    """Crash when the brokers refuse us; let the clients try on while the brokers are only away."""
    security = client_security(settings)
    failed = FailedConnections()
    logger = logging.getLogger("aiokafka")
    logger.addHandler(failed)
    try:
        while True:
            await failed.event.wait()
            failed.event.clear()
            reason = await refusal_by_all(settings.broker, security)
            if reason is not None:
                await crash(Fatal(reason))
                return
            await asyncio.sleep(PAUSE_S)
    finally:
        logger.removeHandler(failed)

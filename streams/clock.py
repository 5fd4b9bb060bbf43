"""The ticks: each partition's owner sends them, and they are the only clock that state sees."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

from faust.exceptions import ProducerSendError

from streams.engine.app import App, Engine
from streams.engine.errors import Verdict, verdict

log = logging.getLogger(__name__)

TICKED = {"annotators": "ticks.a", "tasks": "ticks.t"}


def start_clock(app: App, engine: Engine, topics: Mapping[str, str], interval_s: float) -> None:
    """Declare the timer that ticks every open partition of every ticked side.

    Ticks may be lost or doubled: they only say how late it is at least. A worker that may not send them would hold
    the clock for ever, and crashes.
    """

    def delivered(sent: asyncio.Future[Any]) -> None:
        error = None if sent.cancelled() else sent.exception()
        if error is not None and verdict(error) is Verdict.FATAL:
            app.add_future(app.crash(error))

    @app.timer(interval_s, name="ticks")  # type: ignore[untyped-decorator]  # Faust leaves it so
    async def tick() -> None:
        value = b'{"at":%d}' % (time.time() * 1000)
        sends = [
            app.producer.send(topics[topic], b"", value, partition, None, None)
            for side, topic in TICKED.items()
            for partition in engine.tables[side].partitioned.open_partitions()
        ]
        try:
            for sent in await asyncio.wait_for(asyncio.gather(*sends), timeout=interval_s):
                asyncio.ensure_future(sent).add_done_callback(delivered)
        except (TimeoutError, ProducerSendError) as error:
            if verdict(error) is Verdict.FATAL:
                await app.crash(error)
            else:
                log.warning("ticks could not be sent within %.1f s; the next ones make up for them", interval_s)

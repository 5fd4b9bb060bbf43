"""Waiting until a worker's table holds what was published."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from benchmarks.contestants import Goldstream

STALL_SECONDS = 60.0


async def until_stored(worker: Goldstream, phase: str, count: int, advance: Callable[[int], None]) -> None:
    """Return when the gauge of tasks says `count` in `phase`.

    Raises
    ------
    RuntimeError
        The worker ended, or the gauge did not move for a minute.
    """
    seen, moved = 0, time.monotonic()
    while seen < count:
        await asyncio.sleep(0.5)
        if not worker.running:
            raise RuntimeError(f"{worker.name} ended:\n{worker.log_text()[-4000:]}")
        now = int(await asyncio.to_thread(worker.metric, f'goldstream_tasks{{phase="{phase}"}}'))
        if now > seen:
            advance(now - seen)
            seen, moved = now, time.monotonic()
        elif time.monotonic() - moved > STALL_SECONDS:
            raise RuntimeError(f"{worker.name} stands at {seen} of {count} ({phase}):\n{worker.log_text()[-4000:]}")

"""Waiting until workers' tables hold what was published."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from tests.kafka.cluster import Worker

STALL_SECONDS = 60.0


async def until_stored(
    workers: Worker | Sequence[Worker], phase: str, count: int, advance: Callable[[int], None]
) -> None:
    """Return when the gauge of tasks says `count` in `phase`, over all workers.

    Raises
    ------
    RuntimeError
        A worker ended, or the gauge did not move for a minute.
    """
    group = [workers] if isinstance(workers, Worker) else workers
    seen, moved = 0, time.monotonic()
    while seen < count:
        await asyncio.sleep(0.5)
        now = 0
        for worker in group:
            if not worker.running:
                raise RuntimeError(f"{worker.name} ended:\n{worker.log_text()[-4000:]}")
            now += int(await asyncio.to_thread(worker.metric, f'goldstream_tasks{{phase="{phase}"}}'))
        if now > seen:
            advance(now - seen)
            seen, moved = now, time.monotonic()
        elif time.monotonic() - moved > STALL_SECONDS:
            tail = group[0].log_text()[-4000:]
            raise RuntimeError(f"{group[0].name} stands at {seen} of {count} ({phase}):\n{tail}")

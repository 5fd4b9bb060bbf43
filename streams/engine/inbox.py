"""The batches that wait for a processor: bounded by records and bytes, closed while the partition is not at work."""

from __future__ import annotations

import asyncio
from collections import deque

from streams.engine.transport import Batch


class Inbox:
    """A queue of batches with back-pressure.

    Parameters
    ----------
    bound : int
        Weight from which `put` waits, and of what `take` returns at once; see `Batch.weight`.
    """

    def __init__(self, bound: int) -> None:
        self.is_open = False
        self._bound = bound
        self._batches: deque[Batch] = deque()
        self._weight = 0
        self._arrived = asyncio.Event()
        self._drained = asyncio.Event()

    def __bool__(self) -> bool:
        return bool(self._batches)

    def open(self) -> None:
        """Accept batches from now on."""
        self.is_open = True

    def close(self) -> None:
        """Drop what waits, and whatever comes; who waits to put is let go."""
        self.is_open = False
        self._batches.clear()
        self._weight = 0
        self._drained.set()

    async def put(self, batch: Batch) -> None:
        """Queue a batch; wait while twice the bound is queued. A closed inbox drops it: it will be read again."""
        while self.is_open and self._weight >= 2 * self._bound:
            self._drained.clear()
            await self._drained.wait()
        if self.is_open:
            self._batches.append(batch)
            self._weight += batch.weight
            self._arrived.set()

    async def wait(self, seconds: float) -> None:
        """Return when something waits, after `seconds` at the latest."""
        try:
            await asyncio.wait_for(self._arrived.wait(), seconds)
        except TimeoutError:
            return

    def take(self) -> list[Batch]:
        """Return batches up to the bound, at least one if there is one."""
        taken: list[Batch] = []
        weight = 0
        while self._batches and (not taken or weight + self._batches[0].weight <= self._bound):
            batch = self._batches.popleft()
            weight += batch.weight
            taken.append(batch)
        self._weight -= weight
        if not self._batches:
            self._arrived.clear()
        self._drained.set()
        return taken

    def put_back(self, batches: list[Batch]) -> None:
        """Queue again, in front, what did not fit into the commit."""
        if self.is_open:
            self._batches.extendleft(reversed(batches))
            self._weight += sum(batch.weight for batch in batches)
            self._arrived.set()

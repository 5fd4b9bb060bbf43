"""Faust tables whose partitions are processors.

A table restores itself: Faust's recovery has nothing to stream here, and its `on_recovery_completed`, which it awaits
while the app is paused and before it seeks to the committed offsets, is where the partitions are opened.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import faust
from faust.stores.base import Store
from faust.tables.manager import TableManager as FaustTableManager
from faust.tables.recovery import Recovery as FaustRecovery
from faust.types import TP
from faust.types.transports import ConsumerT

from streams.engine.errors import Verdict, verdict
from streams.engine.ports import Place
from streams.engine.processor import Processor
from streams.engine.transport import Batch, Consumer

log = logging.getLogger(__name__)

KEEP_PARKED_S = 60.0
"""How long the state of a partition that moved away is kept, in case it comes straight back."""


class WorkerLinks:
    """What processors need from the Faust app around them."""

    def __init__(self, app: faust.App) -> None:
        self._app = app

    @property
    def consumer(self) -> Consumer:
        """The app's consumer."""
        return cast(Consumer, self._app.consumer)

    async def is_ours(self, place: Place) -> bool:
        """See `streams.engine.ports.Links`."""
        sources = self._sources(place)
        return await self.consumer.is_current(sources.values())

    async def rewind(self, place: Place, positions: Mapping[str, int]) -> dict[str, int]:
        """See `streams.engine.ports.Links`."""
        sources = self._sources(place)
        counts = await self.consumer.rewind({sources[topic]: offset for topic, offset in positions.items()})
        return {topic: counts.get(sources[topic], 0) for topic in positions}

    def fetched_to(self, place: Place) -> dict[str, int]:
        """See `streams.engine.ports.Links`."""
        found = {topic: self.consumer.fetched_to(tp) for topic, tp in self._sources(place).items()}
        return {topic: offset for topic, offset in found.items() if offset is not None}

    def generation(self) -> int:
        """See `streams.engine.ports.Links`."""
        return int(self._app.consumer_generation_id)

    async def crash(self, error: BaseException) -> None:
        """See `streams.engine.ports.Links`."""
        await self._app.crash(error)

    @staticmethod
    def _sources(place: Place) -> dict[str, TP]:
        return {topic: TP(place.topics[topic], place.partition) for topic in place.sources}


class PartitionedStore(Store[str, bytes]):
    """The store of a `Table`: one processor for each partition that is ours."""

    def __init__(self, table: Table, make: Callable[[int], Processor]) -> None:
        super().__init__("partitioned://", table.app, table)
        self.processors: dict[int, Processor] = {}
        self.is_ready = False
        self._epoch = 0
        self._make = make
        self._lock = asyncio.Lock()

    def __hash__(self) -> int:
        return object.__hash__(self)

    def persisted_offset(self, _tp: TP) -> int | None:
        """Nothing is persisted in the worker."""
        return None

    async def on_recovery_completed(self, active_tps: set[TP], _standby_tps: set[TP]) -> None:
        """Open what is ours now. Faust swallows what is raised here, so nothing is: the app crashes instead."""
        self._epoch += 1
        epoch = self._epoch
        try:
            # Faust starts a recovery anew while an older one runs: what that still opens is void, and holds the lock.
            await self._let_go(timeout_s=1.0)
            await self._open({tp.partition for tp in active_tps}, epoch)
        except Exception as error:
            if verdict(error) is not Verdict.FATAL:
                log.exception("%s: could not be opened", self.table_name)
            await self.app.crash(error)

    async def _open(self, ours: set[int], epoch: int) -> None:
        async with self._lock:
            if epoch != self._epoch:
                return
            self._forget()
            for partition in ours:
                if partition not in self.processors:
                    self.processors[partition] = self._make(partition)
            to_open = [self.processors[partition] for partition in sorted(ours)]
            opened = await asyncio.gather(*(processor.open() for processor in to_open))
            self.is_ready = all(opened) and epoch == self._epoch

    def _forget(self) -> None:
        oldest = time.monotonic() - KEEP_PARKED_S
        for partition, processor in list(self.processors.items()):
            if processor.parked_at < oldest:
                del self.processors[partition]

    async def park(self, *, timeout_s: float) -> None:
        """Let every partition go; each finishes its open transaction first, within the bound."""
        self._epoch += 1
        await self._let_go(timeout_s=timeout_s)

    async def _let_go(self, *, timeout_s: float) -> None:
        self.is_ready = False
        await asyncio.gather(*(processor.park(timeout_s=timeout_s) for processor in self.processors.values()))

    async def feed(self, batch: Batch) -> None:
        """Hand a batch to its partition's processor."""
        processor = self.processors.get(batch.tp.partition)
        if processor is not None:
            await processor.offer(batch)

    def open_partitions(self) -> list[int]:
        """Return the partitions that are ours and at work."""
        return [partition for partition, processor in self.processors.items() if processor.is_open]

    # -- reading, for pages and tests: the state is written by its processor alone

    def __getitem__(self, key: str) -> bytes:
        for processor in self.processors.values():
            value = processor.changelog.table.get(key) if processor.is_open else None
            if value is not None:
                return value
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        for processor in self.processors.values():
            if processor.is_open:
                yield from processor.changelog.table

    def __len__(self) -> int:
        return sum(len(processor.changelog.table) for processor in self.processors.values() if processor.is_open)

    def __setitem__(self, key: str, value: bytes) -> None:
        raise TypeError("a partitioned table is written by its processor alone")

    def __delitem__(self, key: str) -> None:
        raise TypeError("a partitioned table is written by its processor alone")

    def apply_changelog_batch(self, batch: Any, to_key: Any, to_value: Any) -> None:
        """Faust has nothing to apply: partitions restore themselves."""

    def reset_state(self) -> None:
        """Faust asks for this when a table is reset; a processor's state follows its changelog alone."""

    async def backup_partition(self, tp: TP | int, *args: Any, **kwargs: Any) -> None:
        """There is nothing on disk to back up: the changelog is the copy."""

    def restore_backup(self, tp: TP | int, *args: Any, **kwargs: Any) -> None:
        """There is nothing on disk to restore: the changelog is the copy."""


class Table(faust.Table[str, bytes]):
    """A Faust table over `PartitionedStore`.

    Parameters
    ----------
    make : callable
        Makes the processor of a partition.
    park_timeout_s : float
        How long a partition may take to finish its transaction when it is let go.
    """

    def __init__(self, app: faust.App, *, make: Callable[[int], Processor], park_timeout_s: float, **kwargs: Any):
        super().__init__(app, key_type=str, value_type=bytes, **kwargs)
        self._make = make
        self._park_timeout_s = park_timeout_s

    def _new_store(self) -> PartitionedStore:
        return PartitionedStore(self, self._make)

    @property
    def partitioned(self) -> PartitionedStore:
        """The store, by its type."""
        return cast(PartitionedStore, self.data)

    async def on_stop(self) -> None:
        """Finish the open transactions before the app goes."""
        await self.partitioned.park(timeout_s=self._park_timeout_s)
        await super().on_stop()

    async def feed(self, batch: Batch) -> None:
        """Hand a batch to its partition's processor."""
        await self.partitioned.feed(batch)


class Recovery(FaustRecovery):
    """Faust's recovery with nothing to stream: it only drives the rebalance."""

    def need_recovery(self) -> bool:
        """Partitions restore themselves."""
        return False

    async def _build_highwaters(self, consumer: ConsumerT, tps: Any, destination: Any, title: str) -> None:
        """Not needed."""

    async def _build_offsets(self, consumer: ConsumerT, tps: Any, destination: Any, title: str) -> None:
        """Not needed."""

    async def _seek_offsets(self, consumer: ConsumerT, tps: Any, offsets: Any, title: str) -> None:
        """Not needed."""


class TableManager(FaustTableManager):
    """Faust's table manager with `Recovery`."""

    @property
    def recovery(self) -> Recovery:
        """The recovery service."""
        if self._recovery is None:
            self._recovery = Recovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return cast(Recovery, self._recovery)

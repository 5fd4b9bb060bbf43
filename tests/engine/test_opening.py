"""Who may open a partition when rebalances overtake each other; what goes to the broker is tested in tests/kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from faust.types import TP

from streams.engine import table
from streams.engine.ports import CommitReport, Place
from streams.engine.processor import Processor
from streams.engine.table import PartitionedStore, Table
from tests.kafka.counting import CountingSide


class Group:
    """The links of a worker whose group is what the test says it is."""

    def __init__(self) -> None:
        self.ours: set[int] = {0, 1}
        self.rebalancing = False
        self.crashes: list[BaseException] = []

    async def is_ours(self, place: Place) -> bool:
        await asyncio.sleep(0)
        return not self.rebalancing and place.partition in self.ours

    async def rewind(self, _place: Place, _positions: Mapping[str, int]) -> dict[str, int]:
        return {}

    def fetched_to(self, _place: Place) -> dict[str, int]:
        return {}

    def generation(self) -> int:
        return 1

    async def crash(self, error: BaseException) -> None:
        self.crashes.append(error)


class SilentWriter:
    """Opens and closes, and is not asked for more."""

    async def open(self) -> None:
        await asyncio.sleep(0)

    async def commit(self, *_: Any) -> int:
        raise AssertionError("nothing was to be committed")

    async def close(self) -> None:
        await asyncio.sleep(0)


class EmptyLog:
    """A reader of logs without records."""

    def __init__(self) -> None:
        self._fetcher = SimpleNamespace(_records={})

    async def start(self) -> None:
        await asyncio.sleep(0)

    async def stop(self) -> None:
        await asyncio.sleep(0)

    def assign(self, _: Any) -> None: ...

    def seek(self, *_: Any) -> None: ...

    async def beginning_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, 0)

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, 0)


class Nobody:
    def committed(self, _: CommitReport) -> None: ...

    def restored(self, *_: Any) -> None: ...

    def reopened(self, *_: Any) -> None: ...


def processor(group: Group, partition: int) -> Processor:
    topics = {name: name for name in ("numbers", "more", "counts", "dead-letters")}
    place = Place("counting", partition, "log", topics, ("numbers", "more"), 2)
    return Processor(
        CountingSide(),
        place,
        SilentWriter(),
        EmptyLog,
        group,
        Nobody(),
        batch_records=10,
        max_value_bytes=10,
        backoff_s=0.001,
    )


@pytest.fixture
def group() -> Group:
    return Group()


@pytest.fixture
def store(group: Group) -> PartitionedStore:
    owner = SimpleNamespace(name="counting", app=SimpleNamespace(crash=group.crash))
    return PartitionedStore(cast(Table, owner), lambda partition: processor(group, partition))


def logs(*partitions: int) -> set[TP]:
    return {TP("log", partition) for partition in partitions}


async def test_a_recovery_that_a_newer_one_overtook_neither_opens_nor_blocks(
    group: Group, store: PartitionedStore
) -> None:
    group.rebalancing = True
    stale = asyncio.create_task(store.on_recovery_completed(logs(0, 1), set()))
    await asyncio.sleep(0.01)
    group.ours, group.rebalancing = {0, 2}, False
    await asyncio.wait_for(store.on_recovery_completed(logs(0, 2), set()), 5)
    await asyncio.wait_for(stale, 5)
    assert store.is_ready
    assert sorted(store.open_partitions()) == [0, 2]
    await store.park(timeout_s=1)
    assert group.crashes == []


async def test_a_recovery_that_starts_after_the_revocation_opens_nothing_that_is_not_ours(
    group: Group, store: PartitionedStore
) -> None:
    await store.park(timeout_s=1)
    group.ours = {0}
    late = asyncio.create_task(store.on_recovery_completed(logs(0, 1), set()))
    await asyncio.sleep(0.01)
    await asyncio.wait_for(store.on_recovery_completed(logs(0), set()), 5)
    await asyncio.wait_for(late, 5)
    assert store.open_partitions() == [0]
    await store.park(timeout_s=1)


async def test_a_partition_that_was_away_for_long_starts_from_nothing(
    store: PartitionedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "KEEP_PARKED_S", 0.02)
    await store.on_recovery_completed(logs(0, 1), set())
    away = store.processors[1]
    await store.park(timeout_s=1)
    await store.on_recovery_completed(logs(0), set())
    await asyncio.sleep(0.05)  # away for longer than it is kept; other partitions are let go meanwhile
    await store.park(timeout_s=1)
    await store.on_recovery_completed(logs(0), set())
    await store.on_recovery_completed(logs(0, 1), set())
    assert store.processors[1] is not away
    await store.park(timeout_s=1)


async def test_a_partition_that_comes_straight_back_keeps_what_it_had(store: PartitionedStore) -> None:
    await store.on_recovery_completed(logs(0, 1), set())
    kept = store.processors[1]
    await store.park(timeout_s=1)
    await store.on_recovery_completed(logs(0), set())
    await store.on_recovery_completed(logs(0, 1), set())
    assert store.processors[1] is kept
    await store.park(timeout_s=1)


@pytest.mark.parametrize("steps", range(1, 13))
async def test_a_partition_parked_while_it_opens_stays_closed(group: Group, steps: int) -> None:
    one = processor(group, 0)
    opening = asyncio.create_task(one.open())
    for _ in range(steps):
        await asyncio.sleep(0)
    await one.park(timeout_s=1)
    assert await opening is False or not one.is_open
    assert not one.is_open

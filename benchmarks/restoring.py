"""How long a worker needs to come back with many open tasks, and what a task costs."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import msgspec

from benchmarks import workload
from benchmarks.contestants import Goldstream
from benchmarks.display import Display
from benchmarks.publishing import publish
from benchmarks.throughput import PARTITIONS
from benchmarks.waiting import until_stored
from streams.engine.changelog import Changelog
from streams.engine.clients import Clients
from streams.quality.task_state import Task, task_key
from streams.quality.tasks import TaskSide
from streams.topics import changelog, full_name
from tests.kafka.cluster import settings_for

NAMESPACE = "restore"
REDUNDANCY = 5


@dataclass(frozen=True)
class Restore:
    """A restart with `tasks` open tasks.

    Attributes
    ----------
    records : int
        Changelog records that were read, of all tables.
    seconds : float
        The longest of the tables, by the worker's metrics: mean over its partitions, which restore side by side.
    ready_s : float
        From the start of the process until it was ready, imports and joining the group included.
    ingest_per_second : float
        Annotations a second while the tasks were filled, the way there.
    bytes_mean, bytes_most : float, int
        Key and value of an open task with three votes.
    faults : tuple of str
        Why the figures are void.
    """

    tasks: int
    records: int
    seconds: float
    ready_s: float
    peak_rss_bytes: int
    ingest_per_second: float
    bytes_mean: float
    bytes_most: int
    faults: tuple[str, ...]

    @property
    def per_second(self) -> float:
        """Records a second."""
        return self.records / self.seconds


async def restore(bootstrap: str, folder: Path, tasks: int, display: Display) -> Restore:
    """Fill `tasks` tasks with three of five votes through the front door, and start the worker again."""
    settings = settings_for(bootstrap, NAMESPACE, partitions=PARTITIONS)
    worker = Goldstream(settings, folder, NAMESPACE)
    await worker.make_topics()
    try:
        await worker.started()
        ingest = await _fill(bootstrap, worker, tasks, display)
        worker.stop()
        with display.step(f"restore of {tasks:,} open tasks", None):
            began = time.monotonic()
            ready = await worker.started()
            metric = worker.metric
            records = sum(metric(f'goldstream_restore_records_total{{side="{side}"}}') for side in _SIDES)
            seconds = max(_mean_seconds(worker, side) for side in _SIDES)
            found = [int(metric(f'goldstream_tasks{{phase="{phase}"}}')) for phase in ("open", "votes")]
            peak = worker.usage.peak_rss_bytes
    finally:
        worker.stop()
    faults = [] if found == [tasks, tasks * workload.VOTES] else [f"restored {found[0]:,} tasks, {found[1]:,} votes"]
    with display.step("bytes per open task", None):
        sizes = await _sizes(bootstrap)
    if len(sizes) != tasks:
        faults.append(f"{len(sizes):,} open tasks with three votes in the changelog")
    result = Restore(
        tasks=tasks,
        records=int(records),
        seconds=seconds,
        ready_s=ready - began,
        peak_rss_bytes=peak,
        ingest_per_second=ingest,
        bytes_mean=statistics.fmean(sizes) if sizes else 0.0,
        bytes_most=max(sizes, default=0),
        faults=tuple(faults),
    )
    display.note(f"restore: {result.records:,} records in {seconds:.1f} s, {result.per_second:,.0f} a second")
    return result


_SIDES = ("annotators", "tasks", "projects")


def _mean_seconds(worker: Goldstream, side: str) -> float:
    count = worker.metric(f'goldstream_restores_total{{side="{side}"}}')
    return worker.metric(f'goldstream_restore_seconds_total{{side="{side}"}}') / count if count else 0.0


async def _fill(bootstrap: str, worker: Goldstream, tasks: int, display: Display) -> float:
    names = partial(full_name, NAMESPACE)
    votes = tasks * workload.VOTES
    with display.step(f"{tasks:,} tasks", tasks) as advance:
        published = chain([workload.project(REDUNDANCY)], workload.tasks(tasks))
        await publish(bootstrap, names, PARTITIONS, published)
        await until_stored(worker, "open", tasks, advance)
    with display.step(f"{votes:,} annotations for them", votes) as advance:
        began = time.monotonic()
        await publish(bootstrap, names, PARTITIONS, workload.votes(tasks))
        await until_stored(worker, "votes", votes, advance)
        return votes / (time.monotonic() - began)


async def _sizes(bootstrap: str) -> list[int]:
    """Return key and value bytes of every open task with three votes, read from the changelog as a worker does."""
    side = TaskSide()
    topic = full_name(NAMESPACE, changelog(side.name).name)
    decode = msgspec.json.Decoder(Task).decode
    prefix = task_key("")
    sizes = []
    reader = Clients(bootstrap, group=NAMESPACE).reader(committed_only=True)
    await reader.start()
    try:
        for partition in range(PARTITIONS):
            log = Changelog(side)
            await log.catch_up(reader, topic, partition, lambda: True)
            for key, value in log.table.items():
                if key.startswith(prefix):
                    # The first byte is the version of the state's layout.
                    task = decode(value[1:])
                    if task.phase == "open" and len(task.entries) == workload.VOTES:
                        sizes.append(len(key.encode()) + len(value))
    finally:
        await reader.stop()
    return sizes

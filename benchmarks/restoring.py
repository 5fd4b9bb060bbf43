"""How long a worker needs to come back with many open tasks, and what a task costs."""

from __future__ import annotations

import itertools
import statistics
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import workload
from benchmarks.contestants import Goldstream
from benchmarks.copying import Copier
from benchmarks.display import Display
from benchmarks.labels import LabelReader
from benchmarks.publishing import publish
from benchmarks.reference import VOTES
from benchmarks.report import Aim
from benchmarks.tables import table
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
MANY, FEW = 1_000_000, 30_000
INGESTED = 200_000
"""So many tasks are filled through the front door; the others are copies of what the worker logged for them."""
CLOSED = 500
"""So many tasks, and a copy of each, get their last two votes after the restore."""

_TASKS_CHANGELOG = full_name(NAMESPACE, changelog("tasks").name)
_SIDES = ("annotators", "tasks", "projects")


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
    copied : int
        How many of the tasks are copies of what the worker logged for the others.
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
    copied: int = 0

    @property
    def per_second(self) -> float:
        """Records a second."""
        return self.records / self.seconds

    def aims(self) -> list[Aim]:
        """Return how fast it should be, and how small."""
        speed, seconds, most = (None, None, None) if self.faults else (self.per_second, self.seconds, self.bytes_most)
        aims = [
            Aim("changelog records restored a second", speed, 200_000, form=",.0f"),
            Aim("bytes of an open task with three votes", most, 1024, at_least=False, form=",.0f"),
        ]
        if self.tasks == MANY:
            aims.append(Aim(f"seconds to restore {MANY:,} open tasks", seconds, 10, at_least=False, form=".1f"))
        return aims

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self) | {"per_second": self.per_second}

    def markdown(self) -> str:
        """Return the table."""
        rows = [
            ("changelog records a second", f"{self.per_second:,.0f}"),
            ("seconds", f"{self.seconds:.1f} for {self.records:,} records"),
            ("start of the process to ready, seconds", f"{self.ready_s:.1f}"),
            ("peak memory once restored, MiB", f"{self.peak_rss_bytes / 2**20:,.0f}"),
            ("bytes a task, content excluded", f"{self.bytes_mean:,.0f} on average, at most {self.bytes_most:,}"),
            ("tasks filled by annotations", f"{self.tasks - self.copied:,} at {self.ingest_per_second:,.0f} a second"),
            ("tasks copied from what the worker logged", f"{self.copied:,}"),
        ]
        if self.faults:
            rows = [(name, "void") for name, _ in rows]
        return table((f"restore of {self.tasks:,} open tasks, three votes each", "goldstream"), rows)


async def restore(bootstrap: str, folder: Path, tasks: int, display: Display, *, ingested: int = INGESTED) -> Restore:
    """Fill `tasks` tasks with three of five votes, and start the worker again.

    Parameters
    ----------
    ingested : int
        How many of them through the front door; `tasks` is a multiple of it, or less.
    """
    ingested = min(ingested, tasks)
    times, left = divmod(tasks - ingested, ingested)
    if left:
        raise ValueError(f"{tasks:,} tasks are not a multiple of {ingested:,}")
    settings = settings_for(bootstrap, NAMESPACE, partitions=PARTITIONS)
    worker = Goldstream(settings, folder, NAMESPACE)
    await worker.make_topics()
    copier = Copier(Clients(bootstrap, group=NAMESPACE), _TASKS_CHANGELOG, PARTITIONS)
    try:
        await worker.started()
        ingest = await _fill(bootstrap, worker, ingested, display)
        worker.stop()
        with display.step(f"{tasks - ingested:,} copies", tasks - ingested) as advance:
            await copier.copy(times, advance)
        with display.step(f"restore of {tasks:,} open tasks", None):
            began = time.monotonic()
            ready = await worker.started()
            metric = worker.metric
            records = sum(metric(f'goldstream_restore_records_total{{side="{side}"}}') for side in _SIDES)
            seconds = max(_mean_seconds(worker, side) for side in _SIDES)
            found = [int(metric(f'goldstream_tasks{{phase="{phase}"}}')) for phase in ("open", "votes")]
            peak = worker.usage.peak_rss_bytes
        faults = [] if found == [tasks, tasks * VOTES] else [f"restored {found[0]:,} tasks, {found[1]:,} votes"]
        with display.step("bytes per open task", None):
            sizes = await _sizes(bootstrap)
        if len(sizes) != tasks:
            faults.append(f"{len(sizes):,} open tasks with three votes in the changelog")
        faults += await _close(bootstrap, worker, copier, ingested, display)
    finally:
        await worker.gone()
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
        copied=tasks - ingested,
    )
    display.note(f"restore: {result.records:,} records in {seconds:.1f} s, {result.per_second:,.0f} a second")
    return result


def _mean_seconds(worker: Goldstream, side: str) -> float:
    count = worker.metric(f'goldstream_restores_total{{side="{side}"}}')
    return worker.metric(f'goldstream_restore_seconds_total{{side="{side}"}}') / count if count else 0.0


async def _fill(bootstrap: str, worker: Goldstream, tasks: int, display: Display) -> float:
    names = partial(full_name, NAMESPACE)
    votes = tasks * VOTES
    with display.step(f"{tasks:,} tasks", tasks) as advance:
        published = itertools.chain([workload.project(REDUNDANCY)], workload.tasks(tasks))
        await publish(bootstrap, names, PARTITIONS, published)
        await until_stored(worker, "open", tasks, advance)
    with display.step(f"{votes:,} annotations for them", votes) as advance:
        began = time.monotonic()
        await publish(bootstrap, names, PARTITIONS, workload.votes(tasks))
        await until_stored(worker, "votes", votes, advance)
        return votes / (time.monotonic() - began)


async def _close(bootstrap: str, worker: Goldstream, copier: Copier, tasks: int, display: Display) -> list[str]:
    """Give some tasks and a copy of each their last two votes; return how their labels differ from the majority."""
    majorities = itertools.islice(workload.serial_answer(list(workload.votes(min(tasks, CLOSED)))).items(), CLOSED)
    expected = {name: label for task, label in majorities for name in (task, *copier.copies.get(task, ())[-1:])}
    votes = [_last_vote(name, right.label, number) for name, right in expected.items() for number in range(2)]
    topic = full_name(NAMESPACE, "labels")
    with display.step("labels of restored tasks", len(expected)) as advance:
        async with LabelReader(bootstrap, topic, PARTITIONS, worker.answer) as reader:
            await publish(bootstrap, partial(full_name, NAMESPACE), PARTITIONS, votes)
            await reader.read(len(expected), lambda: worker.running, advance)
            await reader.linger()
            return [f"of tasks closed after the restore: {fault}" for fault in reader.faults(expected)]


def _last_vote(task_id: str, label: str, number: int) -> workload.Message:
    annotator = f"last-{number}"
    body = {
        "annotation_id": f"{task_id}-{number}",
        "task_id": task_id,
        "annotator_id": annotator,
        "project": workload.PROJECT,
        "label": label,
        "time_spent_s": 20.0,
        "submitted_at": "2026-01-01T00:00:00Z",
    }
    return "annotations", annotator.encode(), msgspec.json.encode(body)


async def _sizes(bootstrap: str) -> list[int]:
    """Return key and value bytes of every open task with three votes, read from the changelog as a worker does."""
    side = TaskSide()
    decode = msgspec.json.Decoder(Task).decode
    prefix = task_key("")
    sizes = []
    reader = Clients(bootstrap, group=NAMESPACE).reader(committed_only=True)
    await reader.start()
    try:
        for partition in range(PARTITIONS):
            log = Changelog(side)
            await log.catch_up(reader, _TASKS_CHANGELOG, partition, lambda: True)
            for key, value in log.table.items():
                if key.startswith(prefix):
                    # The first byte is the version of the state's layout.
                    task = decode(value[1:])
                    if task.phase == "open" and len(task.entries) == VOTES:
                        sizes.append(len(key.encode()) + len(value))
    finally:
        await reader.stop()
    return sizes

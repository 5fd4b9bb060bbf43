"""How throughput changes with batch size, annotators, votes per task, partitions and workers.

Each point has workers of its own, which stay up: a backlog to warm up, then several that are measured, each
timed from when it can be read, all of it at once, to its last label.
"""

from __future__ import annotations

import math
import random
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import workload
from benchmarks.contestants import Goldstream
from benchmarks.display import Display
from benchmarks.labels import LabelReader
from benchmarks.publishing import publish, withheld
from benchmarks.reference import Label
from benchmarks.report import void
from benchmarks.steady import unrest
from benchmarks.tables import Spread, table
from benchmarks.waiting import until_stored
from benchmarks.workload import Message
from streams.topics import full_name
from tests.kafka.cluster import settings_for

WARM_UP = 6_000
"""Annotations of a point's first backlog."""


@dataclass(frozen=True)
class Setting:
    """What is run: all but one of these keep their defaults."""

    batch_records: int = 5000
    annotators: int = 200
    votes: int = 3
    partitions: int = 4
    workers: int = 1


AXES: Mapping[str, str] = {
    "batch_records": "records in a batch, at most",
    "annotators": "annotators",
    "votes": "votes per task",
    "partitions": "partitions",
    "workers": "workers on two cores",
}


@dataclass(frozen=True)
class Extent:
    """Which points are measured, and how long at each.

    Attributes
    ----------
    annotations : int
        Of one backlog.
    """

    rounds: int
    annotations: int
    points: Mapping[str, Sequence[int]]


FULL = Extent(
    rounds=3,
    annotations=30_000,
    points={
        "batch_records": (100, 500, 2000, 5000, 20_000),
        "annotators": (20, 200, 2000, 20_000),
        "votes": (1, 3, 5, 9),
        "partitions": (1, 2, 4, 8, 16),
        "workers": (1, 2, 3),
    },
)
QUICK = Extent(
    rounds=1,
    annotations=9_000,
    points={
        "batch_records": (500, 5000),
        "annotators": (200, 2000),
        "votes": (1, 3),
        "partitions": (1, 4),
        "workers": (1, 2),
    },
)


@dataclass(frozen=True)
class Point:
    """A setting's backlogs: annotations a second, one figure each."""

    setting: Setting
    per_second: tuple[float, ...]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Growth:
    """Every point that was measured; the defaults' point belongs to every axis."""

    points: Mapping[Setting, Point] = field(default_factory=dict)

    def along(self, axis: str) -> list[Point]:
        """Return the points that differ from the defaults in nothing but `axis`, in its order."""
        mine = [
            each
            for each in self.points.values()
            if replace(each.setting, **{axis: 0}) == replace(Setting(), **{axis: 0})
        ]
        return sorted(mine, key=lambda each: int(getattr(each.setting, axis)))

    @property
    def faults(self) -> list[str]:
        """Why figures are void."""
        return [f"{each.setting}: {fault}" for each in self.points.values() for fault in each.faults]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            axis: [
                asdict(each.setting) | {"per_second": list(each.per_second), "faults": list(each.faults)}
                for each in self.along(axis)
            ]
            for axis in AXES
        }

    def markdown(self) -> str:
        """Return the table."""
        rows = [
            (name, f"{getattr(each.setting, axis):,}", "void" if each.faults else Spread.of(each.per_second).text())
            for axis, name in AXES.items()
            for each in self.along(axis)
        ]
        return table(("how cost grows, all else as by default", "", "goldstream, annotations a second"), rows)


def backlog(task_ids: Sequence[str], setting: Setting, seed: int) -> tuple[list[Message], dict[str, Label]]:
    """Return annotations for the tasks, mixed, and the label each must come to: it has two of three votes or more."""
    rng = random.Random(seed)
    expected: dict[str, Label] = {}
    messages: list[Message] = []
    for task_id in task_ids:
        truth = rng.choice(workload.CLASSES)
        # The share is not compared: goldstream's counts heads.
        expected[task_id] = Label(task_id, truth, 0.0, setting.votes)
        agreeing = math.ceil(setting.votes * 2 / 3)
        for place, annotator in enumerate(rng.sample(range(setting.annotators), setting.votes)):
            annotator_id = f"annotator-{annotator:05d}"
            body = {
                "annotation_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
                "task_id": task_id,
                "annotator_id": annotator_id,
                "project": workload.PROJECT,
                "label": truth if place < agreeing else rng.choice(workload.CLASSES),
                "time_spent_s": round(rng.uniform(6, 90), 1),
                "submitted_at": "2026-01-01T00:00:00Z",
            }
            messages.append(("annotations", annotator_id.encode(), msgspec.json.encode(body)))
    rng.shuffle(messages)
    return messages, expected


async def growth(bootstrap: str, folder: Path, extent: Extent, display: Display) -> Growth:
    """Measure every point of `extent` once, however many axes it is on."""
    settings = dict.fromkeys(
        replace(Setting(), **{axis: value}) for axis, values in extent.points.items() for value in values
    )
    points = {}
    for number, setting in enumerate(settings, 1):
        text = f"growth, point {number} of {len(settings)}"
        try:
            point = await _measure(bootstrap, folder, f"growth-{number}", setting, extent, text, display)
        except Exception as error:  # noqa: BLE001 - whatever ails one point, the others are measured
            point = Point(setting, (), (str(error) or type(error).__name__,))
        points[setting] = point
        shown = ", ".join(f"{name} {getattr(setting, axis):,}" for axis, name in AXES.items())
        figure = void(point.faults) or f"{Spread.of(point.per_second).text()} a second"
        display.note(f"{text}: {figure} with {shown}")
    return Growth(points)


async def _measure(
    bootstrap: str, folder: Path, namespace: str, setting: Setting, extent: Extent, text: str, display: Display
) -> Point:
    told = settings_for(
        bootstrap,
        namespace,
        partitions=setting.partitions,
        batch_records=setting.batch_records,
        fetch_records=min(2000, setting.batch_records),
    )
    workers = [Goldstream(told, folder, f"{namespace}-{number}") for number in range(1, setting.workers + 1)]
    await workers[0].make_topics()
    each = extent.annotations // setting.votes
    sizes = [WARM_UP // setting.votes, *[each] * extent.rounds]
    ids = [key.decode() for _, key, _ in workload.tasks(sum(sizes))]
    names = partial(full_name, namespace)
    speeds: list[float] = []
    expected: dict[str, Label] = {}
    try:
        await workers[0].started()
        with display.step(f"{text}: tasks", len(ids)) as advance:
            published = [workload.project(setting.votes), *workload.tasks(len(ids))]
            await publish(bootstrap, names, setting.partitions, published)
            await until_stored(workers[:1], "open", len(ids), advance)
        for worker in workers[1:]:
            await worker.started()
        await until_stored(workers, "open", len(ids), lambda _: None)
        with display.step(f"{text}: annotations", len(ids)) as advance:
            async with LabelReader(bootstrap, names("labels"), setting.partitions, workers[0].answer) as reader:
                # The first one warms up: it is read and checked, not timed.
                for number, size in enumerate(sizes):
                    done = sum(sizes[:number])
                    messages, right = backlog(ids[done : done + size], setting, seed=number)
                    expected |= right
                    async with withheld(bootstrap, names, setting.partitions, messages) as release:
                        began = time.monotonic()
                        await release()
                        ended = await reader.read(len(expected), lambda: all(w.running for w in workers), advance)
                    speeds.append(len(messages) / (ended - began))
                await reader.linger()
                faults = reader.faults(expected)
    finally:
        for worker in reversed(workers):
            await worker.gone()
    faults += [fault for worker in workers for fault in unrest(worker)]
    return Point(setting, tuple(speeds[1:]), tuple(faults))

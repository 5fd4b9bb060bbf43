"""How long no label comes out when a worker joins, leaves or dies, under a steady load and with nothing lost."""

from __future__ import annotations

import asyncio
import itertools
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import workload
from benchmarks.contestants import Contestant
from benchmarks.display import Display
from benchmarks.reference import VOTES
from benchmarks.steady import (
    Load,
    Plan,
    Seen,
    judged,
    publish_tasks,
    show_seconds,
    steady_votes,
    unrest,
)
from benchmarks.tables import Spread, table
from benchmarks.throughput import PARTITIONS
from streams.topics import full_name
from tests.kafka.cluster import settings_for

PER_SECOND = 1000.0
KINDS = {
    "nothing": "nothing happens",
    "joins": "a third worker joins",
    "leaves": "it leaves (SIGTERM)",
    "dies": "it dies (SIGKILL)",
}
SECONDS = {"nothing": 4.0, "joins": 8.0, "leaves": 7.0, "dies": 15.0}
"""How long each is watched; a worker that joins has to start first, one that died is missed after its session."""
CYCLE = ("joins", "leaves", "joins", "dies")
CYCLES = 3
SETTLED_SECONDS = 3.0


@dataclass(frozen=True)
class Interruption:
    """What one event did to the labels.

    Attributes
    ----------
    gap_s : float
        The longest that one of the labels' partitions gave nothing.
    silence_s : float
        The longest that none of them gave anything.
    wait_s : float
        The longest that a label read meanwhile took from when its last annotation was due.
    """

    kind: str
    gap_s: float
    silence_s: float
    wait_s: float


def longest_gap(times: Sequence[float], start: float, end: float) -> float:
    """Return the longest time between two neighbours of the ascending `times`, of those that overlap [start, end].

    A gap counts from its beginning, for the last label before an event came before it; what of it is after `end`
    belongs to the next event. Before the first of `times` nothing is known: there a gap begins at `start`.

    >>> longest_gap([0, 1, 4, 5], start=2, end=10)
    5
    """
    bounded = [min([start, *times[:1]]), *times, max([end, *times[-1:]])]
    return max(
        (
            min(later, end) - earlier
            for earlier, later in itertools.pairwise(bounded)
            if later > start and earlier < end
        ),
        default=0.0,
    )


def interruption(kind: str, labels: Sequence[Seen], partitions: int, start: float, end: float) -> Interruption:
    """Measure what the labels, in the order they were read, show of an event within [start, end]."""
    reads: list[list[float]] = [[] for _ in range(partitions)]
    for seen in labels:
        reads[seen.partition].append(seen.read)
    waits = [seen.read - seen.due for seen in labels if seen.due is not None and start < seen.read <= end]
    return Interruption(
        kind,
        gap_s=max(longest_gap(times, start, end) for times in reads),
        silence_s=longest_gap([seen.read for seen in labels], start, end),
        wait_s=max(waits, default=0.0),
    )


@dataclass(frozen=True)
class Rebalances:
    """What every event of a contestant's group did."""

    title: str
    events: Sequence[Interruption]
    labels: int
    faults: tuple[str, ...]

    def _of(self, kind: str) -> list[Interruption]:
        return [event for event in self.events if event.kind == kind]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "annotations_per_second": PER_SECOND,
            "labels": self.labels,
            "events": [asdict(event) for event in self.events],
            "faults": list(self.faults),
        }

    def markdown(self) -> str:
        """Return the table."""

        def figure(events: Sequence[Interruption], name: str) -> str:
            return "void" if self.faults else Spread.of([getattr(event, name) for event in events]).text(".1f")

        rows = [
            (text, str(len(events)), *(figure(events, name) for name in ("gap_s", "silence_s", "wait_s")))
            for kind, text in KINDS.items()
            if (events := self._of(kind))
        ]
        head = f"{self.title}: two workers at {PER_SECOND:,.0f} annotations a second, seconds"
        return table((head, "events", "a partition silent", "all silent", "longest wait for a label"), rows)


class _Group:
    """Two workers that stay, and one that comes and goes."""

    def __init__(self, contestant: type[Contestant], settings: Mapping[str, object], folder: Path) -> None:
        self._contestant, self._settings, self._folder = contestant, settings, folder
        self.workers = [self._make("first"), self._make("second")]

    def _make(self, name: str) -> Contestant:
        return self._contestant(self._settings, self._folder, f"{self._settings['namespace']}-{name}")

    def cause(self, kind: str) -> None:
        """Do what `kind` says; it takes its course after that."""
        if kind == "joins":
            self.workers.append(self._make(f"extra-{len(self.workers)}"))
            self.workers[-1].start()
        elif kind != "nothing":
            self.workers[-1].signal(signal.SIGTERM if kind == "leaves" else signal.SIGKILL)

    async def faults(self, kind: str) -> list[str]:
        """Return what `kind` should have led to by now and has not."""
        *_, last = self.workers
        stay = self.workers[:2] if kind in {"leaves", "dies"} else [*self.workers[:2], last]
        found = [f"{each.name} is not ready" for each in stay if not await asyncio.to_thread(each.is_ready)]
        if kind in {"leaves", "dies"} and last.running:
            found.append(f"{last.name} still runs")
        return [f"after '{KINDS[kind]}': {fault}" for fault in found]

    def stop(self) -> None:
        for worker in self.workers:
            if worker.running:
                worker.stop()


async def rebalance(
    bootstrap: str, folder: Path, contestant: type[Contestant], cycles: int, display: Display
) -> Rebalances:
    """Let a third worker join, leave, join and die, `cycles` times."""
    namespace = f"rebalance-{contestant.key.replace('_', '-')}"
    settings = settings_for(bootstrap, namespace, partitions=PARTITIONS)
    kinds = ["nothing", *CYCLE * cycles]
    seconds = SETTLED_SECONDS + sum(SECONDS[kind] for kind in kinds)
    tasks = int((seconds * 1.1 + 10) * PER_SECOND / VOTES)
    group = _Group(contestant, settings, folder)
    first, second = group.workers
    await first.make_topics()
    faults: list[str] = []
    spans: list[tuple[str, float, float]] = []
    text = f"rebalances of {contestant.title}"
    try:
        await first.started()
        if contestant.needs_tasks:
            with display.step(f"{text}: tasks", tasks) as advance:
                await publish_tasks([first], bootstrap, PARTITIONS, tasks, advance)
        await second.started()
        names = partial(full_name, namespace)
        plan = Plan(bootstrap, names("annotations"), names("labels"), PARTITIONS, tasks, PER_SECOND)
        async with Load(plan, folder) as load:
            await load.begin()
            await show_seconds(f"{text}: settling", SETTLED_SECONDS, display)
            for kind in kinds:
                began = time.monotonic()
                group.cause(kind)
                await show_seconds(f"{text}: {KINDS[kind]}", SECONDS[kind], display)
                spans.append((kind, began, time.monotonic()))
                faults += await group.faults(kind)
            outcome = await load.end()
    finally:
        group.stop()
        await first.delete_topics()
    faults += judged(outcome, workload.serial_answer([message for _, message in steady_votes(tasks)]), first)
    faults += [fault for worker in group.workers for fault in unrest(worker)]
    events = [interruption(kind, outcome.labels, PARTITIONS, began, ended) for kind, began, ended in spans]
    result = Rebalances(contestant.title, events, len(outcome.labels), tuple(faults))
    for event in events:
        display.note(f"{text}: {KINDS[event.kind]}: {event.gap_s:.1f} s without a label in a partition")
    return result

"""How fast a worker gets from a backlog of annotations to the last label, beside the broker, on one process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import workload
from benchmarks.contestants import Contestant, FaustPeer, Goldstream, usage
from benchmarks.display import Display
from benchmarks.labels import LabelReader
from benchmarks.publishing import publish
from benchmarks.waiting import until_stored
from benchmarks.workload import Message
from streams.topics import full_name
from tests.kafka.broker import Broker
from tests.kafka.cluster import settings_for

PARTITIONS = 4


@dataclass(frozen=True)
class Round:
    """One contestant's way through one backlog.

    Attributes
    ----------
    seconds : float
        From the last moment the worker said it was not ready to the last label readable.
    cpu_s, broker_cpu_s : float
        Of the worker's process and of the broker, over that time and a second more.
    faults : tuple of str
        How its labels differ from the serial answer; with any, the figure is void.
    """

    annotations: int
    seconds: float
    cpu_s: float
    broker_cpu_s: float
    peak_rss_bytes: int
    faults: tuple[str, ...]

    @property
    def per_second(self) -> float:
        """Annotations a second."""
        return self.annotations / self.seconds

    @property
    def cpu_s_per_million(self) -> float:
        """CPU seconds of the worker for a million annotations."""
        return self.cpu_s / self.annotations * 1e6

    @property
    def broker_cpu_s_per_million(self) -> float:
        """CPU seconds of the broker for a million annotations."""
        return self.broker_cpu_s / self.annotations * 1e6


@dataclass(frozen=True)
class Backlog:
    """The annotations a contestant is given, and the labels they must come to."""

    tasks: int
    annotations: Sequence[Message]
    expected: Mapping[str, str]

    @classmethod
    def of(cls, tasks: int, annotations: Sequence[Message]) -> Backlog:
        """Take the annotations of the first `tasks` tasks."""
        mine = annotations[: tasks * workload.VOTES]
        return cls(tasks, mine, workload.serial_answer(mine))


async def goldstream(broker: Broker, folder: Path, number: int, backlog: Backlog, display: Display) -> Round:
    """Run a round of goldstream: its tasks are in before the annotations are published."""
    namespace = f"goldstream-{number}"
    worker = Goldstream(settings_for(broker.bootstrap, namespace, partitions=PARTITIONS), folder, namespace)
    await worker.make_topics()
    with display.step(f"goldstream, round {number}: tasks", backlog.tasks) as advance:
        await worker.started()
        try:
            published = [workload.project(), *workload.tasks(backlog.tasks)]
            await publish(broker.bootstrap, partial(full_name, namespace), PARTITIONS, published)
            await until_stored(worker, "open", backlog.tasks, advance)
        finally:
            worker.stop()
    return await _round(worker, broker, namespace, f"goldstream, round {number}", backlog, _settled, display)


async def faust_peer(
    broker: Broker, folder: Path, number: int, backlog: Backlog, display: Display, *, tuned: bool
) -> Round:
    """Run a round of the Faust app, with its defaults or tuned."""
    namespace, name = (f"faust-tuned-{number}", "Faust, tuned") if tuned else (f"faust-{number}", "Faust")
    settings = settings_for(broker.bootstrap, namespace, partitions=PARTITIONS)
    worker = FaustPeer(settings, folder, namespace, tuned=tuned)
    await worker.make_topics()
    return await _round(worker, broker, namespace, f"{name}, round {number}", backlog, _plain, display)


async def _round(
    worker: Contestant,
    broker: Broker,
    namespace: str,
    name: str,
    backlog: Backlog,
    answer: Callable[[Any], object],
    display: Display,
) -> Round:
    await publish(broker.bootstrap, partial(full_name, namespace), PARTITIONS, backlog.annotations)
    with display.step(f"{name}: labels", backlog.tasks) as advance:
        async with LabelReader(broker.bootstrap, full_name(namespace, "labels"), PARTITIONS, answer) as reader:
            try:
                began = await worker.started()
                before, broker_before = worker.usage, usage(broker.pid)
                ended = await reader.read(backlog.tasks, lambda: worker.running, advance)
                after, broker_after = worker.usage if worker.running else before, usage(broker.pid)
            finally:
                worker.stop()
            faults = reader.faults(backlog.expected)
    if "Traceback" in worker.log_text():
        faults.append(f"a traceback in the log:\n{worker.log_text()[-2000:]}")
    result = Round(
        annotations=len(backlog.annotations),
        seconds=ended - began,
        cpu_s=after.cpu_s - before.cpu_s,
        broker_cpu_s=broker_after.cpu_s - broker_before.cpu_s,
        peak_rss_bytes=after.peak_rss_bytes,
        faults=tuple(faults),
    )
    display.note(
        f"{name}: {result.annotations:,} annotations in {result.seconds:.1f} s, {result.per_second:,.0f} a second"
    )
    return result


def _settled(label: Any) -> object:
    return label["answers"]["animal"]["label"] if label["status"] == "settled" else label["status"]


def _plain(label: Any) -> object:
    return label["label"]

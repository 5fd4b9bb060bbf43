"""How fast each implementation gets from a backlog of annotations to the last label, beside the broker, in one process.

A round: fresh topics; the process starts and labels a first part, so that it is warm and has its partitions; then the
backlog is published in a transaction that is left open, so that it is in the log and none of it can be read. The clock
starts with the commit, at which all of it can be read, and stops when the last label can (read_committed). No start,
no rebalance and no cold Java machine is in the figure, and nothing depends on what an implementation calls ready.
(Faust has no setting for reading committed records only: it starts on the backlog while it is being published, a
fraction of a second early.)
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import workload
from benchmarks.contestants import Contestant, Goldstream, usage
from benchmarks.display import Display
from benchmarks.labels import LabelReader
from benchmarks.publishing import publish, withheld
from benchmarks.reference import Label
from benchmarks.report import void
from benchmarks.waiting import until_stored
from benchmarks.workload import Message
from streams.topics import full_name
from tests.kafka.broker import Broker
from tests.kafka.cluster import settings_for

PARTITIONS = 4


@dataclass(frozen=True)
class Round:
    """One implementation's way through one backlog.

    Attributes
    ----------
    annotations : int
        Of the backlog, without those it warmed up with.
    seconds : float
        From the commit of the backlog to the last label readable.
    cpu_s, broker_cpu_s : float
        Of the worker's process and of the broker, over that time.
    peak_rss_bytes : int
        The largest resident size of the process since it started.
    faults : tuple of str
        How its labels differ from the serial answer; with any, the figure is void.
    """

    annotations: int
    seconds: float
    cpu_s: float
    broker_cpu_s: float
    peak_rss_bytes: int
    faults: tuple[str, ...]

    @classmethod
    def void(cls, annotations: int, reason: str) -> Round:
        """Return a round that came to nothing."""
        return cls(annotations, math.inf, 0.0, 0.0, 0, (reason,))

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

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self) | {
            "seconds": self.seconds if math.isfinite(self.seconds) else None,
            "faults": list(self.faults),
            "per_second": self.per_second,
            "cpu_s_per_million": self.cpu_s_per_million,
            "broker_cpu_s_per_million": self.broker_cpu_s_per_million,
        }


@dataclass(frozen=True)
class Backlog:
    """The annotations an implementation is given, and the labels they must come to."""

    first: Sequence[Message]
    rest: Sequence[Message]
    expected: Mapping[str, Label]

    @classmethod
    def of(cls, first: int, rest: int, annotations: Sequence[Message]) -> Backlog:
        """Take the annotations of `first` tasks to warm up with, and of the next `rest`.

        Raises
        ------
        ValueError
            These are not whole tasks: `first` and `rest` are not whole blocks.
        """
        cut, end = first * workload.VOTES, (first + rest) * workload.VOTES
        answers = [len(workload.serial_answer(annotations[:upto])) for upto in (cut, end)]
        if answers != [first, first + rest]:
            raise ValueError(f"{first} and {first + rest} tasks, but {answers} of them have all votes")
        return cls(annotations[:cut], annotations[cut:end], workload.serial_answer(annotations[:end]))

    @property
    def tasks(self) -> int:
        """All of them."""
        return len(self.expected)


async def measure_round(
    kind: type[Contestant],
    broker: Broker,
    folder: Path,
    number: int,
    backlog: Backlog,
    display: Display,
    limit_s: float,
) -> Round:
    """Run one round of one implementation; its warm-up and its backlog may take `limit_s` each.

    Raises
    ------
    RuntimeError
        It did not come as far as the backlog; the message ends with its log.
    """
    namespace = f"{kind.key.replace('_', '-')}-{number}"
    worker = kind(settings_for(broker.bootstrap, namespace, partitions=PARTITIONS), folder, namespace)
    await worker.make_topics()
    title = f"{kind.title}, round {number}"
    labels = full_name(namespace, "labels")
    async with LabelReader(broker.bootstrap, labels, PARTITIONS, worker.answer) as reader:
        try:
            result = await _run(worker, broker, title, backlog, reader, display, limit_s)
        finally:
            await worker.gone()
    shown = f"{result.annotations:,} annotations in {result.seconds:.1f} s, {result.per_second:,.0f} a second"
    display.note(f"{title}: " + (void(result.faults) or shown))
    return result


async def _run(
    worker: Contestant,
    broker: Broker,
    title: str,
    backlog: Backlog,
    reader: LabelReader,
    display: Display,
    limit_s: float,
) -> Round:
    names = partial(full_name, worker.namespace)
    first, everything = len(backlog.first) // workload.VOTES, backlog.tasks
    await worker.started()
    if isinstance(worker, Goldstream) and worker.needs_tasks:
        with display.step(f"{title}: tasks", everything) as advance:
            await publish(broker.bootstrap, names, PARTITIONS, [workload.project(), *workload.tasks(everything)])
            await until_stored(worker, "open", everything, advance)
    with display.step(f"{title}: warming up", first) as advance:
        await publish(broker.bootstrap, names, PARTITIONS, backlog.first)
        began = time.monotonic()
        await reader.read(first, lambda: worker.running, advance, limit_s)
        if reader.count < first:
            took, said = time.monotonic() - began, worker.log_text()[-4000:]
            raise RuntimeError(f"{reader.count:,} of {first:,} labels to warm up with, after {took:.0f} s:\n{said}")
    with display.step(f"{title}: labels", everything - first) as advance:
        async with withheld(broker.bootstrap, names, PARTITIONS, backlog.rest) as release:
            before, broker_before = worker.usage, usage(broker.pid)
            began = time.monotonic()
            await release()
            ended = await reader.read(everything, lambda: worker.running, advance, limit_s)
            after, broker_after = worker.usage if worker.running else before, usage(broker.pid)
        await reader.linger()
    faults = reader.faults(backlog.expected)
    if ended - began >= limit_s:
        faults.append(f"given up after {limit_s:.0f} s")
    if not worker.running or "Traceback" in worker.log_text():
        faults.append(f"it failed:\n{worker.log_text()[-2000:]}")
    return Round(
        annotations=len(backlog.rest),
        seconds=ended - began,
        cpu_s=after.cpu_s - before.cpu_s,
        broker_cpu_s=broker_after.cpu_s - broker_before.cpu_s,
        peak_rss_bytes=after.peak_rss_bytes,
        faults=tuple(faults),
    )

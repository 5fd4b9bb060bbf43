"""The parts of the benchmarks, in the order they are run and shown; a new one is plugged in here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import growth, latency, rebalancing, restoring, side_by_side
from benchmarks.contestants import Goldstream
from benchmarks.display import Display
from benchmarks.report import Aim, Findings
from tests.kafka.broker import Broker


@dataclass(frozen=True)
class Bench:
    """What a part is given: a broker that is up, a folder for what it leaves, and whether to make it short."""

    broker: Broker
    folder: Path
    display: Display
    quick: bool


@dataclass(frozen=True)
class Part:
    """One thing to measure.

    Attributes
    ----------
    name : str
        What it is called in results and on the command line.
    measure : callable
        Returns what it found, and the aims about it.
    """

    name: str
    measure: Callable[[Bench], Awaitable[tuple[Findings, Sequence[Aim]]]]


async def _throughput(bench: Bench) -> tuple[Findings, Sequence[Aim]]:
    extent = side_by_side.QUICK if bench.quick else side_by_side.FULL
    found = await side_by_side.side_by_side(bench.broker, bench.folder, extent, bench.display)
    return found, found.aims()


async def _latency(bench: Bench) -> tuple[Findings, Sequence[Aim]]:
    extent = latency.QUICK if bench.quick else latency.FULL
    found = await latency.latency(bench.broker.bootstrap, bench.folder, extent, bench.display)
    return found, found.aims()


async def _restore(bench: Bench) -> tuple[Findings, Sequence[Aim]]:
    tasks, ingested = (restoring.FEW, restoring.FEW // 2) if bench.quick else (restoring.MANY, restoring.INGESTED)
    found = await restoring.restore(bench.broker.bootstrap, bench.folder, tasks, bench.display, ingested=ingested)
    return found, found.aims()


async def _rebalance(bench: Bench) -> tuple[Findings, Sequence[Aim]]:
    cycles = 1 if bench.quick else rebalancing.CYCLES
    return await rebalancing.rebalance(bench.broker.bootstrap, bench.folder, Goldstream, cycles, bench.display), ()


async def _growth(bench: Bench) -> tuple[Findings, Sequence[Aim]]:
    extent = growth.QUICK if bench.quick else growth.FULL
    return await growth.growth(bench.broker.bootstrap, bench.folder, extent, bench.display), ()


PARTS = (
    Part("throughput", _throughput),
    Part("latency", _latency),
    Part("restore", _restore),
    Part("rebalance", _rebalance),
    Part("growth", _growth),
)

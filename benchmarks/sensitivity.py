"""What halving and doubling each constant of the label inference changes: `python -m benchmarks.sensitivity`.

Replays the public sets with every constant of `streams.quality.inference.constants` at half and at twice its value, as
``goldstream replay --redundancy all --order random`` does. A probability's odds are halved and doubled, a tuple as a
whole. What only early closing or gold depends on is measured with these, beside a baseline with them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from typing import Any, Final, TypeAlias

from streams.quality.inference import constants, model, statistics
from streams.replay.history import Columns, read
from streams.replay.labels import labels_of
from streams.replay.orders import Order
from streams.replay.playing import Plan, play
from streams.replay.results import figures_of

DATASETS: Final = Path(__file__).parents[2] / "shared" / "datasets"
SETS: Final = (
    "snow_rte",
    "bluebirds",
    "dog",
    "product_er",
    "weather_amt",
    "sp_amt",
    "music_genre",
    "web_search",
    "ukp_pairs",
    "metaphor_novelty",
)
PLANS: Final = {
    "all votes": Plan(order=Order.random),
    "closing early": Plan(order=Order.random, policy={"target_confidence": 0.95}),
    "with gold": Plan(order=Order.random, gold_share=0.05),
}
OWN_PLAN: Final = {
    "SURE_ANSWERS": "closing early",
    "SURE_VOTES": "closing early",
    "SLIPS": "with gold",
    "CALIBRATED_GOLD": "with gold",
}
"""Constants that nothing depends on where all votes are in and there is no gold."""
PROBABILITIES: Final = frozenset({"ACCURACY"})

Value: TypeAlias = float | tuple[float, ...]


@dataclass(frozen=True)
class Job:
    """One replay: of a set under a plan, with a constant changed by a factor, or none."""

    path: Path
    plan: str
    seed: int
    constant: str | None = None
    factor: float = 1.0


@dataclass(frozen=True)
class Row:
    """The means over sets and seeds with a constant changed, and by how much they differ from the baseline's.

    Attributes
    ----------
    worst : float
        The largest change of a single set's `accuracy`.
    """

    constant: str
    value: Value | None
    plan: str
    accuracy_first: float
    accuracy: float
    change_first: float
    change: float
    worst: float


def names() -> list[str]:
    """Return the constants, in the order in which they are defined."""
    return [name for name in vars(constants) if name.isupper()]


def changed(name: str, factor: float) -> Value:
    """Return a constant's value times a factor; of a probability, its odds; a whole number stays one, at least 1.

    >>> changed("RESCORES", 0.5), round(changed("ACCURACY", 2), 3)
    (1, 0.824)
    """
    value: Value = getattr(constants, name)
    if isinstance(value, tuple):
        return tuple(one * factor for one in value)
    if name in PROBABILITIES:
        odds = factor * value / (1 - value)
        return odds / (1 + odds)
    return max(1, round(value * factor)) if isinstance(value, int) else value * factor


def run(job: Job) -> tuple[float, float]:
    """Replay once; return `accuracy_first` and `accuracy`. Leaves the constant as it was."""
    before = None if job.constant is None else getattr(constants, job.constant)
    try:
        if job.constant is not None:
            _set(job.constant, changed(job.constant, job.factor))
        history = read(job.path, Columns(), None)
        labels = labels_of(history, None, None)
        figures = figures_of(history, labels, play(history, labels, PLANS[job.plan], job.seed))
    finally:
        if job.constant is not None:
            _set(job.constant, before)
    if figures.accuracy is None or figures.accuracy_first is None:
        raise ValueError(f"{job.path}: there is no truth beside it")
    return figures.accuracy_first, figures.accuracy


def _set(name: str, value: Any) -> None:
    setattr(constants, name, value)
    # What these keep was worked out with the constants as they were.
    for cached in (statistics.unknown, model.newcomer):
        cached.cache_clear()


def found(folder: Path, sets: Iterable[str]) -> list[Path]:
    """Return the files of those sets that are there, and name the others on standard error."""
    paths = []
    for name in sets:
        path = folder / name / "annotations.csv"
        if path.is_file():
            paths.append(path)
        else:
            print(f"SKIPPED {name}: there is no {path}", file=sys.stderr)
    return paths


def rows(paths: Sequence[Path], seeds: int, chosen: Sequence[str], processes: int) -> Iterator[Row]:
    """Replay everything; yield a baseline for each plan that is needed, then each constant at half and twice."""
    plans = list(dict.fromkeys(OWN_PLAN.get(name, "all votes") for name in chosen))
    asked: list[tuple[str, str | None, float]] = [(plan, None, 1.0) for plan in plans]
    asked += [(OWN_PLAN.get(name, "all votes"), name, factor) for name in chosen for factor in (0.5, 2.0)]
    jobs = [
        Job(path, plan, seed, name, factor) for plan, name, factor in asked for path in paths for seed in range(seeds)
    ]
    each = len(paths) * seeds
    baselines: dict[str, list[tuple[float, float]]] = {}
    # A fresh interpreter: what a fork inherits may be locked by another thread.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        results = pool.map(run, jobs)
        for plan, name, factor in asked:
            got = [next(results) for _ in range(each)]
            if name is None:
                baselines[plan] = got
            base = baselines[plan]
            first, last = fmean(one for one, _ in got), fmean(one for _, one in got)
            yield Row(
                constant=name or "-",
                value=None if name is None else changed(name, factor),
                plan=plan,
                accuracy_first=first,
                accuracy=last,
                change_first=first - fmean(one for one, _ in base),
                change=last - fmean(one for _, one in base),
                worst=max((new - old for (_, new), (_, old) in zip(got, base, strict=True)), key=abs),
            )


def main() -> int:
    """Print a table, or with ``--json`` a list with an object per row; 2 where there is no set at all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sensitivity", description=__doc__)
    parser.add_argument("--datasets", type=Path, default=DATASETS, metavar="DIR", help="default: ../shared/datasets")
    parser.add_argument("--sets", nargs="+", default=SETS, metavar="NAME", help="default: the ten categorical ones")
    parser.add_argument("--constants", nargs="+", default=names(), choices=names(), metavar="NAME", help="default: all")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    paths = found(asked.datasets, asked.sets)
    if not paths:
        print(f"{asked.datasets}: has none of the sets; name their folder with --datasets", file=sys.stderr)
        return 2
    told: list[Row] = []
    if not asked.json:
        print(f"{len(paths)} sets, {asked.seeds} seeds")
        print("constant           value     plan           first    after    change first/after     worst set")
    for row in rows(paths, asked.seeds, asked.constants, asked.processes):
        told.append(row)
        if not asked.json:
            print(_line(row), flush=True)
    if asked.json:
        print(json.dumps([asdict(row) for row in told]))
        return 0
    largest = max(told, key=lambda row: max(abs(row.change_first), abs(row.change)))
    most = max((largest.change_first, largest.change), key=abs)
    print(f"largest change of a mean: {most:+.4f}, {largest.constant} {_value(largest.value)}")
    return 0


def _line(row: Row) -> str:
    return (
        f"{row.constant:<18} {_value(row.value):<9} {row.plan:<14} {row.accuracy_first:.4f}   {row.accuracy:.4f}"
        f"   {row.change_first:+.4f} / {row.change:+.4f}      {row.worst:+.4f}"
    )


def _value(value: Value | None) -> str:
    if value is None:
        return "-"
    return f"..{value[-1]:g}" if isinstance(value, tuple) else f"{value:.4g}"


if __name__ == "__main__":
    sys.exit(main())

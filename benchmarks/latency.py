"""How long a label takes: from when its last annotation was due to when a consumer of committed records has it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import workload
from benchmarks.contestants import Contestant, Engine, Goldstream, KafkaStreamsExactlyOnce
from benchmarks.display import Display
from benchmarks.reference import VOTES
from benchmarks.report import Aim, void
from benchmarks.steady import Load, Plan, judged, publish_tasks, steady_votes, unrest
from benchmarks.tables import Spread, table
from benchmarks.throughput import PARTITIONS
from benchmarks.workload import Message
from streams.topics import full_name
from tests.kafka.cluster import settings_for

PER_SECOND = 1000.0
SHARES = (*(number / 100 for number in range(1, 100)), *(number / 1000 for number in range(991, 1001)))
NAMED = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
CONTESTANTS: tuple[type[Contestant], ...] = (Goldstream, Engine, KafkaStreamsExactlyOnce)
"""Each with its defaults; Kafka Streams commits every 100 ms then."""
OURS, THEIRS = Goldstream.title, KafkaStreamsExactlyOnce.title


@dataclass(frozen=True)
class Extent:
    """How many rounds, and how long each: seconds that are not counted, and seconds that are."""

    rounds: int
    warm_up_s: float
    measured_s: float

    @property
    def tasks(self) -> int:
        """How many tasks that takes."""
        return int((self.warm_up_s + self.measured_s) * PER_SECOND / VOTES)


FULL = Extent(rounds=3, warm_up_s=10, measured_s=20)
QUICK = Extent(rounds=1, warm_up_s=3, measured_s=4)


@dataclass(frozen=True)
class Latency:
    """One contestant's round.

    Attributes
    ----------
    seconds : tuple of float
        At each of `SHARES`: the least latency that so many of the labels did not exceed.
    behind_s : float
        How late the latest annotation was sent, which its label's latency includes.
    """

    labels: int
    seconds: tuple[float, ...]
    behind_s: float
    faults: tuple[str, ...]

    def at(self, share: float) -> float:
        """Return the latency that `share` of the labels did not exceed."""
        return self.seconds[SHARES.index(share)]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        named = {f"{name}_s": self.at(share) for name, share in NAMED.items()}
        return named | {
            "labels": self.labels,
            "most_s": self.seconds[-1],
            "behind_s": self.behind_s,
            "seconds": list(self.seconds),
            "faults": list(self.faults),
        }


def percentiles(values: Sequence[float], shares: Sequence[float] = SHARES) -> tuple[float, ...]:
    """Return, for each share, the least of `values` that so many do not exceed (nearest rank); 0 where there are none.

    >>> percentiles([3, 1, 2, 4], [0.5, 0.51, 1.0])
    (2, 3, 4)
    """
    ordered = sorted(values)
    return tuple(ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0 for share in shares)


@dataclass(frozen=True)
class Latencies:
    """All contestants' rounds, by what they are called."""

    rounds: Mapping[str, Sequence[Latency]]

    @property
    def faults(self) -> list[str]:
        """Why figures are void."""
        return [
            f"{title}, round {number}: {fault}"
            for title, rounds in self.rounds.items()
            for number, each in enumerate(rounds, 1)
            for fault in each.faults
        ]

    def median(self, title: str) -> list[float]:
        """Return the median of the rounds at each of `SHARES`, in seconds."""
        by_share = zip(*(each.seconds for each in self.rounds[title]), strict=True)
        return [statistics.median(values) for values in by_share]

    def aims(self) -> list[Aim]:
        """Return that goldstream's p99 should not be worse than Kafka Streams', round by round."""
        name = "goldstream's p99 latency over Kafka Streams'"
        if self.faults or not {OURS, THEIRS} <= self.rounds.keys():
            return [Aim(name, None, 1.0, at_least=False)]
        pairs = zip(self.rounds[OURS], self.rounds[THEIRS], strict=True)
        ratio = Spread.of([mine.at(NAMED["p99"]) / its.at(NAMED["p99"]) for mine, its in pairs])
        return [Aim(name, ratio.median, 1.0, at_least=False, text=ratio.text(".2f"))]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "annotations_per_second": PER_SECOND,
            "shares": list(SHARES),
            "contestants": {title: [each.as_json() for each in rounds] for title, rounds in self.rounds.items()},
        }

    def markdown(self) -> str:
        """Return the table: median of the rounds, with the least and the most."""

        def figure(rounds: Sequence[Latency], share: float) -> str:
            if any(each.faults for each in rounds):
                return "void"
            return Spread.of([each.at(share) * 1000 for each in rounds]).text()

        rows = [
            (f"{name}, ms", *(figure(each, share) for each in self.rounds.values())) for name, share in NAMED.items()
        ]
        counts = [f"{sum(each.labels for each in rounds):,}" for rounds in self.rounds.values()]
        head = f"last annotation due to label readable, at {PER_SECOND:,.0f} annotations a second"
        return table((head, *self.rounds), [*rows, ("labels measured", *counts)])


async def latency(bootstrap: str, folder: Path, extent: Extent, display: Display) -> Latencies:
    """Measure every one of `CONTESTANTS` in turn, over and over."""
    found: dict[str, list[Latency]] = {contestant.title: [] for contestant in CONTESTANTS}
    votes = steady_votes(extent.tasks)
    for number in range(1, extent.rounds + 1):
        for contestant in CONTESTANTS:
            namespace = f"latency-{contestant.key.replace('_', '-')}-{number}"
            worker = contestant(settings_for(bootstrap, namespace, partitions=PARTITIONS), folder, namespace)
            text = f"latency of {contestant.title}, round {number}"
            try:
                result = await _round(bootstrap, folder, worker, [vote for _, vote in votes], extent, text, display)
            except Exception as error:  # noqa: BLE001 - whatever ails one of them, the others are measured
                result = Latency(0, percentiles([]), 0.0, (str(error) or type(error).__name__,))
            found[contestant.title].append(result)
            shown = ", ".join(f"{name} {result.at(share) * 1000:,.0f} ms" for name, share in NAMED.items())
            display.note(f"{text}: " + (void(result.faults) or shown))
    return Latencies(found)


async def _round(
    bootstrap: str,
    folder: Path,
    worker: Contestant,
    votes: Sequence[Message],
    extent: Extent,
    text: str,
    display: Display,
) -> Latency:
    await worker.make_topics()
    names = partial(full_name, worker.namespace)
    plan = Plan(bootstrap, names("annotations"), names("labels"), PARTITIONS, extent.tasks, PER_SECOND)
    try:
        await worker.started()
        if worker.needs_tasks:
            with display.step(f"{text}: tasks", extent.tasks) as advance:
                await publish_tasks([worker], bootstrap, PARTITIONS, extent.tasks, advance)
        async with Load(plan, folder) as load:
            outcome = await load.whole(text, display)
    finally:
        await worker.gone()
    faults = judged(outcome, workload.serial_answer(votes), worker) + unrest(worker)
    since = outcome.began + extent.warm_up_s
    seconds = [seen.read - seen.due for seen in outcome.labels if seen.due is not None and seen.due >= since]
    return Latency(len(seconds), percentiles(seconds), outcome.behind_s, tuple(faults))

"""All implementations of the reference job beside one another: alternated rounds, their medians and ratios."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import workload
from benchmarks.contestants import (
    Contestant,
    Engine,
    Faust,
    Goldstream,
    KafkaStreams,
    KafkaStreamsExactlyOnce,
    Pace,
    Quix,
    QuixExactlyOnce,
    Raw,
    TunedFaust,
)
from benchmarks.display import Display
from benchmarks.report import Aim, void
from benchmarks.tables import Spread, table
from benchmarks.throughput import Backlog, Round, measure_round
from tests.kafka.broker import Broker

IMPLEMENTATIONS: tuple[type[Contestant], ...] = (
    Goldstream,
    Engine,
    Raw,
    KafkaStreamsExactlyOnce,
    KafkaStreams,
    QuixExactlyOnce,
    Quix,
    TunedFaust,
    Faust,
)
RATIOS: Mapping[str, tuple[str, str, float]] = {
    "engine_vs_faust": ("engine", "faust_tuned", 15.0),
    "engine_vs_quix_eos": ("engine", "quix_eos", 4.0),
    "engine_vs_kafka_streams_eos": ("engine", "kafka_streams_eos", 1.5),
    "engine_vs_raw_eos": ("engine", "raw_eos", 0.6),
    "product_vs_engine": ("product", "engine", 0.5),
}
"""Whose throughput over whose, and what it should be at least. Of the two Fausts it is the faster that counts."""

MIB = 2**20


@dataclass(frozen=True)
class Extent:
    """How much is measured.

    Attributes
    ----------
    rounds : int
    blocks : mapping of Pace to pair of int
        The blocks of tasks to warm up with, and those of the backlog. A block is 3,000 annotations. At
        saturation a rate does not need more of them than take some ten seconds.
    limit_s : float
        How long a warm-up or a backlog may take: an implementation that takes longer is given up.
    """

    rounds: int
    blocks: Mapping[Pace, tuple[int, int]]
    limit_s: float


# Kafka Streams does 20,000 a second after 2 blocks, 27,000 after 10, and 28,000 after 40: so long its machine warms up.
FULL = Extent(3, {"fast": (20, 100), "slow": (1, 7)}, limit_s=180)
QUICK = Extent(1, {"fast": (6, 15), "slow": (1, 1)}, limit_s=45)


@dataclass(frozen=True)
class SideBySide:
    """What each implementation did, round by round.

    Attributes
    ----------
    rounds : mapping
        By the implementation's key, as many of each.
    """

    rounds: Mapping[str, Sequence[Round]]

    @property
    def faults(self) -> list[str]:
        """Why figures are void."""
        return [
            f"{_BY_KEY[key].title}, round {number}: {fault}"
            for key, rounds in self.rounds.items()
            for number, each in enumerate(rounds, 1)
            for fault in each.faults
        ]

    def ratio(self, name: str) -> Spread | None:
        """Return one of `RATIOS`, None where one of the two is void.

        Round by round: those of a round ran one after the other, so what else the machine did weighs on both.
        """
        ours, theirs = (self.rounds[key] for key in RATIOS[name][:2])
        if _is_void(ours) or _is_void(theirs):
            return None
        return Spread.of([mine.per_second / its.per_second for mine, its in zip(ours, theirs, strict=True)])

    def aims(self) -> list[Aim]:
        """Return the ratios beside what they should be."""
        aims = []
        for name, (ours, theirs, bound) in RATIOS.items():
            title = f"annotations a second, {_BY_KEY[ours].title} / {_BY_KEY[theirs].title}"
            ratio = self.ratio(name)
            if ratio is None:
                aims.append(Aim(title, None, bound))
            else:
                aims.append(Aim(title, ratio.median, bound, text=ratio.text(".2f")))
        return aims

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        ratios = {name: self.ratio(name) for name in RATIOS}
        return {
            "ratios": {name: ratio and asdict(ratio) for name, ratio in ratios.items()},
            "rounds": {key: [each.as_json() for each in rounds] for key, rounds in self.rounds.items()},
        }

    def markdown(self) -> str:
        """Return the table: medians of the rounds, with the least and the most."""
        rows = [self._row(_BY_KEY[key], rounds) for key, rounds in self.rounds.items()]
        head = (
            "one process beside the broker",
            "guarantee",
            "annotations/s",
            "CPU s per million",
            "the broker's",
            "peak MiB",
            "backlog",
            "rounds right",
        )
        return table(head, rows)

    @staticmethod
    def _row(kind: type[Contestant], rounds: Sequence[Round]) -> Sequence[str]:
        def figure(value: Callable[[Round], float]) -> str:
            return "void" if _is_void(rounds) else Spread.of([value(each) for each in rounds]).text()

        return (
            kind.title,
            kind.guarantee,
            figure(lambda each: each.per_second),
            figure(lambda each: each.cpu_s_per_million),
            figure(lambda each: each.broker_cpu_s_per_million),
            figure(lambda each: each.peak_rss_bytes / MIB),
            f"{rounds[0].annotations:,}",
            f"{sum(not each.faults for each in rounds)} of {len(rounds)}",
        )


_BY_KEY = {kind.key: kind for kind in IMPLEMENTATIONS}


def _is_void(rounds: Sequence[Round]) -> bool:
    return any(each.faults for each in rounds)


async def side_by_side(
    broker: Broker,
    folder: Path,
    extent: Extent,
    display: Display,
    implementations: Sequence[type[Contestant]] = IMPLEMENTATIONS,
) -> SideBySide:
    """Measure every implementation in turn, as often as there are rounds."""
    longest = sum(max(extent.blocks.values(), key=sum))
    annotations = list(workload.votes(longest * workload.BLOCK))
    backlogs = {
        pace: Backlog.of(first * workload.BLOCK, rest * workload.BLOCK, annotations)
        for pace, (first, rest) in extent.blocks.items()
    }
    found: dict[str, list[Round]] = {kind.key: [] for kind in implementations}

    async def attempt(kind: type[Contestant], number: int, backlog: Backlog) -> Round:
        try:
            return await measure_round(kind, broker, folder, number, backlog, display, extent.limit_s)
        except Exception as error:  # noqa: BLE001 - whatever ails one implementation, the others are measured
            result = Round.void(len(backlog.rest), str(error) or type(error).__name__)
            display.note(f"{kind.title}, round {number}: {void(result.faults)}")
            return result

    # What a Java machine has not run yet is slow: no implementation shall be the one who warms the broker.
    await attempt(Engine, 0, backlogs["slow"])
    for number in range(1, extent.rounds + 1):
        # Another one begins each time, so that none always follows the same.
        start = (number - 1) * len(implementations) // extent.rounds
        for kind in (*implementations[start:], *implementations[:start]):
            found[kind.key].append(await attempt(kind, number, backlogs[kind.pace]))
    return SideBySide(found)

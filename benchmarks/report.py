"""From rounds to the table that is pasted into a decision, and to what was aimed at."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.restoring import Restore
from benchmarks.throughput import Round

TIMES_FAUST = 8.0
TASK_BYTES = 1024
MIB = 2**20

_PEERS = (
    "goldstream is exactly-once, Faust at-least-once. Faust: its defaults and the standard library's json. "
    "Faust, tuned: the same app on uvloop, a linger of 20 ms, polls of at most 500 records, and orjson if installed."
)


@dataclass(frozen=True)
class Spread:
    """A median with the least and the most of the rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Summarise one value a round."""
        return cls(statistics.median(values), min(values), max(values))

    def text(self, form: str = ",.0f", unit: str = "") -> str:
        """Return ``median (least to most)``; the median alone where all rounds agree."""
        median, least, most = (f"{value:{form}}{unit}" for value in (self.median, self.least, self.most))
        return median if least == most else f"{median} ({least} to {most})"


@dataclass(frozen=True)
class Results:
    """Everything that was measured.

    Attributes
    ----------
    faust, tuned_faust : sequence of Round
        The same app with Faust's defaults, which the aim is about, and tuned.
    """

    machine: Mapping[str, str]
    goldstream: Sequence[Round]
    faust: Sequence[Round]
    tuned_faust: Sequence[Round]
    restore: Restore

    def _times(self, theirs: Sequence[Round], value: Callable[[Round], float]) -> Spread:
        # Round by round: those of a round ran one after the other, so what else the machine did weighs on all.
        return Spread.of([value(mine) / value(its) for mine, its in zip(self.goldstream, theirs, strict=True)])

    @property
    def times_faust(self) -> Spread:
        """Annotations a second as a multiple of Faust's with its defaults."""
        return self._times(self.faust, lambda each: each.per_second)

    @property
    def times_tuned_faust(self) -> Spread:
        """Annotations a second as a multiple of tuned Faust's."""
        return self._times(self.tuned_faust, lambda each: each.per_second)

    def shortfalls(self) -> list[str]:
        """Return, in words, why figures are void; where all stand, which aims were missed."""
        void = [
            f"void: {name}, round {number}: {fault}"
            for name, rounds in (
                ("goldstream", self.goldstream),
                ("Faust", self.faust),
                ("Faust, tuned", self.tuned_faust),
            )
            for number, each in enumerate(rounds, 1)
            for fault in each.faults
        ]
        void += [f"void: restore: {fault}" for fault in self.restore.faults]
        if void:
            return void
        missed = []
        if self.times_faust.median < TIMES_FAUST:
            missed.append(f"missed: {self.times_faust.median:.1f}x Faust, the aim is {TIMES_FAUST:.0f}x or more")
        if self.restore.bytes_most > TASK_BYTES:
            missed.append(
                f"missed: {self.restore.bytes_most:,} bytes for an open task, the aim is {TASK_BYTES:,} or less"
            )
        return missed

    def as_json(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        return {
            "machine": dict(self.machine),
            "times_faust": asdict(self.times_faust),
            "times_tuned_faust": asdict(self.times_tuned_faust),
            "goldstream": [asdict(each) | {"per_second": each.per_second} for each in self.goldstream],
            "faust": [asdict(each) | {"per_second": each.per_second} for each in self.faust],
            "tuned_faust": [asdict(each) | {"per_second": each.per_second} for each in self.tuned_faust],
            "restore": asdict(self.restore) | {"per_second": self.restore.per_second},
            "shortfalls": self.shortfalls(),
        }

    def markdown(self) -> str:
        """Return the tables and the machine, in Markdown; a figure that does not stand is ``void``."""
        sections = [
            self._beside_faust(),
            _PEERS,
            self._restored(),
            "Measured on " + "; ".join(f"{name} {value}" for name, value in self.machine.items()) + ".",
        ]
        return "\n\n".join(sections)

    def _beside_faust(self) -> str:
        contestants = (self.goldstream, self.faust, self.tuned_faust)

        def row(name: str, value: Callable[[Round], float], form: str = ".1f", aim: str = "") -> Sequence[str]:
            ratios = (
                "void" if _faulty(self.goldstream) or _faulty(theirs) else self._times(theirs, value).text(form, "x")
                for theirs in (self.faust, self.tuned_faust)
            )
            figures = (
                "void" if _faulty(rounds) else Spread.of([value(each) for each in rounds]).text()
                for rounds in contestants
            )
            return (name, *ratios, *figures, aim)

        return table(
            (
                "one worker beside the broker",
                "vs Faust",
                "vs Faust, tuned",
                "goldstream",
                "Faust",
                "Faust, tuned",
                "aim",
            ),
            [
                row("annotations a second", lambda each: each.per_second, aim=f">= {TIMES_FAUST:.0f}x Faust"),
                row("CPU seconds per million annotations", lambda each: each.cpu_s_per_million, ".2f"),
                row("the broker's, for the same", lambda each: each.broker_cpu_s_per_million, ".2f"),
                row("peak memory, MiB", lambda each: each.peak_rss_bytes / MIB),
                ("annotations a round", "", "", *(f"{rounds[0].annotations:,}" for rounds in contestants), ""),
                ("rounds with every label right", "", "", *map(_right, contestants), "all"),
            ],
        )

    def _restored(self) -> str:
        restore = self.restore
        rows = [
            ("restore, changelog records a second", f"{restore.per_second:,.0f}", ""),
            ("restore, seconds", f"{restore.seconds:.1f} for {restore.records:,} records", ""),
            ("start of the process to ready, seconds", f"{restore.ready_s:.1f}", ""),
            ("peak memory once restored, MiB", f"{restore.peak_rss_bytes / MIB:,.0f}", ""),
            ("annotations a second while they were filled", f"{restore.ingest_per_second:,.0f}", ""),
            ("bytes a task, content excluded", _bytes(restore), f"<= {TASK_BYTES:,}"),
        ]
        if restore.faults:
            rows = [(name, "void", aim) for name, _, aim in rows]
        return table((f"{restore.tasks:,} open tasks, three votes each", "goldstream", "aim"), rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose columns line up as plain text too; the first is flush left, the others right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *rest = (f"{cell:{side}{width}}" for cell, side, width in zip(cells, sides, widths, strict=True))
        return f"| {' | '.join((first, *rest))} |"

    sides = ["<"] + [">"] * (len(head) - 1)
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(line(cells) for cells in (head, rule, *rows))


def _faulty(rounds: Sequence[Round]) -> bool:
    return any(each.faults for each in rounds)


def _right(rounds: Sequence[Round]) -> str:
    return f"{sum(not each.faults for each in rounds)} of {len(rounds)}"


def _bytes(restore: Restore) -> str:
    return f"{restore.bytes_mean:,.0f} on average, at most {restore.bytes_most:,}"

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
    """Everything that was measured."""

    machine: Mapping[str, str]
    goldstream: Sequence[Round]
    faust: Sequence[Round]
    restore: Restore

    def _compared(self, value: Callable[[Round], float]) -> tuple[Spread, Spread, Spread]:
        ours, theirs = [value(each) for each in self.goldstream], [value(each) for each in self.faust]
        # Round by round: the two of a round ran one after the other, so what else the machine did weighs on both.
        ratios = [mine / its for mine, its in zip(ours, theirs, strict=True)]
        return Spread.of(ratios), Spread.of(ours), Spread.of(theirs)

    @property
    def times_faust(self) -> Spread:
        """Annotations a second as a multiple of Faust's."""
        return self._compared(lambda each: each.per_second)[0]

    def shortfalls(self) -> list[str]:
        """Return, in words, why figures are void; where all stand, which aims were missed."""
        void = [
            f"void: {name}, round {number}: {fault}"
            for name, rounds in (("goldstream", self.goldstream), ("Faust", self.faust))
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
            "goldstream": [asdict(each) | {"per_second": each.per_second} for each in self.goldstream],
            "faust": [asdict(each) | {"per_second": each.per_second} for each in self.faust],
            "restore": asdict(self.restore) | {"per_second": self.restore.per_second},
            "shortfalls": self.shortfalls(),
        }

    def markdown(self) -> str:
        """Return the tables and the machine, in Markdown; a figure that does not stand is ``void``."""
        sections = [
            self._beside_faust(),
            self._restored(),
            "Measured on " + "; ".join(f"{name} {value}" for name, value in self.machine.items()) + ".",
        ]
        return "\n\n".join(sections)

    def _beside_faust(self) -> str:
        void_ours, void_theirs = (any(each.faults for each in rounds) for rounds in (self.goldstream, self.faust))

        def row(name: str, value: Callable[[Round], float], form: str = ".1f", aim: str = "") -> Sequence[str]:
            ratio, ours, theirs = self._compared(value)
            return (
                name,
                "void" if void_ours or void_theirs else ratio.text(form, "x"),
                "void" if void_ours else ours.text(),
                "void" if void_theirs else theirs.text(),
                aim,
            )

        return table(
            ("one worker beside the broker", "vs Faust", "goldstream, exactly-once", "Faust, at-least-once", "aim"),
            [
                row("annotations a second", lambda each: each.per_second, aim=f">= {TIMES_FAUST:.0f}x"),
                row("CPU seconds per million annotations", lambda each: each.cpu_s_per_million, ".2f"),
                row("the broker's, for the same", lambda each: each.broker_cpu_s_per_million, ".2f"),
                row("peak memory, MiB", lambda each: each.peak_rss_bytes / MIB),
                (
                    "annotations a round",
                    "",
                    f"{self.goldstream[0].annotations:,}",
                    f"{self.faust[0].annotations:,}",
                    "",
                ),
                ("rounds with every label right", "", _right(self.goldstream), _right(self.faust), "all"),
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


def _right(rounds: Sequence[Round]) -> str:
    return f"{sum(not each.faults for each in rounds)} of {len(rounds)}"


def _bytes(restore: Restore) -> str:
    return f"{restore.bytes_mean:,.0f} on average, at most {restore.bytes_most:,}"

"""Curves as SVG: one for the latencies, one for each axis along which cost grows.

The same figures give the same bytes. The background is left out and the colours are of middle brightness, so that a
plot can be read on a light page and on a dark one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, NullLocator

from benchmarks.growth import AXES, Growth, Point
from benchmarks.latency import NAMED, PER_SECOND, SHARES, Latencies
from benchmarks.report import Findings
from benchmarks.tables import Spread

INK = "#7d8590"
COLOURS = ("#2f81c9", "#d2762a", "#3f9c5a", "#a371d6")
STYLE: dict[Any, Any] = {
    # Ids follow from this and from the figure, not from chance; text stays text.
    "svg.hashsalt": "goldstream",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 12,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": INK,
    "grid.alpha": 0.25,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.labelcolor": INK,
    "legend.frameon": False,
}
_NAMES = {
    "batch_records": ("batch size", "records in a batch, at most"),
    "annotators": ("number of annotators", "annotators"),
    "votes": ("votes per task", "votes per task"),
    "partitions": ("partitions", "partitions of every topic"),
    "workers": ("workers", "workers, on the cores of one machine"),
}


def write(folder: Path, findings: Iterable[Findings]) -> list[Path]:
    """Write the plots of `findings` whose figures stand into `folder`, and delete older ones; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    plots: dict[str, Figure] = {}
    written = []
    with mpl.rc_context(STYLE):
        for found in findings:
            if isinstance(found, Latencies) and not found.faults:
                plots["latency"] = _latency(found)
            elif isinstance(found, Growth):
                plots |= _throughputs(found)
        for name, figure in plots.items():
            path = folder / f"{name}.svg"
            # A date would make every file differ from the last one.
            figure.savefig(path, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
            written.append(path)
    return written


def _throughputs(growth: Growth) -> dict[str, Figure]:
    standing = {axis: [point for point in growth.along(axis) if not point.faults] for axis in AXES}
    return {
        f"throughput-by-{axis.replace('_', '-')}": _growth(axis, points)
        for axis, points in standing.items()
        if len(points) > 1
    }


def _axes(title: str, across: str, up: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot(title=title, xlabel=across, ylabel=up)
    return figure, axes


def _latency(latencies: Latencies) -> Figure:
    figure, axes = _axes(
        f"Latency at {PER_SECOND:,.0f} annotations a second: median and range of the rounds",
        "share of the labels that did not take longer",
        "last annotation due to label readable, ms",
    )
    # By how many labels took longer: each step to the right is as far as the share that is left shrinks.
    places = [1 / (1 - share) for share in SHARES if share < 1]
    for colour, (title, rounds) in zip(COLOURS, latencies.rounds.items(), strict=False):
        by_share = list(zip(*(each.seconds for each in rounds), strict=True))[: len(places)]
        low, high = ([pick(values) * 1000 for values in by_share] for pick in (min, max))
        middle = [seconds * 1000 for seconds in latencies.median(title)][: len(places)]
        axes.plot(places, middle, color=colour, label=title)
        axes.fill_between(places, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.set_xscale("log")
    # Room for the legend above the curves, which rise to the right.
    axes.set_ylim(0, 1.1 * axes.get_ylim()[1])
    shown = [*NAMED.values(), 0.999]
    axes.xaxis.set_major_locator(FixedLocator([1 / (1 - share) for share in shown]))
    axes.xaxis.set_major_formatter(FixedFormatter([f"{share:.1%}".replace(".0%", "%") for share in shown]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.legend(loc="upper left")
    return figure


def _growth(axis: str, points: Sequence[Point]) -> Figure:
    title, across = _NAMES[axis]
    figure, axes = _axes(f"Throughput by {title}: median and range of the rounds", across, "annotations a second")
    values = [float(getattr(point.setting, axis)) for point in points]
    spreads = [Spread.of(point.per_second) for point in points]
    middle = [spread.median for spread in spreads]
    bars = [
        [spread.median - spread.least for spread in spreads],
        [spread.most - spread.median for spread in spreads],
    ]
    axes.errorbar(values, middle, yerr=bars, color=COLOURS[0], marker="o", markersize=5, capsize=3)
    if values[-1] > 10 * values[0]:
        axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(values))
    axes.xaxis.set_major_formatter(FixedFormatter([f"{value:,.0f}" for value in values]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_ylim(bottom=0)
    return figure

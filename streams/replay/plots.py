"""A figure of a replay: accuracy against votes, reliability of the confidences, annotators by accuracy and speed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from streams.failures import Failure
from streams.replay.history import History
from streams.replay.labels import Labels
from streams.replay.people import Person
from streams.replay.scoring import ECE_BINS, NOTHING, Verdict
from streams.replay.spending import Spending


def demand_matplotlib() -> None:
    """Raise `Failure` where it is not installed."""
    if find_spec("matplotlib") is None:
        raise Failure("--plot needs the extra plot: pip install 'goldstream[plot]'")


def draw(
    path: Path,
    history: History,
    labels: Labels,
    verdicts: Mapping[str, Verdict],
    people: list[Person],
    spent: Spending,
) -> None:
    """Draw the three and write them to `path`, whose name says as what; raises `Failure` where that fails."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - an extra, and slow to import

    figure = Figure(figsize=(15, 4.6), layout="constrained")
    figure.suptitle(history.name)
    votes, sureness, speed = figure.subplots(1, 3)
    _votes(votes, spent)
    _sureness(sureness, history, labels, verdicts)
    _speed(speed, people)
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise Failure(f"{path}: cannot be drawn: {' '.join(str(error).split())}") from None


def _votes(axes: Any, spent: Spending) -> None:
    scored = all(one.accuracy is not None for one in (*spent.fixed, *spent.until_sure))
    for each, name in ((spent.fixed, "so many votes a task"), (spent.until_sure, "until so sure")):
        heights = [100 * (one.accuracy if scored and one.accuracy is not None else one.same) for one in each]
        across = [100 * one.share for one in each]
        axes.plot(across, heights, "o-", label=name)
        for one, x, y in zip(each[:-1], across, heights, strict=False):
            axes.annotate(one.name.split()[0], (x, y), xytext=(4, -12), textcoords="offset points")
    axes.set(title="Votes", xlabel="% of the votes paid", xlim=(0, 105))
    axes.set_ylabel("% of labels right" if scored else "% of labels as with all votes")
    axes.legend()


def _sureness(axes: Any, history: History, labels: Labels, verdicts: Mapping[str, Verdict]) -> None:
    axes.set(title="Confidence and accuracy", xlabel="confidence, %", ylabel="% right", xlim=(0, 100), ylim=(0, 102))
    axes.plot([0, 100], [0, 100], color="0.7", linewidth=1)
    pairs = np.array(
        [
            (label.confidence, label.right(labels.index[truth], len(labels.names)))
            for task, truth in history.truth.items()
            if (label := verdicts.get(task, NOTHING)).confidence is not None and truth in labels.index
        ]
    )
    if not len(pairs):
        axes.text(50, 50, "no truth known", ha="center")
        return
    bins = np.clip(np.ceil(pairs[:, 0] * ECE_BINS) - 1, 0, ECE_BINS - 1).astype(int)
    counts = np.bincount(bins, minlength=ECE_BINS)
    filled = counts > 0
    means = [100 * np.bincount(bins, pairs[:, column], ECE_BINS)[filled] / counts[filled] for column in (0, 1)]
    axes.scatter(*means, s=10 + 290 * counts[filled] / counts.max())


def _speed(axes: Any, people: list[Person]) -> None:
    axes.set(title="Annotators", ylabel="% right", ylim=(0, 102))
    shown = [(one, one.accuracy) for one in people if one.accuracy is not None]
    timed = all(one.median_s for one, _ in shown)
    across = [one.median_s if timed else one.answers for one, _ in shown]
    axes.set_xlabel("seconds an answer, median" if timed else "answers (the times are not known)")
    axes.set_xscale("log")
    sizes = [10 + 2 * one.judged**0.5 for one, _ in shown]
    axes.scatter(across, [100 * accuracy for _, accuracy in shown], s=sizes, alpha=0.6)

"""Simulated campaigns beside two batch methods: `python -m benchmarks.campaigns [--seeds 20] [PRESET ...]`.

Prints a line for each campaign: goldstream's accuracy and macro-F1, and the differences from the better of one-coin
EM and Dawid-Skene, with 95% intervals over the seeds.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from tempfile import TemporaryDirectory

from streams.replay.history import Columns, History, read
from streams.replay.labels import Labels, labels_of
from streams.replay.orders import Order
from streams.replay.playing import Plan, play
from streams.replay.results import figures_of
from streams.replay.scoring import Scores, Verdict, scores
from streams.simulator.campaigns import PRESETS
from streams.simulator.command import write
from streams.simulator.drawing import Drawn, draw, task_name
from tests.simulator.reference import Method, posterior

_METHODS: tuple[Method, ...] = ("one_coin", "dawid_skene")


def compare(preset: str, seed: int) -> tuple[Scores, list[Scores]]:
    """Return the scores of goldstream and of each reference on one campaign."""
    drawn = draw(PRESETS[preset], seed)
    with TemporaryDirectory() as folder:
        write(Path(folder), drawn)
        history = read(Path(folder) / "annotations.csv", Columns(), None)
    labels = labels_of(history, tuple(map(str, range(drawn.campaign.classes))), None)
    found = figures_of(history, labels, play(history, labels, Plan(order=Order.given), seed))
    own = Scores(accuracy=found.accuracy, macro_f1=found.macro_f1)
    return own, [_reference(drawn, history, labels, method) for method in _METHODS]


def _reference(drawn: Drawn, history: History, labels: Labels, method: Method) -> Scores:
    chosen = posterior(drawn, method).argmax(axis=1).tolist()
    pairs = [(Verdict((place,)), history.truth[task_name(task)]) for task, place in enumerate(chosen)]
    return scores(pairs, labels)


def interval(values: Sequence[float]) -> str:
    """Return a mean with its 95% interval."""
    half = 1.96 * stdev(values) / sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{fmean(values):+.4f} ±{half:.4f}"


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*", default=list(PRESETS), metavar="PRESET")
    parser.add_argument("--seeds", type=int, default=20)
    chosen = parser.parse_args()
    print(f"{'campaign':<14}{'accuracy':>9}{'macro-F1':>10}   accuracy - better     macro-F1 - better")
    for preset in chosen.presets:
        own, better = [], []
        for seed in range(chosen.seeds):
            mine, others = compare(preset, seed)
            own.append((mine.accuracy or 0.0, mine.macro_f1 or 0.0))
            better.append((max(one.accuracy or 0.0 for one in others), max(one.macro_f1 or 0.0 for one in others)))
        accuracy, macro_f1 = (fmean(column) for column in zip(*own, strict=True))
        gaps = [
            interval([mine[place] - other[place] for mine, other in zip(own, better, strict=True)]) for place in (0, 1)
        ]
        print(f"{preset:<14}{accuracy:>9.4f}{macro_f1:>10.4f}   {gaps[0]:<22}{gaps[1]}", flush=True)


if __name__ == "__main__":
    main()

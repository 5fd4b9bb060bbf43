"""How often the gold test finds somebody, by how accurate they are: `python -m benchmarks.gold_test`.

A thousand gold answers for each of many simulated annotators, and the evidence looked at after every one, as the
annotator side does.
"""

from __future__ import annotations

import argparse
import json
from bisect import bisect
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from schemas import GoldTest
from streams.quality.keys import fixed
from streams.quality.reliability.gold_test import bar, evidence

ACCURACIES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9)


@dataclass(frozen=True)
class Found:
    """Of the annotators of one accuracy: how many are found, and after how many gold answers.

    Attributes
    ----------
    share : float
        Of those found within all their answers.
    within_50 : float
        Of those found within 50.
    median : int or None
        By so many answers half of all are found; None where less are.
    """

    accuracy: float
    annotators: int
    items: int
    share: float
    within_50: float
    median: int | None


def first_found(right: npt.NDArray[np.bool_], rules: GoldTest) -> npt.NDArray[np.int_]:
    """Return per annotator (row) after how many answers (columns) the test finds them; 0 for never."""
    p0, p1, limit = fixed(rules.p0), fixed(rules.p1), bar(fixed(rules.alpha))
    counts = right.cumsum(axis=1)
    found = np.zeros(len(right), dtype=np.int_)
    for n in range(1, right.shape[1] + 1):
        found[(found == 0) & (counts[:, n - 1] <= _most(n, p0, p1, limit))] = n
    return found


def _most(n: int, p0: int, p1: int, limit: int) -> int:
    """Return how many right answers among `n` are still found: fewer are more evidence."""
    return bisect(range(n + 1), -limit, key=lambda right: -evidence(right, n, p0, p1)) - 1


def simulate(accuracy: float, annotators: int, items: int, seed: int, rules: GoldTest) -> Found:
    """Simulate annotators of one accuracy; equal arguments give equal results."""
    right = np.random.default_rng([seed, fixed(accuracy)]).random((annotators, items)) < accuracy
    found = np.sort(np.where(first := first_found(right, rules), first, items + 1))
    half = int(found[(annotators - 1) // 2])
    return Found(
        accuracy=accuracy,
        annotators=annotators,
        items=items,
        share=float((found <= items).mean()),
        within_50=float((found <= 50).mean()),
        median=half if half <= items else None,
    )


def main() -> None:
    """Print a table, or with ``--json`` a list with an object per accuracy."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gold_test", description=__doc__)
    parser.add_argument("--annotators", type=int, default=5_000, help="of each accuracy (default %(default)s)")
    parser.add_argument("--items", type=int, default=1_000, help="gold answers of each (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rules = GoldTest()
    rows = [simulate(accuracy, asked.annotators, asked.items, asked.seed, rules) for accuracy in ACCURACIES]
    if asked.json:
        print(json.dumps([asdict(row) for row in rows]))
        return
    print(f"p0 {rules.p0}, p1 {rules.p1}, alpha {rules.alpha}; {asked.annotators} annotators, {asked.items} gold each")
    print("accuracy  found   within 50  median")
    for row in rows:
        median = "-" if row.median is None else row.median
        print(f"{row.accuracy:<9} {row.share:>6.2%}  {row.within_50:>8.2%}  {median:>6}")


if __name__ == "__main__":
    main()

"""Public annotation sets played vote by vote, annotators learning from what the others say, as the system does."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from streams.quality.aggregation.by_type import aggregate_leaf
from streams.quality.aggregation.votes import Aggregate, Vote

TOLD_FROM = 3
"""Votes a task has before its annotators hear what the others say."""


class Row(NamedTuple):
    """One annotation, its label parsed."""

    task: str
    annotator: str
    answer: Any


def rows_of(path: Path, parse: Callable[[str], Any], seed: int) -> list[Row]:
    """Return a set's annotations in random order."""
    with path.open(newline="", encoding="utf-8") as lines:
        rows = [Row(row["task"], row["worker"], parse(row["label"])) for row in csv.DictReader(lines)]
    random.Random(seed).shuffle(rows)
    return rows


def truths(path: Path, parse: Callable[[str], Any]) -> dict[str, Any]:
    """Return the true labels that stand beside a set's annotations."""
    with (path.parent / "truth.csv").open(newline="", encoding="utf-8") as lines:
        return {row["task"]: parse(row["label"]) for row in csv.DictReader(lines)}


class Record:
    """What is known of the annotators: sums that a task's newest votes replace and never add to twice."""

    def __init__(self, size: int) -> None:
        self.sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0] * size)
        self._told: dict[tuple[str, str], tuple[float, ...]] = {}

    def tell(self, task: str, annotator: str, numbers: tuple[float, ...]) -> None:
        """Replace what the annotator heard of the task."""
        sums = self.sums[annotator]
        before = self._told.get((task, annotator), (0,) * len(numbers))
        self._told[task, annotator] = numbers
        for place, (new, old) in enumerate(zip(numbers, before, strict=True)):
            sums[place] += new - old


def play(
    rows: list[Row],
    space_of: Callable[[str], Any],
    vote_of: Callable[[str, Any], Vote],
    tell: Callable[[str, str, Any, Aggregate], None],
) -> Iterator[tuple[str, Aggregate]]:
    """Yield each task with what its votes come to once the last one is in.

    From the third vote on, every annotator of the task is told what the others' votes come to.
    """
    left = defaultdict(set)
    for row in rows:
        left[row.task].add(row.annotator)
    votes: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        own = votes[row.task]
        own[row.annotator] = row.answer
        left[row.task].discard(row.annotator)
        space = space_of(row.task)
        if len(own) >= TOLD_FROM:
            weighed = {annotator: vote_of(annotator, answer) for annotator, answer in own.items()}
            for annotator, answer in own.items():
                others = [vote for other, vote in weighed.items() if other != annotator]
                tell(row.task, annotator, answer, aggregate_leaf(space, others, None, 0))
        if not left[row.task]:
            del left[row.task]
            weighed_now = [vote_of(annotator, answer) for annotator, answer in own.items()]
            yield row.task, aggregate_leaf(space, weighed_now, None, 0)

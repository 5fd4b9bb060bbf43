"""What aggregation reaches on public sets, beside the plain rules on the same votes."""

from __future__ import annotations

from collections.abc import Callable
from math import fsum
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from streams.quality.aggregation.votes import Aggregate, Vote
from streams.quality.keys import fixed
from tests.quality.aggregation.made import made
from tests.quality.aggregation.public import Record, play, rows_of, truths

SEEDS = (0, 1, 2)
PRIOR = 10
"""Ratings that an annotator is taken to have given, without bias and a step off."""


@pytest.mark.parametrize("seed", SEEDS)
def test_ratings_are_no_further_from_the_truth_than_the_plain_mean(dataset: Callable[[str], Path], seed: int) -> None:
    path = dataset("web_search")
    space = made(type="likert_scale", min=0, max=4)
    truth = truths(path, int)
    record = Record(3)

    def vote_of(annotator: str, answer: int) -> Vote:
        n, off, squares = record.sums[annotator]
        bias = off / (n + PRIOR)
        variance = (squares + PRIOR) / (n + PRIOR) - bias * bias
        return Vote(answer, weight=fixed(1 / max(variance, 0.05)), bias=fixed(bias))

    def tell(task: str, annotator: str, answer: int, others: Aggregate) -> None:
        off = answer - others.details["mean"]
        record.tell(task, annotator, (1, off, off * off))

    rows = rows_of(path, int, seed)
    found = dict(play(rows, lambda _: space, vote_of, tell))
    given: dict[str, dict[str, int]] = {}
    for row in rows:
        given.setdefault(row.task, {})[row.annotator] = row.answer
    tasks = sorted(truth.keys() & found.keys())
    right = np.array([truth[task] for task in tasks])
    ours = np.array([found[task].details["mean"] for task in tasks])
    plain = np.array([fsum(given[task].values()) / len(given[task]) for task in tasks])
    figures = {
        name: (float(np.abs(means - right).mean()), float(spearmanr(means, right).statistic))
        for name, means in (("ours", ours), ("plain", plain))
    }
    assert figures["ours"][0] <= figures["plain"][0]
    assert figures["ours"][1] >= figures["plain"][1]

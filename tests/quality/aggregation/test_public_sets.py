"""What the ratings' means reach on public sets, beside the plain mean of the same votes."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import fsum
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from streams.replay.history import Columns, read
from streams.replay.labels import labels_of
from streams.replay.orders import Order
from streams.replay.playing import Plan, play


@pytest.mark.parametrize(("name", "steps"), [("web_search", "01234"), ("metaphor_novelty", "0123")])
@pytest.mark.parametrize("mean", ["adjusted_mean", "expected"])
def test_ratings_are_no_further_from_the_truth_than_the_plain_mean(
    dataset: Callable[[str], Path], name: str, steps: str, mean: str
) -> None:
    history = read(dataset(name), Columns(), None)
    labels = labels_of(history, None, list(steps))
    newest = play(history, labels, Plan(order=Order.random), 0).newest
    given: dict[str, dict[str, int]] = {}
    for answer in history.answers:
        given.setdefault(answer.task, {})[answer.worker] = int(answer.label)
    tasks = sorted(history.truth)
    right = np.array([int(history.truth[task]) for task in tasks])
    ours = np.array([next(iter(json.loads(newest[task])["answers"].values()))["details"][mean] for task in tasks])
    plain = np.array([fsum(given[task].values()) / len(given[task]) for task in tasks])
    assert np.abs(ours - right).mean() <= np.abs(plain - right).mean()
    assert spearmanr(ours, right).statistic >= spearmanr(plain, right).statistic

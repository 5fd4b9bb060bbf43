"""What aggregation reaches on public sets, beside the plain rules on the same votes."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import fsum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from streams.quality.aggregation.by_type import aggregate_leaf
from streams.quality.aggregation.span_annotation import overlap
from streams.quality.aggregation.spans import f1
from streams.quality.aggregation.votes import Aggregate, Vote
from streams.quality.keys import FIXED, fixed
from tests.quality.aggregation.made import made
from tests.quality.aggregation.public import Record, play, rows_of, truths

SEEDS = (0, 1, 2)
PRIOR = 10
"""Ratings that an annotator is taken to have given, without bias and a step off."""
PRIOR_CHARACTERS = 300


@pytest.mark.parametrize("seed", SEEDS)
def test_spans_beat_the_majority_of_characters(dataset: Callable[[str], Path], seed: int) -> None:
    path = dataset("pico_spans")
    lengths = {text.stem: len(text.read_text(encoding="utf-8")) for text in (path.parent / "docs").glob("*.txt")}
    truth = truths(path, spans)
    record = Record(3)

    def space_of(task: str) -> Any:
        return made(type="span_annotation", labels=["participants"], text_length=lengths[task])

    def vote_of(annotator: str, answer: Any) -> Vote:
        both, answered, expected = record.sums[annotator]
        seen = 0.7 * PRIOR_CHARACTERS + both
        return Vote(
            answer,
            precision=fixed(seen / (PRIOR_CHARACTERS + answered)),
            recall=fixed(seen / (PRIOR_CHARACTERS + expected)),
        )

    def tell(task: str, annotator: str, answer: Any, others: Aggregate) -> None:
        if others.label is not None:
            record.tell(task, annotator, overlap(answer, others.label))

    rows = rows_of(path, spans, seed)
    found = {task: result.label for task, result in play(rows, space_of, vote_of, tell)}
    newest = {(row.task, row.annotator): row.answer for row in rows}
    plain = {
        task: aggregate_leaf(
            space_of(task), [Vote(answer) for (at, _), answer in newest.items() if at == task], None, 0, plain=True
        ).label
        for task in found
    }
    score, majority = (
        f1(*map(sum, zip(*(overlap(labels[task], truth[task]) for task in labels if task in truth), strict=True)))
        for labels in (found, plain)
    )
    assert score > majority + 0.03 * FIXED


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


def spans(text: str) -> list[dict[str, Any]]:
    return [{"start": start, "end": end, "label": "participants"} for start, end in json.loads(text) if end > start]

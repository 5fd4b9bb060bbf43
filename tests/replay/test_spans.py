"""Replays of spans: how files give them, what the labels are worth, and what cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streams.replay.history import read
from streams.replay.spans import majority, marks, scores, spans_of
from tests.replay.histories import COLUMNS, file
from tests.replay.test_command import as_json, printed, refused

SPANS = ("--type", "span_annotation")


def marked(path: Path, rows: list[tuple[str, str, Any]], truth: dict[str, Any]) -> Path:
    """Write a JSONL file of (task, worker, spans), and the truth beside it."""
    file(path / "truth.csv", "task,label\n" + "".join(f'{task},"{json.dumps(one)}"\n' for task, one in truth.items()))
    lines = [json.dumps({"task": task, "worker": worker, "label": label}) for task, worker, label in rows]
    return file(path / "annotations.jsonl", "\n".join(lines))


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Return a file in which two who mark well, and three who mark little, mark thirty texts."""
    truth = {f"t{number}": [[number % 7, number % 7 + 20], [60, 70 + number % 7]] for number in range(30)}
    rows: list[tuple[str, str, Any]] = []
    for task, spans in truth.items():
        rows += [(task, who, spans) for who in ("ann", "bob")]
        start = spans[0][0]
        rows += [(task, who, [[start, start + 6 + place]]) for place, who in enumerate(("cy", "dee", "eve"))]
    return marked(tmp_path, rows, truth)


def test_spans_are_scored_by_characters(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = as_json(capsys, *SPANS, "--gold-share", ".2", history)
    assert (found["annotations"], found["tasks"], found["gold"]) == (150, 30, 6)
    assert set(found["methods"]) == {"reliability", "majority"}
    plain = found["methods"]["majority"]
    assert plain["recall"] == pytest.approx(plain["character_f1"] / (2 - plain["character_f1"]))
    assert plain["precision"] == 1
    assert found["character_f1"] > plain["character_f1"] + 0.3
    assert found["votes_used_share"] == 1
    assert "precision" in printed(capsys, *SPANS, history)


def test_labels_of_spans_are_written(history: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, *SPANS, "--labels", tmp_path / "labels.jsonl", history)
    lines = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text().splitlines()]
    assert len(lines) == 30
    assert {mark["label"] for line in lines for mark in line["label"]} == {"span"}


def test_the_majority_is_each_characters(tmp_path: Path) -> None:
    rows = [("t", "ann", [[0, 4]]), ("t", "bob", [[2, 6]]), ("t", "cy", [[3, 9, "span"]]), ("t", "cy", [[3, 8]])]
    found = read(marked(tmp_path, rows, {}), COLUMNS, None, in_json=True)
    assert majority(found, spans_of(found))["t"].marks == marks("[[2, 6]]")


def test_nothing_marked_is_an_answer() -> None:
    assert scores([([], [])]).character_f1 is None
    assert scores([([], marks("[[0, 2]]"))]).character_f1 == 0


@pytest.mark.parametrize(
    ("label", "error"),
    [
        ("duck", "expected a JSON list of [start, end] or [start, end, label], got 'duck'"),
        ("[[4, 2]]", "expected [start, end] or [start, end, label], 0 <= start <= end, got '[4, 2]'"),
        ("[[1]]", "expected [start, end] or [start, end, label], 0 <= start <= end, got '[1]'"),
        ('[{""end"": 2}]', "expected [start, end] or [start, end, label], 0 <= start <= end, got \"{'end': 2}\""),
    ],
)
def test_what_is_no_span_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], label: str, error: str
) -> None:
    path = file(tmp_path / "a.csv", f'task,worker,label\nt,ann,"[]"\nt,bob,"{label}"\n')
    assert refused(capsys, 1, *SPANS, path) == f"{path}:3: column 'label': {error}"


@pytest.mark.parametrize("flag", [("--classes", "a,b"), ("--target-confidence", ".9"), ("--compare", "crowd-kit")])
def test_flags_about_labels_are_refused(
    history: Path, capsys: pytest.CaptureFixture[str], flag: tuple[str, str]
) -> None:
    line = refused(capsys, 2, *SPANS, *flag, history)
    assert line == f"{flag[0]} is about labels, and --type span_annotation has spans: leave one out"


@pytest.mark.parametrize("gold", ["0", ".1"])
def test_spans_beat_the_majority_of_characters(dataset: Any, capsys: pytest.CaptureFixture[str], gold: str) -> None:
    path = dataset("pico_spans")
    (found,) = as_json(capsys, *SPANS, "--order", "random", "--seeds", 2, "--gold-share", gold, path)
    assert found["character_f1"] > found["methods"]["majority"]["character_f1"] + 0.04

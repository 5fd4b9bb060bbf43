"""The files that a replay writes: labels, annotators, and what to recheck; CSV, or JSONL by the name."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from streams.failures import Failure
from streams.replay.labels import Labels
from streams.replay.people import Person
from streams.replay.scoring import Verdict
from streams.replay.summary import Doubtful


def write_labels(path: Path, labels: Labels, verdicts: Mapping[str, Verdict]) -> None:
    """Write every task's newest label with its distribution; several labels that tie are no label."""
    write_rows(
        path,
        ("task", "label", "status", "reason", "confidence", "votes", "distribution"),
        (
            (
                task,
                labels.names[label.leaders[0]] if len(label.leaders) == 1 else None,
                label.status,
                label.reason,
                label.confidence,
                label.votes,
                {labels.names[place]: share for place, share in label.shares.items()},
            )
            for task, label in verdicts.items()
        ),
    )


def write_annotators(path: Path, people: Iterable[Person]) -> None:
    """Write every annotator with how often they were right, the 95% interval of that, and the median time."""
    write_rows(
        path,
        ("annotator", "annotations", "judged", "right", "accuracy", "accuracy_low", "accuracy_high", "median_s"),
        ((one.worker, one.answers, one.judged, one.right, one.accuracy, *one.interval, one.median_s) for one in people),
    )


def write_recheck(path: Path, found: Iterable[Doubtful]) -> None:
    """Write the doubtful labels, the least sure first."""
    write_rows(
        path,
        ("task", "label", "confidence", "votes", "status"),
        ((one.task, one.label, one.confidence, one.votes, one.status) for one in found),
    )


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Write rows as CSV, or JSONL by the name. Raises `Failure` where that cannot be."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            if path.suffix.lower() in {".jsonl", ".ndjson"}:
                for row in rows:
                    file.write(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) + "\n")
                return
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(columns)
            lines.writerows([_cell(value) for value in row] for row in rows)
    except OSError as error:
        raise Failure(f"{path}: cannot be written: {error.strerror}") from None


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value

"""`goldstream simulate`: a campaign as the files that `goldstream replay` reads."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from streams.failures import Failure
from streams.simulator.campaigns import PRESETS, Campaign
from streams.simulator.drawing import Drawn, draw, records, task_name

_START = datetime(2026, 1, 1, tzinfo=UTC)
_STEP = timedelta(seconds=1)


def run(out: Path, preset: str, seed: int, changed: dict[str, Any]) -> int:
    """Draw the campaign `preset` with `changed` fields, write it into the folder `out`, and say so."""
    fields = {name: getattr(PRESETS[preset], name) for name in Campaign.__dataclass_fields__} | changed
    try:
        campaign = Campaign(**fields)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    drawn = draw(campaign, seed)
    try:
        write(out, drawn)
    except OSError as error:
        raise Failure(f"--out {out}: cannot be written: {error.strerror}") from None
    click.echo(
        f"{len(drawn.task):,} annotations of {campaign.tasks:,} tasks by {campaign.annotators:,} annotators,"
        f" {campaign.classes} classes: {out / 'annotations.csv'}"
    )
    return 0


def write(folder: Path, drawn: Drawn) -> None:
    """Write annotations.csv, truth.csv, and annotators.csv with who the annotators are."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(
        folder / "annotations.csv",
        ("task", "worker", "label", "time_spent_s", "timestamp"),
        (
            (task, worker, label, seconds, (_START + number * _STEP).isoformat().replace("+00:00", "Z"))
            for task, worker, label, seconds, number in records(drawn)
        ),
    )
    _write(
        folder / "truth.csv",
        ("task", "label"),
        ((task_name(number), label) for number, label in enumerate(drawn.truth.tolist())),
    )
    _write(
        folder / "annotators.csv",
        ("annotator", "persona", "accuracy"),
        ((one.annotator_id, one.persona.value, f"{one.accuracy:.4f}") for one in drawn.annotators),
    )


def _write(path: Path, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(columns)
        lines.writerows(rows)

"""Labels as their topics have them, and snapshots made of them without a broker."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from streams.snapshot import files, manifest
from streams.snapshot.manifest import Format, Manifest
from streams.snapshot.rows import Label, Row, rows


def label(task_id: str, version: int = 1, *, answers: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return a settled label: cat with confidence .9, unless `fields` say otherwise."""
    cat = {"label": "cat", "confidence": 0.9, "distribution": {"cat": 0.9, "dog": 0.1}, "details": {"tie": 0.0}}
    return {
        "schema_version": 1,
        "task_id": task_id,
        "project": "p",
        "task_type": "classification",
        "version": version,
        "status": "settled",
        "reason": "agreed",
        "closed_by": "redundancy",
        "answers": {"q": cat} if answers is None else answers,
        "votes": 3,
        "non_answers": 0,
        "supersedes": version - 1 or None,
        "policy_version": 1,
        "guidelines_version": "1",
        "at": "2026-03-01T10:00:00Z",
        **fields,
    }


def rows_of(body: dict[str, Any]) -> list[Row]:
    return list(rows(msgspec.convert(body, Label)))


def write(folder: Path, parts: Iterable[Iterable[Row]], format: Format = "jsonl") -> Manifest:
    """Write a snapshot of these rows by partition, each sorted by task."""
    folder.mkdir()
    for partition, some in enumerate(parts):
        files.write_part(folder, partition, some)
    made = Manifest(
        schema_version=manifest.VERSION,
        namespace="n",
        as_of="2026-03-01T10:00:00.000Z",
        project=None,
        statuses=["settled"],
        labels={},
        from_latest=0,
        tasks={},
        left_out={},
        policy_versions={},
        guidelines_versions={},
        file=files.merge_parts(folder, format),
    )
    manifest.write(made, folder)
    return made

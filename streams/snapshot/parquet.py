"""A snapshot as Parquet; needs the extra `parquet`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from streams.printable import plain
from streams.snapshot.rows import Row

GROUP_ROWS = 20_000
"""Rows that are held at a time, and make a row group."""

SCHEMA = pa.schema(
    [
        pa.field("task_id", pa.string(), nullable=False),
        ("question_id", pa.string()),
        ("project", pa.string()),
        ("task_type", pa.string()),
        ("status", pa.string()),
        ("label", pa.string()),
        ("confidence", pa.float64()),
        ("calibrated", pa.bool_()),
        ("distribution", pa.map_(pa.string(), pa.float64())),
        ("vote_share", pa.float64()),
        ("agreement", pa.float64()),
        ("effective_votes", pa.float64()),
        ("details", pa.string()),
        ("votes", pa.int64()),
        ("non_answers", pa.int64()),
        ("reason", pa.string()),
        ("closed_by", pa.string()),
        ("version", pa.int64()),
        ("policy_version", pa.int64()),
        ("guidelines_version", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")),
    ]
)
"""The columns are those of `Row`. A label that is no text is its JSON, and so are the details."""

_row = msgspec.json.Decoder(Row).decode


class Writer:
    """Writes rows to a file, one row group after another."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetWriter(path, SCHEMA, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def write(self, line: bytes) -> None:
        """Write a row, given as its line of JSON."""
        row = msgspec.structs.asdict(_row(line))
        row["label"] = None if row["label"] is None else plain(row["label"])
        row["distribution"] = list(row["distribution"].items())
        row["details"] = plain(row["details"])
        row["at"] = datetime.fromisoformat(row["at"])
        self._rows.append(row)
        if len(self._rows) == GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        """Finish the file."""
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        if self._rows:
            self._file.write_table(pa.Table.from_pylist(self._rows, schema=SCHEMA))
            self._rows.clear()


def read(path: Path) -> Iterator[Row]:
    """Yield the rows of a file; every label is text."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=GROUP_ROWS):
            for row in batch.to_pylist():
                row["distribution"] = dict(row["distribution"])
                row["details"] = msgspec.json.decode(row["details"])
                row["at"] = row["at"].isoformat()
                yield Row(**row)

"""Rows of annotation files, by their columns, with the line that each stands on: CSV, JSONL and Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from streams.failures import Failure

Row: TypeAlias = tuple[int, Mapping[str, Any]]
"""A line's number, the first being 1, and its values by column."""


class FileError(Failure):
    """A file cannot be used as it is.

    Parameters
    ----------
    path : Path
    line : int or None
        None where it is about the file as a whole.
    column : str or None
    error : str
        What is wrong there, and what was expected.
    """

    def __init__(self, path: Path, line: int | None, column: str | None, error: str) -> None:
        place = ":".join(str(part) for part in (path, line) if part is not None)
        super().__init__(f"{place}: column {column!r}: {error}" if column is not None else f"{place}: {error}")


def rows(path: Path) -> tuple[list[str], Iterator[Row]]:
    """Return the columns of a file, and its rows one after the other.

    Raises
    ------
    FileError
        The file has no known format, cannot be read, or has nothing in it; the rows raise it too.
    """
    read = _FORMATS.get(path.suffix.lower())
    if read is None:
        raise FileError(path, None, None, f"expected a name that ends in {', '.join(_FORMATS)}")
    found = _guarded(path, read)
    try:
        _, first = next(found)
    except StopIteration:
        raise FileError(path, None, None, "is empty, expected rows with the columns task, worker, label") from None
    return list(first), found


def _guarded(path: Path, read: Callable[[Path], Iterator[Row]]) -> Iterator[Row]:
    try:
        yield from read(path)
    except OSError as error:
        raise FileError(path, None, None, error.strerror or "cannot be read") from None
    except UnicodeDecodeError as error:
        raise FileError(path, None, None, f"expected UTF-8, which ends at byte {error.start} of a block") from None


def _csv(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, strict=True)
        try:
            columns = next(lines, [])
            if not columns:
                return
            yield 1, dict.fromkeys(columns)
            line = lines.line_num + 1
            for values in lines:
                if values:
                    if len(values) != len(columns):
                        raise FileError(path, line, None, f"expected {len(columns)} values, got {len(values)}")
                    yield line, dict(zip(columns, values, strict=True))
                line = lines.line_num + 1
        except csv.Error as error:
            raise FileError(path, lines.line_num, None, f"expected CSV: {error}") from None


def _jsonl(path: Path) -> Iterator[Row]:
    begun = False
    with path.open(encoding="utf-8") as file:
        for line, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                values = json.loads(text)
            except ValueError:
                values = None
            if not isinstance(values, dict):
                raise FileError(path, line, None, "expected a JSON object on a line of its own")
            if not begun:
                begun = True
                yield line, dict.fromkeys(values)
            yield line, values


def _parquet(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException  # noqa: PLC0415 - an extra, that other formats do without
        from pyarrow.parquet import ParquetFile  # noqa: PLC0415 - the same extra
    except ImportError:
        error = "Parquet needs the extra parquet: pip install 'goldstream[parquet]'"
        raise FileError(path, None, None, error) from None
    try:
        with ParquetFile(path) as file:
            yield 1, dict.fromkeys(file.schema_arrow.names)
            line = 1
            for batch in file.iter_batches():
                for values in batch.to_pylist():
                    yield line, values
                    line += 1
    except (ArrowException, ValueError) as error:
        raise FileError(path, None, None, f"expected Parquet: {' '.join(str(error).split())}") from None


_FORMATS: Mapping[str, Callable[[Path], Iterator[Row]]] = {
    ".csv": _csv,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".parquet": _parquet,
}

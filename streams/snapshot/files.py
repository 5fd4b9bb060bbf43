"""The file of a snapshot, written in the order of task ids, and read again row by row."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from importlib import import_module
from operator import itemgetter
from pathlib import Path
from typing import Protocol

import msgspec

from streams.settings import SettingsError
from streams.snapshot.manifest import File, Format, Manifest
from streams.snapshot.rows import Row

PART = ".part"

_row = msgspec.json.Decoder(Row).decode
encode = msgspec.json.Encoder().encode


class RowWriter(Protocol):
    """Writes one format."""

    def write(self, line: bytes) -> None:
        """Write a row, given as its line of JSON."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


class _JsonLines:
    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def write(self, line: bytes) -> None:
        self._file.write(line)

    def close(self) -> None:
        self._file.close()


class _Keyed(msgspec.Struct, gc=False):
    task_id: str


_keyed = msgspec.json.Decoder(_Keyed).decode


def demand(format: Format) -> None:
    """Raise `SettingsError` where what writes `format` is not installed."""
    if format == "parquet":
        try:
            import_module("pyarrow")
        except ImportError:
            raise SettingsError(
                "format parquet: needs the extra parquet, which is not installed: pip install 'goldstream[parquet]'"
            ) from None


def write_part(folder: Path, partition: int, rows: Iterable[Row]) -> None:
    """Write the rows of a partition, sorted by task id, beside the file that they will be in."""
    with (folder / f"{partition}{PART}").open("wb") as part:
        for row in rows:
            part.write(encode(row) + b"\n")


def merge_parts(folder: Path, format: Format) -> File:
    """Make one file of the parts; return what the manifest says of it."""
    parts = sorted(folder.glob(f"*{PART}"))
    path = folder / f"labels.{format}"
    writer, count = _writer(path, format), 0
    try:
        with ExitStack() as stack:
            opened = [stack.enter_context(part.open("rb")) for part in parts]
            keyed = (((_keyed(line).task_id, line) for line in part) for part in opened)
            for _, line in heapq.merge(*keyed, key=itemgetter(0)):
                writer.write(line)
                count += 1
    finally:
        writer.close()
    for part in parts:
        part.unlink()
    with path.open("rb") as whole:
        digest = hashlib.file_digest(whole, "sha256").hexdigest()
    return File(name=path.name, format=format, rows=count, bytes=path.stat().st_size, sha256=digest)


def read_rows(folder: Path, manifest: Manifest) -> Iterator[Row]:
    """Yield the rows of a verified snapshot, in their order."""
    path = folder / manifest.file.name
    if manifest.file.format == "parquet":
        demand("parquet")
        from streams.snapshot import parquet  # noqa: PLC0415 - the extra is optional

        yield from parquet.read(path)
        return
    with path.open("rb") as lines:
        for line in lines:
            yield _row(line)


def _writer(path: Path, format: Format) -> RowWriter:
    if format == "parquet":
        from streams.snapshot import parquet  # noqa: PLC0415 - the extra is optional

        return parquet.Writer(path)
    return _JsonLines(path)

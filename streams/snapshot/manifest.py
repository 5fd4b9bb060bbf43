"""The manifest of a snapshot: what shaped it, what it holds, and the hash of its file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import msgspec

from streams.failures import Failure

MANIFEST = "manifest.json"
VERSION = 1
"""Of the manifest's and the rows' fields."""

Format = Literal["jsonl", "parquet"]


class Unsound(Failure):
    """What is given as a snapshot is none, or is not as it was made."""

    exit_code = 2


class Bound(msgspec.Struct, frozen=True):
    """Which records of a partition count: from the log's first to the last at or before the time, -1 for none."""

    first: int
    through: int


class File(msgspec.Struct, frozen=True):
    """The file with the labels."""

    name: str
    format: Format
    rows: int
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """All that is known of a snapshot; equal logs and equal times make equal bytes.

    Attributes
    ----------
    as_of : str
        ISO 8601, UTC.
    project : str or None
        The only one in it.
    statuses : list of str
        Those of the labels in it.
    labels : dict of str to Bound
        The records of `labels` that count, by partition.
    from_latest : int
        Labels that `labels` no longer holds, taken from `labels.latest`.
    tasks : dict of str to int
        How many are in it, by status.
    left_out : dict of str to int
        How many are not, by reason; `lost` may have had a label that no topic holds any more.
    policy_versions, guidelines_versions : dict
        How many labels were made under each, by project.
    """

    schema_version: int
    namespace: str
    as_of: str
    project: str | None
    statuses: list[str]
    labels: dict[str, Bound]
    from_latest: int
    tasks: dict[str, int]
    left_out: dict[str, int]
    policy_versions: dict[str, dict[str, int]]
    guidelines_versions: dict[str, dict[str, int]]
    file: File


def write(manifest: Manifest, folder: Path) -> str:
    """Write a manifest; return its hash."""
    raw = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    (folder / MANIFEST).write_bytes(raw)
    return hashlib.sha256(raw).hexdigest()


def verified(folder: Path) -> Manifest:
    """Return the manifest of a snapshot whose file is as it says.

    Raises
    ------
    Unsound
        There is none, or the file is missing or has changed.
    """
    place = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(place.read_bytes(), type=Manifest)
    except OSError as error:
        raise Unsound(f"{place}: cannot be read ({error.strerror}): give the folder of a snapshot") from None
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise Unsound(f"{place}: is no manifest of this release: {error}") from None
    if manifest.schema_version != VERSION:
        raise Unsound(
            f"{place}: schema_version: expected {VERSION}, got {manifest.schema_version}: made by another release"
        )
    if Path(manifest.file.name).name != manifest.file.name:
        raise Unsound(f"{place}: file.name: expected the name of a file beside it, got {manifest.file.name!r}")
    file = folder / manifest.file.name
    try:
        with file.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise Unsound(f"{file}: cannot be read ({error.strerror}): the snapshot is not whole, make it again") from None
    if found != manifest.file.sha256:
        raise Unsound(f"{file}: has another sha256 than its manifest says: it was changed, make the snapshot again")
    return manifest

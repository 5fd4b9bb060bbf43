"""Which label of each task stood at a time, from the records of one partition. Pure.

`labels` has every version and is kept for long, not for ever; `labels.latest` has the newest of every task that was not
erased. Whatever `labels` no longer holds is taken from there, where that is old enough.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


class Version(msgspec.Struct, gc=False):
    """What is read of a label to choose among a task's."""

    task_id: str
    project: str
    version: int


class Lost(msgspec.Struct, frozen=True):
    """A task that may have had a label at the time: one before those that the topics still hold."""

    task_id: str
    project: str


_version = msgspec.json.Decoder(Version).decode


class Newest:
    """The last label of each task at or before a time.

    It holds one record of each task of the partition.

    Parameters
    ----------
    as_of : int
        The time, in milliseconds; a record's own counts.
    is_whole : bool
        Whether `labels` begins with the partition's first record.

    Attributes
    ----------
    through : int
        Offset of the last record of `labels` that counts; -1 where none does.
    unreadable : int
        Records at or before the time that are no labels.
    erased : int
        Tasks that have labels and, since somebody had them erased, none in `labels.latest`.
    from_latest : int
        Tasks whose label was taken from there.
    """

    def __init__(self, as_of: int, *, is_whole: bool) -> None:
        self._as_of = as_of
        self._is_whole = is_whole
        self._labels: dict[bytes, bytes] = {}
        self._later: dict[bytes, Version] = {}
        self._latest: dict[bytes, bytes | None] = {}
        self.through = -1
        self.unreadable = self.erased = self.from_latest = 0

    def take(self, key: bytes | None, value: bytes | None, timestamp: int, offset: int) -> None:
        """Take in a record of `labels`, in the order of the partition."""
        version = read_version(key, value)
        is_timely = timestamp <= self._as_of
        if is_timely:
            self.through = offset
        if key is None or value is None or version is None:
            self.unreadable += is_timely
        elif is_timely:
            self._labels[key] = value
        else:
            self._later.setdefault(key, version)

    def take_latest(self, key: bytes | None, value: bytes | None, timestamp: int) -> None:
        """Take in a record of `labels.latest`, once `labels` was read to its end."""
        if key is None:
            return
        if value is None:
            self._latest.pop(key, None)
            return
        self._latest[key] = None
        version = None if self._is_whole or key in self._labels else read_version(key, value)
        if version is None:
            return
        if timestamp <= self._as_of:
            self._latest[key] = value
        else:
            self._later.setdefault(key, version)

    def close(self) -> list[Lost]:
        """Reconcile both topics, once both were read; return the tasks whose label is not known."""
        for key in [key for key in self._labels if key not in self._latest]:
            del self._labels[key]
            self.erased += 1
        for key, value in self._latest.items():
            if value is not None:
                self._labels[key] = value
                self.from_latest += 1
        return [
            Lost(version.task_id, version.project)
            for key, version in self._later.items()
            if key not in self._labels and key in self._latest and version.version > 1
        ]

    def labels(self) -> Iterator[bytes]:
        """Yield the labels by task id, once it is closed."""
        for key in sorted(self._labels):
            yield self._labels[key]


def read_version(key: bytes | None, value: bytes | None) -> Version | None:
    """Return what a record of a label is; None where it is none."""
    if key is None or value is None:
        return None
    try:
        version = _version(value)
        return version if version.task_id.encode() == key else None
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None

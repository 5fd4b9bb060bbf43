"""Runs a side over a list of events the way the engine does, with a dict as the changelog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from streams.events import Event, Output, Rejected, Side, dead_letter

T = TypeVar("T", bound=msgspec.Struct)


class MemoryState:
    """A table's committed bytes under an overlay of the structs the running batch has read or written."""

    def __init__(self, committed: Mapping[str, bytes] | None = None) -> None:
        self.committed: dict[str, bytes] = dict(committed or {})
        self._overlay: dict[str, msgspec.Struct | None] = {}
        self._changed: dict[str, None] = {}

    def get(self, key: str, type: type[T]) -> T | None:
        """Return the batch's own copy of the value under `key`."""
        if key not in self._overlay:
            raw = self.committed.get(key)
            self._overlay[key] = None if raw is None else msgspec.json.decode(raw, type=type)
        value = self._overlay[key]
        if value is None:
            return None
        assert isinstance(value, type)
        return value

    def put(self, key: str, value: msgspec.Struct) -> None:
        """Store `value` under `key` at the next commit."""
        self._overlay[key] = value
        self._changed[key] = None

    def delete(self, key: str) -> None:
        """Remove `key` at the next commit."""
        self._overlay[key] = None
        self._changed[key] = None

    def find(self, prefixes: tuple[str, ...], needle: bytes, after: str, most: int) -> list[str]:
        """Return the keys as the batch sees them now; the plainest way there is."""
        seen = dict(self.committed)
        for key in self._changed:
            value = self._overlay[key]
            if value is None:
                seen.pop(key, None)
            else:
                seen[key] = msgspec.json.encode(value)
        return sorted(
            key for key, stored in seen.items() if key > after and key.startswith(prefixes) and needle in stored
        )[:most]

    @property
    def changed(self) -> frozenset[str]:
        """The keys put or deleted since the last commit."""
        return frozenset(self._changed)

    def commit(self) -> None:
        """Turn what was put into bytes and forget the overlay; nothing else may have changed."""
        for key, read in self._overlay.items():
            if key not in self._changed and read is not None:
                assert msgspec.json.encode(read) == self.committed[key], f"{key!r} was changed, but not put"
        for key in self._changed:
            value = self._overlay[key]
            if value is None:
                self.committed.pop(key, None)
            else:
                self.committed[key] = msgspec.json.encode(value)
        self._overlay.clear()
        self._changed.clear()


def apply(side: Side, state: MemoryState, event: Event) -> list[Output]:
    """Step once; a rejection becomes its dead letter."""
    try:
        return side.step(state, event)
    except Rejected as rejected:
        return [dead_letter(event, rejected.reason, rejected.error)]


def run(
    side: Side, table: Mapping[str, bytes], events: Sequence[Event], cuts: Iterable[int] = ()
) -> tuple[list[Output], dict[str, bytes]]:
    """Step over `events`, committing before each index in `cuts` and at the end.

    Returns
    -------
    tuple
        All outputs in order, and the final table; `table` itself is left alone.
    """
    state = MemoryState(table)
    outputs: list[Output] = []
    boundaries = frozenset(cuts)
    for index, event in enumerate(events):
        if index in boundaries:
            state.commit()
        outputs.extend(apply(side, state, event))
    state.commit()
    return outputs, state.committed

"""Runs a side over a list of events the way the engine does, with a dict as the changelog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from streams.events import Event, Output, Side
from streams.replay.state import LiveState, apply

T = TypeVar("T", bound=msgspec.Struct)


class MemoryState(LiveState):
    """A table's committed bytes under the structs that the running batch has read or written."""

    def __init__(self, committed: Mapping[str, bytes] | None = None) -> None:
        super().__init__()
        self.committed: dict[str, bytes] = dict(committed or {})
        self._changed: dict[str, None] = {}

    def get(self, key: str, type: type[T]) -> T | None:
        """Return the batch's own copy of the value under `key`."""
        if key not in self.values and key not in self._changed and (raw := self.committed.get(key)) is not None:
            self.values[key] = msgspec.json.decode(raw, type=type)
        value = self.values.get(key)
        assert value is None or isinstance(value, type)
        return value

    def put(self, key: str, value: msgspec.Struct) -> None:
        """Store `value` under `key` at the next commit."""
        super().put(key, value)
        self._changed[key] = None

    def delete(self, key: str) -> None:
        """Remove `key` at the next commit."""
        super().delete(key)
        self._changed[key] = None

    def find(self, prefixes: tuple[str, ...], needle: bytes, after: str, most: int) -> list[str]:
        """Return the keys as the batch sees them now; the plainest way there is."""
        seen = {key: stored for key, stored in self.committed.items() if key not in self._changed}
        seen |= {key: msgspec.json.encode(self.values[key]) for key in self._changed if key in self.values}
        return sorted(
            key for key, stored in seen.items() if key > after and key.startswith(prefixes) and needle in stored
        )[:most]

    @property
    def changed(self) -> frozenset[str]:
        """The keys put or deleted since the last commit."""
        return frozenset(self._changed)

    def commit(self) -> None:
        """Turn what was put into bytes and forget the rest; nothing else may have changed."""
        for key, value in self.values.items():
            encoded = msgspec.json.encode(value)
            assert key in self._changed or encoded == self.committed[key], f"{key!r} was changed, but not put"
            self.committed[key] = encoded
        for key in self._changed.keys() - self.values.keys():
            self.committed.pop(key, None)
        self.values.clear()
        self._changed.clear()


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

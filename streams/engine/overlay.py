"""Uncommitted state over committed state: an aborted transaction leaves no trace."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

_ABSENT: Final = object()
_encode = msgspec.json.Encoder().encode


@lru_cache(maxsize=256)
def _decoder(type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type)


class Overlay:
    """A `State` whose changes stay apart from the table until they are committed.

    Values are kept encoded (one version byte, then JSON), so the table costs what its changelog costs,
    a restore copies bytes, and every batch decodes only what it touches.

    Parameters
    ----------
    table : mapping of str to bytes
        The committed state; never written to.
    version : int
        Version of the state's layout, 1 to 255.
    """

    __slots__ = ("_changed", "_table", "_values", "_version")

    def __init__(self, table: Mapping[str, bytes], version: int) -> None:
        self._table = table
        self._version = bytes((version,))
        self._values: dict[str, Any] = {}
        self._changed: dict[str, None] = {}

    def get(self, key: str, type: type[T]) -> T | None:
        """Return the value under `key`, decoded once per overlay, or None."""
        value: Any = self._values.get(key, _ABSENT)
        if value is _ABSENT:
            stored = self._table.get(key)
            value = None if stored is None else _decoder(type).decode(memoryview(stored)[1:])
            self._values[key] = value
        return value  # type: ignore[no-any-return]  # the caller names the type it stored

    def put(self, key: str, value: msgspec.Struct) -> None:
        """Store `value`; it may go on changing until `changes` is taken."""
        self._values[key] = value
        self._changed[key] = None

    def delete(self, key: str) -> None:
        """Remove `key`."""
        self._values[key] = None
        self._changed[key] = None

    def changes(self) -> dict[str, bytes | None]:
        """Return the encoded changes in the order they were first made; what ended up equal is left out."""
        table, version, values = self._table, self._version, self._values
        changes: dict[str, bytes | None] = {}
        for key in self._changed:
            value = values[key]
            encoded = None if value is None else version + _encode(value)
            if table.get(key) != encoded:
                changes[key] = encoded
        return changes

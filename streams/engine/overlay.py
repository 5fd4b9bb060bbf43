"""Uncommitted state over committed state: an aborted transaction leaves no trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from streams.engine.errors import ForeignRecord

T = TypeVar("T", bound=msgspec.Struct)

_encode = msgspec.json.Encoder().encode
# One for each type of state; there are some twenty.
_decoders: dict[Any, Callable[[memoryview], Any]] = {}


def _decode(key: str, stored: bytes, type: Any) -> Any:
    decode = _decoders.get(type)
    if decode is None:
        decode = _decoders[type] = msgspec.json.Decoder(type).decode
    try:
        return decode(memoryview(stored)[1:])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ForeignRecord(f"state under key {key!r} was not written by a worker: {error}") from error


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
    recent : mapping of str to Struct, optional
        Decoded values that equal the table's under their keys. They are the overlay's from now on.

    Attributes
    ----------
    searched : bool
        Whether the table was read as a whole, which takes long.
    """

    __slots__ = ("_changed", "_recent", "_table", "_values", "_version", "searched")

    def __init__(
        self, table: Mapping[str, bytes], version: int, recent: Mapping[str, msgspec.Struct] = MappingProxyType({})
    ) -> None:
        self._table = table
        self._recent = recent
        self._version = bytes((version,))
        self._values: dict[str, Any] = {}
        self._changed: dict[str, None] = {}
        self.searched = False

    def get(self, key: str, type: type[T]) -> T | None:
        """Return the value under `key`, decoded once per overlay, or None.

        Raises
        ------
        ForeignRecord
            The stored bytes are none of `type`.
        """
        try:  # nearly always, some fifty times an annotation
            return self._values[key]  # type: ignore[no-any-return]  # the caller names the type it stored
        except KeyError:
            value = self._recent.get(key)
        if value is None:
            stored = self._table.get(key)
            value = None if stored is None else _decode(key, stored, type)
        self._values[key] = value
        return value  # type: ignore[return-value]  # as above

    def put(self, key: str, value: msgspec.Struct) -> None:
        """Store `value`; it may go on changing until `changes` is taken."""
        self._values[key] = value
        self._changed[key] = None

    def delete(self, key: str) -> None:
        """Remove `key`."""
        self._values[key] = None
        self._changed[key] = None

    def find(self, prefixes: tuple[str, ...], needle: bytes, after: str, most: int) -> list[str]:
        """Return keys in their order, see `streams.events.State`; a million values are read in about a second."""
        self.searched = True
        changed, values = self._changed, self._values
        found = [
            key
            for key, stored in self._table.items()
            if key > after and needle in stored and key.startswith(prefixes) and key not in changed
        ]
        found += [
            key
            for key in changed
            if key > after and key.startswith(prefixes) and values[key] is not None and needle in _encode(values[key])
        ]
        return sorted(found)[:most]

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

    def written(self) -> dict[str, msgspec.Struct]:
        """Return the values that were put, for the overlay that follows once `changes` are in the table.

        Values that were only read are left out: nothing compares them with the table.
        """
        values = self._values
        return {key: value for key in self._changed if (value := values[key]) is not None}

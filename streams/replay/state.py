"""A table in memory, and a step over it: what the replay and the tests of the sides run on."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from streams.events import Event, Output, Rejected, Side, State, dead_letter

T = TypeVar("T", bound=msgspec.Struct)


class LiveState:
    """A table that holds the structs themselves: nothing is encoded, and nothing can be taken back.

    That is enough where no transaction can be aborted: a rejected event has changed nothing.

    Attributes
    ----------
    values : dict of str to Struct
        The table.
    writes : int
        How often something was put or deleted.
    """

    def __init__(self) -> None:
        self.values: dict[str, msgspec.Struct] = {}
        self.writes = 0

    def get(self, key: str, type: type[T]) -> T | None:  # noqa: ARG002 - it stands there as it was put
        """Return the value under `key`, or None."""
        return self.values.get(key)  # type: ignore[return-value]  # the caller names the type it stored

    def put(self, key: str, value: msgspec.Struct) -> None:
        """Store `value` under `key`."""
        self.values[key] = value
        self.writes += 1

    def delete(self, key: str) -> None:
        """Remove `key`."""
        self.values.pop(key, None)
        self.writes += 1

    def find(self, prefixes: tuple[str, ...], needle: bytes, after: str, most: int) -> list[str]:
        """Return keys in their order, see `streams.events.State`."""
        return sorted(
            key
            for key, value in self.values.items()
            if key > after and key.startswith(prefixes) and needle in msgspec.json.encode(value)
        )[:most]


def apply(side: Side, state: State, event: Event) -> list[Output]:
    """Step once; a rejection becomes its dead letter."""
    try:
        return side.step(state, event)
    except Rejected as rejected:
        return [dead_letter(event, rejected.reason, rejected.error)]

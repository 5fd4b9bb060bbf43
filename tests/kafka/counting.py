"""A side that knows nothing of annotation, for tests of the engine: it counts words, and repeats what it counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from streams.events import Event, Output, Rejected, Source, State


class Count(msgspec.Struct, array_like=True):
    """How often a key was seen, and the sum of its numbers."""

    seen: int = 0
    total: int = 0


def decode(raw: bytes) -> int:
    """Bytes to int; the counting side's contract."""
    try:
        return int(raw)
    except ValueError:
        raise Rejected("invalid", "value: not a number") from None


@dataclass(frozen=True)
class CountingSide:
    """Reads `numbers` and `more`, writes each key's running count to `counts`. A negative number is refused."""

    name: str = "counting"
    state_version: int = 1
    upgrades: Mapping[int, Callable[[str, bytes], bytes]] = field(default_factory=dict)
    sources: tuple[Source, ...] = (
        Source("numbers", decode, None),
        Source("more", decode, None),
    )

    def step(self, state: State, event: Event) -> list[Output]:
        """Count the event's key."""
        if event.value < 0:
            raise Rejected("negative", f"value: {event.value}, at least 0 is expected")
        if event.value == 0:
            return []
        key = f"n\x1f{event.key}"
        count = state.get(key, Count) or Count()
        count.seen += 1
        count.total += event.value
        state.put(key, count)
        said = b"%d:%d" % (count.seen, count.total)
        return [Output("counts", event.key.encode(), said, event.timestamp, tag="counted")]

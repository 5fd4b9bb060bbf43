"""What a tick says of the time."""

from __future__ import annotations

from typing import Final

from schemas import Tick
from streams.events import Event, Rejected

AHEAD_MS: Final = 3_600_000
"""How far a tick may be beyond its record's time. What it lets expire is gone, and brokers bound the records' times."""


def told_time(event: Event) -> int:
    """Return the time that a tick tells, in ms; raise `Rejected` when it is far beyond its record's."""
    tick: Tick = event.value
    if tick.at > event.timestamp + AHEAD_MS:
        raise Rejected("tick_ahead", f"at: {tick.at} is beyond the record's own time, {event.timestamp}")
    return tick.at

"""What a tick says of the time, and the clock that a partition keeps of it."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas import Tick
from streams.events import Event, Rejected, State
from streams.quality.keys import key

AHEAD_MS: Final = 3_600_000
"""How far a tick may be beyond its record's time. What it lets expire is gone, and brokers bound the records' times."""
TICK_MS: Final = 10_000
"""The clock moves in steps of this many milliseconds, so that most ticks change nothing."""
CLOCK: Final = key("c")


class Clock(msgspec.Struct, array_like=True):
    """Time as the ticks tell it, in ms; `started` is the first tick, before which nothing could expire."""

    now: int
    started: int


def told_time(event: Event) -> int:
    """Return the time that a tick tells, in ms; raise `Rejected` when it is far beyond its record's."""
    tick: Tick = event.value
    if tick.at > event.timestamp + AHEAD_MS:
        raise Rejected("tick_ahead", f"at: {tick.at} is beyond the record's own time, {event.timestamp}")
    return tick.at


def now(state: State) -> int:
    """Return the partition's clock in ms; 0 before the first tick."""
    clock = state.get(CLOCK, Clock)
    return 0 if clock is None else clock.now


def advance(state: State, told: int) -> Clock:
    """Move the partition's clock on to the time that a tick tells; it never goes back."""
    at = told - told % TICK_MS
    stored = state.get(CLOCK, Clock)
    clock = stored or Clock(at, at)
    if stored is None or at > clock.now:
        clock.now = at
        state.put(CLOCK, clock)
    return clock

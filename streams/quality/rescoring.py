"""Closed tasks looked at again with what is known by now, oldest first, round and round.

A vote that comes in pays for part of it, so that the work keeps pace; what is left when votes stop is done by ticks,
until every task was looked at once after the last of them closed. Incremental expectation maximisation, as in Neal and
Hinton (1998), doi:10.1007/978-94-011-5014-9_12: each look puts what a task shows now in the place of what it told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from streams.events import Output, State
from streams.quality import expiry
from streams.quality.inference import constants
from streams.quality.keys import key

AT_ONCE: Final = 8
"""So many tasks are looked at together: a step that does nothing else stays short."""

_ROUND: Final = key("n")


class Round(msgspec.Struct, array_like=True):
    """Where the round stands: at entry `place` of chunk `chunk` of the closed tasks.

    `votes` have not been paid with, `left` is how many tasks are still to be looked at for the sake of those that
    closed last, and `is_busy` says that there were votes since the last tick.
    """

    chunk: int = 0
    place: int = 0
    votes: int = 0
    left: int = 0
    is_busy: bool = False


def closed(state: State, tasks: int) -> None:
    """Take note that a task closed, of so many closed ones: each is to be looked at once more."""
    standing = state.get(_ROUND, Round) or Round()
    standing.left = tasks
    state.put(_ROUND, standing)


def voted(state: State) -> int:
    """Take note of a vote; return how many tasks to look at now."""
    standing = state.get(_ROUND, Round) or Round()
    standing.votes += 1
    standing.is_busy = True
    due = 0
    if standing.votes >= AT_ONCE * constants.RESCORES:
        standing.votes, due = 0, AT_ONCE
    state.put(_ROUND, standing)
    return due


def look(state: State, most: int, rescore: Callable[[str], list[Output]]) -> list[Output]:
    """Look at the next closed tasks, at most `most`; return what follows."""
    outputs: list[Output] = []
    for task_id in _next(state, most):
        outputs += rescore(task_id)
    return outputs


def ticked(state: State) -> int:
    """Take note of a tick; return how many tasks are still to be looked at, 0 while votes come in."""
    standing = state.get(_ROUND, Round)
    if standing is None or not (standing.is_busy or standing.left):
        return 0
    if standing.is_busy:
        standing.is_busy = False
        state.put(_ROUND, standing)
        return 0
    return standing.left


def _next(state: State, most: int) -> list[str]:
    standing = state.get(_ROUND, Round) or Round()
    found: list[str] = []
    turned = False
    while len(found) < most:
        chunk = expiry.chunk(state, expiry.CLOSINGS, standing.chunk)
        if chunk is None or standing.place >= len(chunk.entries):
            after = 0 if chunk is None else chunk.after
            if not after:
                if turned:
                    break
                turned = True
                after = expiry.first(state, expiry.CLOSINGS)
                if not after:
                    break
            standing.chunk, standing.place = after, 0
            continue
        found.append(chunk.entries[standing.place][0])
        standing.place += 1
    standing.left = max(0, standing.left - len(found)) if found else 0
    state.put(_ROUND, standing)
    return found

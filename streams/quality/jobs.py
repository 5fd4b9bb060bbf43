"""Work that goes through a partition's table some tasks at a time: one job after another, each with its cursor."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from streams.events import State
from streams.quality.keys import key

J = TypeVar("J", bound=msgspec.Struct)


class Pending(msgspec.Struct, array_like=True):
    """Which jobs are not done: `first` up to, without it, `next`."""

    first: int = 1
    next: int = 1


class Queue(Generic[J]):
    """The jobs of one kind that are not done, kept under a prefix of the table's keys."""

    def __init__(self, prefix: str, type: type[J]) -> None:
        self._prefix = prefix
        self._type = type

    def add(self, state: State, job: J) -> bool:
        """Put a job behind the others; tell whether it is the only one."""
        pending = state.get(key(self._prefix), Pending) or Pending()
        state.put(self._place(pending.next), job)
        pending.next += 1
        state.put(key(self._prefix), pending)
        return pending.next - pending.first == 1

    def first(self, state: State) -> J | None:
        """Return the job that came first; None where all are done."""
        pending = state.get(key(self._prefix), Pending)
        if pending is None:
            return None
        job = state.get(self._place(pending.first), self._type)
        if job is None:
            raise LookupError(f"job {pending.first} of {self._prefix!r} is pending but not stored")
        return job

    def keep(self, state: State, job: J, *, is_done: bool) -> None:
        """Store how far the first job has come, or take it out once it is done."""
        pending = state.get(key(self._prefix), Pending)
        if pending is None:
            raise LookupError(f"no job of {self._prefix!r} is pending")
        if not is_done:
            state.put(self._place(pending.first), job)
            return
        state.delete(self._place(pending.first))
        pending.first += 1
        if pending.first < pending.next:
            state.put(key(self._prefix), pending)
        else:
            state.delete(key(self._prefix))

    def _place(self, number: int) -> str:
        return key(self._prefix, "job", str(number))

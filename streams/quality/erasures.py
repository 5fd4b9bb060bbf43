"""Erasures: what is to be erased, how far that has come, and what must not come back with a late record.

An erasure is remembered for `MEMORY_MS` under a digest of the id, and no longer. Until then a record from before it is
dropped when it arrives: its time is what the brokers stamped on what it follows from.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

import msgspec

from schemas import Erasure
from streams.events import Event, Output, State
from streams.quality import expiry
from streams.quality.keys import key
from streams.quality.records import encode, instant

DONE: Final = "erasures.done"
MEMORY_MS: Final = 30 * 86_400_000
"""So long do the topics between the sides keep their records."""
_QUEUE: Final = "x"
_PENDING: Final = key("x")


class Memory(msgspec.Struct, array_like=True):
    """What was erased, under the digest of its kind and id: all up to `until`, in ms; `chunk` is where it is queued."""

    side: str
    until: int
    erasure_id: str
    kind: str
    pseudonym: str
    actor: str
    reason: str
    chunk: int


class Pending(msgspec.Struct, array_like=True):
    """How many erasures are remembered, and which jobs are not done: `first` up to, without it, `next`."""

    remembered: int = 0
    first: int = 1
    next: int = 1


class Job(msgspec.Struct, array_like=True):
    """An erasure on its way through the table: all keys up to `after` are done, apart from `listed`."""

    id: str
    memory: Memory
    after: str = ""
    listed: list[str] = []
    rows: int = 0
    votes: int = 0
    dropped: int = 0
    left: list[str] = []


Work = Callable[[State, Job, int], bool]
"""Erase a number of entries, count them in the job, and tell whether all is done."""


@lru_cache(maxsize=1 << 12)
def digest(kind: str, identity: str) -> str:
    """Return what stands for an id: 128 bits, in hex. Who has it can try ids, and no more."""
    return blake2b(key(kind, identity).encode(), digest_size=16).hexdigest()


def remember(state: State, event: Event, side: str) -> Memory:
    """Remember what an event of `side` erases, in the place of what was remembered of the same id."""
    erasure: Erasure = event.value
    name = digest(erasure.kind.value, erasure.id)
    pending = state.get(_PENDING, Pending) or Pending()
    until = event.timestamp if erasure.at is None else min(erasure.at, event.timestamp)
    before = state.get(key("x", name), Memory)
    if before is not None:
        until = max(before.until, until)  # one that was asked again may come after it, and ask for less
        _drop(state, name, pending)
    memory = Memory(
        side=side,
        until=until,
        erasure_id=erasure.erasure_id,
        kind=erasure.kind.value,
        pseudonym=erasure.pseudonym,
        actor=erasure.actor,
        reason=erasure.reason,
        chunk=expiry.append(state, _QUEUE, name, event.timestamp),
    )
    state.put(key("x", name), memory)
    pending.remembered += 1
    state.put(_PENDING, pending)
    return memory


def take_up(state: State, event: Event, side: str, batch: int, work: Work) -> list[Output]:
    """Remember an erasure, and start on it unless others come first."""
    erasure: Erasure = event.value
    memory = remember(state, event, side)
    pending = state.get(_PENDING, Pending) or Pending()
    state.put(_job(pending.next), Job(erasure.id, memory))
    pending.next += 1
    state.put(_PENDING, pending)
    return go_on(state, event, batch, work) if pending.next - pending.first == 1 else []


def go_on(state: State, event: Event, batch: int, work: Work) -> list[Output]:
    """Erase at most `batch` entries more for the job that came first, if there is one."""
    pending = state.get(_PENDING, Pending)
    if pending is None or pending.first == pending.next:
        return []
    place = _job(pending.first)
    job = state.get(place, Job)
    if job is None:
        raise LookupError(f"erasure {pending.first} is pending but not stored")
    is_done = work(state, job, batch)
    if is_done:
        state.delete(place)
        pending.first += 1
        _store(state, pending)
    else:
        state.put(place, job)
    return [report(job, event, "done" if is_done else "running")]


def is_pending(state: State, identity: str) -> bool:
    """Whether the erasure of an annotator is taken up and not done."""
    pending = state.get(_PENDING, Pending)
    if pending is None:
        return False
    jobs = (state.get(_job(number), Job) for number in range(pending.first, pending.next))
    return any(job is not None and job.id == identity for job in jobs)


def forget(state: State, now: int, batch: int) -> None:
    """Forget what was erased so long ago that nothing from before it can arrive any more."""
    pending = state.get(_PENDING, Pending)
    if pending is None:
        return
    for _ in range(min(batch, pending.remembered)):
        oldest = expiry.oldest(state, _QUEUE)
        if oldest is None or now - oldest[1] < MEMORY_MS:
            return
        _drop(state, oldest[0], pending)
        _store(state, pending)


def any_remembered(state: State) -> bool:
    """Return whether an arriving record may be late at all: nearly always not, so this is asked first."""
    return state.get(_PENDING, Pending) is not None


def recall(state: State, kind: str, identity: str) -> Memory | None:
    """Return the erasure of this annotator or task that is remembered."""
    return state.get(key("x", digest(kind, identity)), Memory)


def late(state: State, event: Event, *names: tuple[str, str]) -> list[Output] | None:
    """Return what is told of a record from before an erasure of one of `names`; None when it is from after all.

    Parameters
    ----------
    names : pairs of kind and id
        Whom and what the record is about.
    """
    for kind, identity in names:
        memory = recall(state, kind, identity)
        if memory is not None and event.timestamp <= memory.until:
            return [dropped(memory, event)]
    return None


def dropped(memory: Memory, event: Event) -> Output:
    """Return the record that counts an event which came too late to be taken in."""
    return report(Job("", memory, dropped=1), event, "late")


def report(job: Job, event: Event, progress: str) -> Output:
    """Return how far the job is in the partition that `event` belongs to."""
    memory = job.memory
    body: dict[str, Any] = {
        "schema_version": 1,
        "erasure_id": memory.erasure_id,
        "kind": memory.kind,
        "pseudonym": memory.pseudonym,
        "actor": memory.actor,
        "reason": memory.reason,
        "side": memory.side,
        "partition": event.partition,
        "progress": progress,
        "rows": job.rows,
        "votes": job.votes,
        "dropped": job.dropped,
        "left": job.left,
        "at": instant(event.timestamp),
    }
    return Output(DONE, memory.pseudonym.encode(), encode(body), event.timestamp, tag=progress)


def _drop(state: State, name: str, pending: Pending) -> None:
    memory = state.get(key("x", name), Memory)
    if memory is None:
        raise LookupError(f"an erasure is queued but not stored under {name}")
    expiry.remove(state, _QUEUE, memory.chunk, name)
    state.delete(key("x", name))
    pending.remembered -= 1


def _store(state: State, pending: Pending) -> None:
    if pending.remembered or pending.first < pending.next:
        state.put(_PENDING, pending)
    else:
        state.delete(_PENDING)


def _job(number: int) -> str:
    return key("x", "job", str(number))

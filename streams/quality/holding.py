"""Events that came before their task or its project: kept in order, then replayed or given up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from streams.events import Event, Output, Rejected, State, dead_letter
from streams.quality import erasures, expiry
from streams.quality.keys import key
from streams.quality.task_state import Held, Task, arrive, leave, load, settings_of, task_key, totals
from streams.quality.ticking import now

RESUMING = key("r")

HELD_BYTES = 1_000_000
"""Bound on what waits for one task: it is one record of the changelog."""

PARTITION_BYTES = 256_000_000
"""Bound on what waits in a partition: beyond it the unpublished tasks that waited longest are given up."""

Step = Callable[[State, Event], list[Output]]
Decoders = Mapping[str, Callable[[bytes], object]]


class Resuming(msgspec.Struct, array_like=True):
    """The projects that became known and whose waiting tasks are not all resumed."""

    projects: list[str]


def hold(state: State, event: Event, task: Task | None, *, per_task: int, tasks: int) -> list[Output]:
    """Keep an event until its task is published and the project known.

    Returns
    -------
    list of Output
        The dead letters of the task that waited longest, when there are more than `tasks` of them now.

    Raises
    ------
    Rejected
        ``held_full`` when `per_task` events of this task wait already, or `HELD_BYTES` of them.
    """
    if task is not None and (len(task.held) >= per_task or _size(task.held) + len(event.raw or b"") > HELD_BYTES):
        raise Rejected(
            "held_full", f"task_id: {len(task.held)} events already wait for task {event.key!r} or its project"
        )
    author = event.value.annotator_id if event.topic == "annotations.scored" else ""
    kept = Held(event.topic, event.partition, event.offset, event.timestamp, event.raw, author)
    if task is None:
        task = Task("held", expiry=expiry.append(state, expiry.HELD, event.key, now(state)))
        arrive(state, "held")
    task.held.append(kept)
    totals(state).held_bytes += len(event.raw or b"")
    if task.phase != "held" and not task.waiting:
        wait(state, event.key, task)
    state.put(task_key(event.key), task)
    outputs: list[Output] = []
    counts = totals(state)
    while counts.held > tasks or (counts.held_bytes > PARTITION_BYTES and counts.held):
        outputs += give_up_oldest(state)
    return outputs


def keep(state: State, task: Task, held: list[Held]) -> None:
    """Let events that were taken from a task wait with it after all."""
    task.held = held
    if held:
        totals(state).held_bytes += _size(held)


def _size(held: Iterable[Held]) -> int:
    return sum(len(one.raw or b"") for one in held)


def wait(state: State, task_id: str, task: Task) -> None:
    """Queue a published task until its project is known."""
    task.waiting = expiry.append(state, expiry.waiting(task.project), task_id, now(state))
    totals(state).waiting += 1


def give_up_oldest(state: State) -> list[Output]:
    """Forget the unpublished task that waited longest; its events become dead letters."""
    oldest = expiry.oldest(state, expiry.HELD)
    if oldest is None:
        return []
    task_id = oldest[0]
    task = load(state, task_id)
    expiry.remove(state, expiry.HELD, task.expiry, task_id)
    leave(state, "held")
    totals(state).held_bytes -= _size(task.held)
    state.delete(task_key(task_id))
    return reject_all(state, task_id, task.held, "unknown_task", f"task_id: no task {task_id!r} was published in time")


def drop(state: State, task_id: str, task: Task, annotator_id: str) -> int:
    """Drop what waits of an annotator, store what is left of the task, and return how many events were dropped."""
    kept = [one for one in task.held if one.annotator_id != annotator_id]
    dropped = len(task.held) - len(kept)
    if not dropped:
        return 0
    place = task_key(task_id)
    if kept:
        totals(state).held_bytes -= _size(task.held) - _size(kept)
        task.held = kept
        state.put(place, task)
        return dropped
    leave_waiting(state, task_id, task)
    if task.phase == "held":
        publish_held(state, task_id, task)
        leave(state, "held")
        state.delete(place)
    else:
        state.put(place, task)
    return dropped


def reject_all(state: State, task_id: str, held: Iterable[Held], reason: str, error: str) -> list[Output]:
    """Return a dead letter for each held event; none for one whose annotator is erased."""
    outputs: list[Output] = []
    for one in held:
        event = _event(task_id, one, None)
        late = erasures.late(state, event, ("annotator", one.annotator_id)) if erasures.any_remembered(state) else None
        outputs += late or [dead_letter(event, reason, error)]
    return outputs


def publish_held(state: State, task_id: str, task: Task) -> None:
    """Take a task that is published now out of the queue of those that are not."""
    expiry.remove(state, expiry.HELD, task.expiry, task_id)
    task.expiry = 0


def leave_waiting(state: State, task_id: str, task: Task) -> list[Held]:
    """Take the held events from a task, and the task from its project's queue if it waits there."""
    if task.waiting:
        expiry.remove(state, expiry.waiting(task.project), task.waiting, task_id)
        task.waiting = 0
        totals(state).waiting -= 1
    held, task.held = task.held, []
    if held:
        totals(state).held_bytes -= _size(held)
    return held


def replay(state: State, task_id: str, held: Iterable[Held], step: Step, decoders: Decoders) -> list[Output]:
    """Apply held events in order, as if they came now, with their own coordinates."""
    outputs: list[Output] = []
    for one in held:
        try:
            value = None if one.raw is None else decoders[one.topic](one.raw)
            outputs += step(state, _event(task_id, one, value))
        except Rejected as rejected:
            outputs += reject_all(state, task_id, [one], rejected.reason, rejected.error)
    return outputs


def resume(state: State, project: str, batch: int, step: Step, decoders: Decoders) -> tuple[list[Output], int]:
    """Replay what waits for a known project, at most `batch` tasks.

    Returns
    -------
    tuple
        The outputs, and how many tasks were resumed. What is left is listed under `RESUMING`.
    """
    outputs: list[Output] = []
    resumed = 0
    queue = expiry.waiting(project)
    while resumed < batch and (head := expiry.oldest(state, queue)) is not None:
        task_id = head[0]
        task = load(state, task_id)
        held = leave_waiting(state, task_id, task)
        state.put(task_key(task_id), task)
        outputs += replay(state, task_id, held, step, decoders)
        resumed += 1
    _list(state, project, left=expiry.oldest(state, queue) is not None)
    return outputs, resumed


def resume_listed(state: State, batch: int, step: Step, decoders: Decoders) -> list[Output]:
    """Go on with the projects listed under `RESUMING`, at most `batch` tasks over all of them."""
    outputs: list[Output] = []
    listed = state.get(RESUMING, Resuming)
    for project in tuple(listed.projects) if listed is not None else ():
        if batch <= 0:
            break
        if settings_of(state, project) is None:
            _list(state, project, left=False)
            continue
        more, resumed = resume(state, project, batch, step, decoders)
        outputs += more
        batch -= resumed
    return outputs


def _list(state: State, project: str, *, left: bool) -> None:
    listed = state.get(RESUMING, Resuming) or Resuming([])
    if left == (project in listed.projects):
        return
    projects = [one for one in listed.projects if one != project]
    if left:
        projects.append(project)
    if projects:
        state.put(RESUMING, Resuming(projects))
    else:
        state.delete(RESUMING)


def _event(task_id: str, held: Held, value: object) -> Event:
    return Event(held.topic, held.partition, held.offset, held.timestamp, task_id, value, held.raw)

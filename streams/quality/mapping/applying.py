"""Changed label spaces on the task side: every task is brought up to date when it is touched, at the latest by the job.

From the change on whatever comes to a task finds it in the new label space, wherever the job is: it goes through so
many tasks a tick, for those that nothing comes to. What is told of late answers is `late`'s.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from schemas import Globals
from streams.events import Event, Output, State
from streams.quality.case import Case
from streams.quality.jobs import Queue
from streams.quality.labels import LABEL_SPACE_CHANGED
from streams.quality.listing import next_tasks
from streams.quality.mapping import changes
from streams.quality.mapping.carrying import meant
from streams.quality.mapping.changes import Change
from streams.quality.mapping.moving import move
from streams.quality.records import quality_event
from streams.quality.spaces import questions
from streams.quality.task_state import Settings, Task, settings_key, settings_of, task_key

_KEPT: Final = frozenset({"open", "gold", "settled", "undecided", "unusable"})


class Job(msgspec.Struct, array_like=True):
    """A change on its way through the table."""

    project: str
    number: int
    space: str
    after: str = ""
    listed: list[str] = []


_JOBS: Final = Queue("kj", Job)


def take_up(state: State, event: Event, most: int) -> list[Output]:
    """Keep a change, from now on in force, and start on it unless others come first."""
    sent: Globals = event.value
    change = sent.change
    if change is None or not changes.store(state, sent.project, change):
        return []
    settings = state.get(settings_key(sent.project), Settings)
    if settings is not None:
        settings.changes = change.number
        kept = changes.change_of(state, sent.project, change.number)
        if settings.label_spaces.get(kept.space) == kept.before:
            settings.label_spaces = {**settings.label_spaces, kept.space: kept.after}
        state.put(settings_key(sent.project), settings)
    is_first = _JOBS.add(state, Job(sent.project, change.number, change.space))
    return go_on(state, event, most) if is_first else []


def go_on(state: State, event: Event, most: int) -> list[Output]:
    """Bring at most `most` tasks more up to date for the change that came first; tell when it is done."""
    job = _JOBS.first(state)
    if job is None:
        return []
    outputs: list[Output] = []
    found, is_done = next_tasks(state, job, job.space, most)
    for task_id in found:
        task = state.get(task_key(task_id), Task)
        settings = None if task is None or task.project != job.project else settings_of(state, job.project)
        if task is not None and settings is not None and is_behind(task, settings):
            outputs += bring(state, task_id, task, settings, event.timestamp)
            state.put(task_key(task_id), task)
    _JOBS.keep(state, job, is_done=is_done)
    return [*outputs, _report(state, job, event)] if is_done else outputs


def is_behind(task: Task, settings: Settings) -> bool:
    """Whether the project's label spaces have changed since the task's questions were put in place."""
    return (
        task.changes < settings.changes
        and bool(task.spaces)
        and task.phase in _KEPT
        and questions(task.questions) is not None
    )


def bring(state: State, task_id: str, task: Task, settings: Settings, timestamp: int) -> list[Output]:
    """Bring a task through the changes that it has not been through."""
    outputs: list[Output] = []
    for number in range(task.changes + 1, settings.changes + 1):
        change: Change = changes.change_of(state, task.project, number)
        case = Case(state, task_id, task, settings, questions(task.questions) or (), timestamp)
        if any(meant(case, change)):
            outputs += move(case, change)
            changes.keep(state, task.project, change)
    task.changes = settings.changes
    return outputs


def _report(state: State, job: Job, event: Event) -> Output:
    change = changes.change_of(state, job.project, job.number)
    settings = state.get(settings_key(job.project), Settings)
    told: dict[str, Any] = {"space": change.space, **msgspec.structs.asdict(change.tally)}
    return quality_event(
        event_id=f"{job.project}:{change.change_id}:{change.number}:{event.partition}:{LABEL_SPACE_CHANGED}",
        kind=LABEL_SPACE_CHANGED,
        annotator_id=None,
        project=job.project,
        policy_version=0 if settings is None else settings.policy_version,
        timestamp=event.timestamp,
        numbers={"change": told, "actor": change.actor, "reason": change.reason},
    )

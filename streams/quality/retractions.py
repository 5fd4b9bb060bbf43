"""Votes of an annotator that a person took back: withdrawn one by one, so many at a time, each with all that follows.

A vote is meant by the time of its annotation, so it is the same ones whenever the partition gets to it. What is still
under way, or waits for its task, is refused when it comes: the time spans stay for `erasures.MEMORY_MS` after they end.
"""

from __future__ import annotations

from typing import Final

import msgspec

from schemas import Retraction
from streams.events import Event, Output, Rejected, State
from streams.quality import judging, votes
from streams.quality.agreement import telling
from streams.quality.case import resolve
from streams.quality.erasures import MEMORY_MS
from streams.quality.jobs import Queue
from streams.quality.keys import key
from streams.quality.labels import LABELS
from streams.quality.listing import next_tasks
from streams.quality.mapping import applying
from streams.quality.records import quality_event
from streams.quality.returning import ScoredVote
from streams.quality.task_state import Entry, Settings, Task, settings_key, settings_of, task_key

KIND: Final = "votes_retracted"


class Spans(msgspec.Struct, array_like=True):
    """The spans of time from which an annotator's votes were taken back: project or "" for all, since, until."""

    spans: list[tuple[str, int, int]]


class Job(msgspec.Struct, array_like=True):
    """A retraction on its way through the table; by project, how many votes it took back and labels it changed."""

    retraction_id: str
    annotator_id: str
    project: str
    since: int
    until: int
    actor: str
    reason: str
    after: str = ""
    listed: list[str] = []
    done: dict[str, tuple[int, int]] = {}


_JOBS: Final = Queue("z", Job)


def take_up(state: State, event: Event, most: int) -> list[Output]:
    """Remember what is taken back, and start on it unless other retractions come first."""
    given: Retraction = event.value
    project = given.project or ""
    place = key("z", given.annotator_id)
    kept = state.get(place, Spans) or Spans([])
    span = (project, given.since, given.until)
    recent = [one for one in kept.spans if one != span and event.timestamp - one[2] < MEMORY_MS]
    state.put(place, Spans([*recent, span]))
    job = Job(given.retraction_id, given.annotator_id, project, given.since, given.until, given.actor, given.reason)
    return go_on(state, event, most) if _JOBS.add(state, job) else []


def go_on(state: State, event: Event, most: int) -> list[Output]:
    """Go through at most `most` tasks more for the retraction that came first; tell when it is done."""
    job = _JOBS.first(state)
    if job is None:
        return []
    outputs: list[Output] = []
    found, is_done = next_tasks(state, job, job.annotator_id, most)
    for task_id in found:
        outputs += _take_back(state, job, task_id, event.timestamp)
    _JOBS.keep(state, job, is_done=is_done)
    return outputs + _report(state, job, event) if is_done else outputs


def refuse(state: State, vote: ScoredVote, timestamp: int) -> None:
    """Raise `Rejected`, ``votes_retracted``, for an annotation from a time whose votes were taken back."""
    kept = state.get(key("z", vote.annotator_id), Spans)
    if kept is not None and any(
        project in ("", vote.project) and since <= timestamp <= until for project, since, until in kept.spans
    ):
        raise Rejected(KIND, f"annotator_id: the votes of {vote.annotator_id!r} from this time were taken back")


def forget(state: State, annotator_id: str) -> None:
    """Forget whose votes were taken back, as they are erased."""
    if state.get(key("z", annotator_id), Spans) is not None:
        state.delete(key("z", annotator_id))


def _take_back(state: State, job: Job, task_id: str, timestamp: int) -> list[Output]:
    """Take back the annotator's entry on a task, if it is meant. In a project that is removed nothing is decided."""
    task = state.get(task_key(task_id), Task)
    if task is None or job.project not in ("", task.project):
        return []
    settings = settings_of(state, task.project)
    place = next((number for number, entry in enumerate(task.entries) if _is_meant(job, entry)), None)
    if place is None or settings is None:
        return []
    outputs: list[Output] = []
    if applying.is_behind(task, settings):
        outputs = applying.bring(state, task_id, task, settings, timestamp)
        place = next((number for number, entry in enumerate(task.entries) if _is_meant(job, entry)), None)
        if place is None:  # it went with its class
            state.put(task_key(task_id), task)
            return outputs
    case, text = resolve(state, task_id, task, settings, timestamp)
    before, erred = telling.counted(task), judging.errors(case)
    outputs += votes.retract(case, place)
    task.questions = text
    state.put(task_key(task_id), task)
    telling.note(state, task_id, task, text, before)
    judging.note(case, erred)
    entries, changed = job.done.get(task.project, (0, 0))
    changed += any(output.topic == LABELS for output in outputs)
    job.done[task.project] = (entries + 1, changed)
    return outputs


def _is_meant(job: Job, entry: Entry) -> bool:
    return entry.annotator_id == job.annotator_id and not entry.is_erased and job.since <= entry.at <= job.until


def _report(state: State, job: Job, event: Event) -> list[Output]:
    """Return what was done: for each project where something was, and for the one that was named."""
    outputs: list[Output] = []
    for project in sorted({*job.done, job.project} - {""}):
        entries, changed = job.done.get(project, (0, 0))
        settings = state.get(settings_key(project), Settings)
        outputs.append(
            quality_event(
                event_id=f"{job.annotator_id}:{project}:{job.retraction_id}:{event.partition}:{KIND}",
                kind=KIND,
                annotator_id=job.annotator_id,
                project=project,
                policy_version=0 if settings is None else settings.policy_version,
                timestamp=event.timestamp,
                n=entries,
                numbers={"labels": changed, "actor": job.actor, "reason": job.reason},
            )
        )
    return outputs

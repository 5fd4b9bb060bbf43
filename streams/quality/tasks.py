"""The task side: votes become labels, and labels become outcomes for the annotators who voted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Final

from schemas import Erasure, ErasureKind, Globals, Gold, Retraction, Review, Task, Tick
from streams.events import Event, Output, Rejected, Source, State, dead_letter
from streams.quality import (
    closing,
    erasures,
    expiry,
    gold,
    holding,
    inferring,
    judging,
    policies,
    pseudonyms,
    publishing,
    rescoring,
    retractions,
    reviews,
    shadowing,
    shared,
    summing,
    task_state,
    votes,
)
from streams.quality.agreement import telling
from streams.quality.case import Case, resolve
from streams.quality.decode import contract
from streams.quality.mapping import applying
from streams.quality.records import DAY_MS, quality_event
from streams.quality.returning import ScoredVote, reader
from streams.quality.task_state import Settings, settings_key, settings_of, task_key
from streams.quality.ticking import Clock, advance, told_time

VOTES: Final = "annotations.scored"
RESCORED: Final = frozenset({"settled", "undecided"})

SOURCES: Final = (
    Source("tasks", contract(Task), attrgetter("task_id"), tombstones=True),
    Source("gold", contract(Gold), attrgetter("task_id"), tombstones=True),
    Source("reviews", contract(Review), attrgetter("task_id")),
    Source("annotations.scored", reader(ScoredVote), attrgetter("task_id"), own=True),
    Source("retractions", contract(Retraction), None, own=True),
    Source("globals.t", contract(Globals), None, own=True),
    Source("ticks.t", contract(Tick), None, lossy=True, own=True),
    Source("erasures.t", contract(Erasure), None, tombstones=True),
)
_DECODERS: Final = {source.topic: source.decode for source in SOURCES}


@dataclass(frozen=True)
class TaskSide:
    """The tasks table and what follows from its events.

    Parameters
    ----------
    retention_ms : int
        How long closed tasks keep their votes.
    held_ms : int
        How long events wait for a task that was not published.
    held_tasks : int
        How many unpublished tasks a partition keeps events for.
    held_per_task : int
        How many events wait for one task or its project.
    votes_limit : int
        How many entries a task that is not closed may have.
    bench_limit : int
        How many entries beyond those that decided a closed task keeps.
    batch : int
        How many tasks a tick, or a project that becomes known, expires or resumes at once; so many an erasure
        or a retraction goes through.
    """

    retention_ms: int = 30 * DAY_MS
    held_ms: int = 7 * DAY_MS
    held_tasks: int = 10_000
    held_per_task: int = 64
    votes_limit: int = 64
    bench_limit: int = 64
    batch: int = 500
    name: str = "tasks"
    state_version: int = 1
    sources: tuple[Source, ...] = SOURCES
    upgrades: Mapping[int, Callable[[str, bytes], bytes]] = field(default_factory=dict)

    def step(self, state: State, event: Event) -> list[Output]:
        """Apply one event. Raises `Rejected` before anything is changed."""
        late = _late(state, event) if erasures.any_remembered(state) else None
        outputs = self._apply(state, event) if late is None else late
        told = telling.tell_full(state, event.timestamp)
        return outputs + told if told else outputs

    def _apply(self, state: State, event: Event) -> list[Output]:
        match event.topic:
            case "annotations.scored" | "gold" | "reviews":
                return self._on_record(state, event)
            case "tasks" if event.value is None:
                return publishing.withdraw(state, event)
            case "tasks":
                return publishing.publish(state, event, event.value, self.step, _DECODERS)
            case "globals.t":
                return self._globals(state, event, event.value)
            case "ticks.t":
                return self._tick(state, event)
            case "retractions" | "erasures.t":
                return self._requested(state, event)
            case _:
                raise ValueError(f"the task side does not read {event.topic!r}")

    def _on_record(self, state: State, event: Event) -> list[Output]:
        vote = event.value
        if event.topic != VOTES:
            return self._on_task(state, event)
        if not vote.counts:
            return self._on_vote(state, event)
        # They are kept whatever becomes of the vote: this partition is sent them only once.
        inferring.learn(state, vote.annotator_id, vote.project, vote.counts)
        try:
            return self._on_vote(state, event)
        except Rejected as rejected:
            return [dead_letter(event, rejected.reason, rejected.error)]

    def _on_vote(self, state: State, event: Event) -> list[Output]:
        retractions.refuse(state, event.value, event.timestamp)
        return self._on_task(state, event)

    def _on_task(self, state: State, event: Event) -> list[Output]:
        task_id = event.key
        task = state.get(task_key(task_id), task_state.Task)
        if task is not None:
            if task.phase == "stub":
                return _too_late(state, task_id, task, event)
            if task.phase == "withdrawn":
                if event.value is None:
                    publishing.arrived(state, event, task)
                    return []  # its gold went with it
                raise Rejected("task_withdrawn", f"task_id: task {task_id!r} was withdrawn")
        settings = None if task is None or task.held else settings_of(state, task.project)
        if task is None or settings is None:
            return holding.hold(state, event, task, per_task=self.held_per_task, tasks=self.held_tasks)
        if not applying.is_behind(task, settings):
            return self._on_current(state, event, task, settings)
        outputs = applying.bring(state, task_id, task, settings, event.timestamp)
        state.put(task_key(task_id), task)
        try:
            return outputs + self._on_current(state, event, task, settings)
        except Rejected as rejected:
            return [*outputs, dead_letter(event, rejected.reason, rejected.error)]

    def _on_current(self, state: State, event: Event, task: task_state.Task, settings: Settings) -> list[Output]:
        task_id = event.key
        case, text = resolve(state, task_id, task, settings, event.timestamp)
        before, erred = telling.counted(task), judging.errors(case)
        outputs = self._applied(case, event)
        task.questions, task.changes = text, settings.changes
        state.put(task_key(task_id), task)
        telling.note(state, task_id, task, text, before)
        judging.note(case, erred)
        if event.topic == VOTES:
            due = rescoring.voted(state)
            if due:
                outputs += rescoring.look(state, due, partial(_rescore, state, event.timestamp))
        return outputs

    def _applied(self, case: Case, event: Event) -> list[Output]:
        match event.topic:
            case "gold":
                return gold.apply(case, event.value)
            case "reviews":
                return reviews.apply(case, event.value)
            case _:
                return votes.apply(case, event.value, self.votes_limit, self.bench_limit)

    def _globals(self, state: State, event: Event, sent: Globals) -> list[Output]:
        if sent.change is not None:
            return applying.take_up(state, event, self.batch)
        if sent.statistics is not None:
            shared.store(state, sent)
            return []
        if not policies.store(state, sent):
            return []
        outputs, _ = holding.resume(state, sent.project, self.batch, self.step, _DECODERS)
        return outputs

    def _tick(self, state: State, event: Event) -> list[Output]:
        told = told_time(event)
        clock = advance(state, told)
        outputs, expired = self._expire(state, clock)
        outputs += holding.resume_listed(state, self.batch - expired, self.step, _DECODERS)
        outputs += self._rescore_left(state, event.timestamp)
        outputs += telling.tell_old(state, event.timestamp, self.batch)
        outputs += shadowing.tell(state, event.timestamp)
        erasures.forget(state, told, self.batch)
        outputs += summing.tell_all(state, event.timestamp)
        outputs += erasures.go_on(state, event, self.batch, pseudonyms.replace)
        outputs += retractions.go_on(state, event, self.batch)
        return outputs + applying.go_on(state, event, self.batch)

    def _rescore_left(self, state: State, timestamp: int) -> list[Output]:
        due = min(rescoring.ticked(state), self.batch)
        return rescoring.look(state, due, partial(_rescore, state, timestamp)) if due else []

    def _requested(self, state: State, event: Event) -> list[Output]:
        if event.topic == "retractions":
            return retractions.take_up(state, event, self.batch)
        if event.value is None:
            return []
        if event.value.kind is ErasureKind.task:
            return publishing.erase(state, event, self.name)
        retractions.forget(state, event.value.id)
        return erasures.take_up(state, event, self.name, self.batch, pseudonyms.replace)

    def _expire(self, state: State, clock: Clock) -> tuple[list[Output], int]:
        outputs: list[Output] = []
        for expired in range(self.batch):
            if expiry.is_due(state, expiry.HELD, clock, self.held_ms):
                outputs += holding.give_up_oldest(state)
            elif expiry.is_due(state, expiry.CLOSINGS, clock, self.retention_ms):
                outputs += closing.forget_oldest(state, self.step, _DECODERS)
            else:
                return outputs, expired
        return outputs, self.batch


def _rescore(state: State, timestamp: int, task_id: str) -> list[Output]:
    task = task_state.load(state, task_id)
    settings = settings_of(state, task.project)
    if task.phase not in RESCORED or task.is_reviewed or settings is None or applying.is_behind(task, settings):
        return []
    case, _ = resolve(state, task_id, task, settings, timestamp)
    outputs = closing.rescore(case)
    if outputs is None:
        return []
    state.put(task_key(task_id), task)
    return outputs


def _late(state: State, event: Event) -> list[Output] | None:
    match event.topic:
        case "annotations.scored":
            names = (("task", event.key), ("annotator", event.value.annotator_id))
        case "tasks" | "gold" | "reviews":
            return erasures.late(state, event, ("task", event.key))
        case _:
            return None
    return erasures.late(state, event, *names)


def _too_late(state: State, task_id: str, task: task_state.Task, event: Event) -> list[Output]:
    if event.topic != VOTES:
        raise Rejected("too_late", f"the votes of task {task_id!r} are no longer kept")
    settings = state.get(settings_key(task.project), Settings)
    annotation = event.value
    return [
        quality_event(
            event_id=f"{task_id}:{annotation.annotation_id}:too_late",
            kind="too_late",
            annotator_id=annotation.annotator_id,
            project=task.project,
            policy_version=0 if settings is None else settings.policy_version,
            timestamp=event.timestamp,
            task_id=task_id,
            annotation_id=annotation.annotation_id,
        )
    ]

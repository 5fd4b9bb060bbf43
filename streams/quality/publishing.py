"""Tasks published, published again and withdrawn."""

from __future__ import annotations

from schemas import Task as Published
from streams.events import Event, Output, Rejected, State
from streams.quality import calibrating, closing, erasures, evidence, judging, labels, outcomes, shadowing
from streams.quality.agreement import telling
from streams.quality.case import Case
from streams.quality.holding import Decoders, Step, keep, leave_waiting, publish_held, reject_all, replay, wait
from streams.quality.keys import fixed
from streams.quality.policies import removed
from streams.quality.spaces import QUESTIONS_CHARS, digest, names, questions, written
from streams.quality.task_state import (
    Settings,
    Task,
    Terms,
    arrive,
    enter,
    settings_key,
    settings_of,
    task_key,
    totals,
)


def publish(state: State, event: Event, sent: Published, step: Step, decoders: Decoders) -> list[Output]:
    """Store a task, or change its terms; held events are replayed once the project is known too.

    Raises
    ------
    Rejected
        ``task_conflict`` when the content changes under votes or a known answer; ``oversized`` when its
        questions are too large to be kept.
    """
    task_id = event.key
    size = len(written(sent))
    if size > QUESTIONS_CHARS:
        raise Rejected("oversized", f"questions: {size} characters, at most {QUESTIONS_CHARS} are kept with a task")
    task = state.get(task_key(task_id), Task)
    if task is not None and task.phase not in ("held", "withdrawn"):
        if digest(sent) != task.digest:
            return _change(state, task_id, task, sent, step, decoders)
        terms = _terms(sent)
        if task.phase != "stub" and terms != task.terms:
            task.terms = terms
            state.put(task_key(task_id), task)
        return []
    if task is None:
        task = Task("open")
        arrive(state, "open")
    else:
        if task.phase == "held":
            publish_held(state, task_id, task)
        enter(state, task, "open")
        task.left = [topic for topic in task.left if topic != "tasks"]
    return _store(state, task_id, task, sent, step, decoders)


def withdraw(state: State, event: Event) -> list[Output]:
    """Drop a task's votes and gold, take back what they were told, and say so in a label.

    Withdrawing it again changes nothing.

    Raises
    ------
    Rejected
        ``unknown_task``, or ``too_late`` once its votes are no longer kept.
    """
    task_id = event.key
    task = state.get(task_key(task_id), Task)
    if task is None or task.phase == "held":
        raise Rejected("unknown_task", f"task_id: there is no task {task_id!r} to withdraw")
    if task.phase == "stub":
        raise Rejected("too_late", f"the votes of task {task_id!r} are no longer kept")
    if task.phase == "withdrawn":
        arrived(state, event, task)
        return []
    gold = _gold_left(task)
    case = _case(state, task_id, task, event)
    outputs: list[Output] = []
    for entry in task.entries:
        outputs += outcomes.take_back(case, entry)
    outputs += evidence.move(case, None)
    held = leave_waiting(state, task_id, task)
    task.left = gold
    outputs = _empty(case) + outputs + calibrating.check(case) + shadowing.check(case)
    return outputs + reject_all(state, task_id, held, "task_withdrawn", f"task {task_id!r} was withdrawn")


def erase(state: State, event: Event, side: str) -> list[Output]:
    """Leave nothing of a task but that it was withdrawn, and its label's version; what waits for it is dropped.

    What was told of its votes stands: an annotator's counts are sums of what was told and not taken back, and hold no
    content, while to take it back would send the answers once more.
    """
    task_id = event.value.id
    job = erasures.Job("", erasures.remember(state, event, side))
    outputs: list[Output] = []
    task = state.get(task_key(task_id), Task)
    if task is None:
        task = Task("withdrawn")
        state.put(task_key(task_id), task)
    else:
        job.rows, job.votes, job.dropped = 1, len(task.entries), len(task.held)
        is_unpublished = task.phase == "held"
        if not is_unpublished and task.phase != "withdrawn":
            task.left = ["tasks"]
        job.left = task.left = [*(topic for topic in task.left if topic != "gold"), *_gold_left(task)]
        if is_unpublished:
            publish_held(state, task_id, task)
        leave_waiting(state, task_id, task)
        outputs = [one for one in _empty(_case(state, task_id, task, event)) if one.topic == labels.LABELS]
        task.losses, task.shadow = [], None
        if not is_unpublished:
            outputs.append(labels.latest_erased(task_id, event.timestamp))
    return [*outputs, erasures.report(job, event, "done")]


def arrived(state: State, event: Event, task: Task) -> None:
    """Take note of a null value that removed a withdrawn task's content from its topic."""
    if event.topic in task.left:
        task.left.remove(event.topic)
        state.put(task_key(event.key), task)


def _gold_left(task: Task) -> list[str]:
    """Return "gold", in a list, where that topic holds an answer for the task, as far as it was read."""
    waits = [one.raw is not None for one in task.held if one.topic == "gold"]
    known = waits[-1] if waits else task.truth is not None or "gold" in task.left
    return ["gold"] if known else []


def _case(state: State, task_id: str, task: Task, event: Event) -> Case:
    settings = state.get(settings_key(task.project), Settings) or removed(0)
    asked = (task.entries and questions(task.questions)) or ()
    return Case(state, task_id, task, settings, asked, event.timestamp)


def _empty(case: Case) -> list[Output]:
    """Drop a task's content, votes and gold; return the label that says so, if there was or might be one."""
    state, task = case.state, case.task
    dropped = sum(entry.answers is not None for entry in task.entries)
    if dropped:
        totals(state).votes -= dropped
    closing.leave_closings(case)
    before, erred = telling.counted(task), judging.errors(case)
    has_label = task.published is not None or (task.truth is None and task.phase != "held")
    task.entries, task.counted, task.truth = [], 0, None
    telling.note(state, case.task_id, task, task.questions, before)
    judging.note(case, erred)
    task.posterior, task.is_counted, task.review = [], False, None
    outputs = labels.withdraw(case) if has_label and task.phase != "withdrawn" else []
    enter(state, task, "withdrawn")
    task.questions, task.spaces, task.digest, task.terms = "[]", [], "", Terms()
    state.put(task_key(case.task_id), task)
    return outputs


def _change(state: State, task_id: str, task: Task, sent: Published, step: Step, decoders: Decoders) -> list[Output]:
    if task.entries or task.truth is not None or task.review is not None or task.phase == "stub":
        has = "gold" if task.truth is not None else "a review" if task.review is not None else "votes"
        raise Rejected("task_conflict", f"the task has {has}: withdraw it, and publish other content under a new id")
    keep(state, task, leave_waiting(state, task_id, task))
    return _store(state, task_id, task, sent, step, decoders)


def _store(state: State, task_id: str, task: Task, sent: Published, step: Step, decoders: Decoders) -> list[Output]:
    task.project = sent.project
    task.task_type = str(sent.task_type)
    task.questions = written(sent)
    task.spaces = names(sent)
    task.digest = digest(sent)
    task.terms = _terms(sent)
    state.put(task_key(task_id), task)
    if not task.held:
        return []
    if settings_of(state, task.project) is None:
        wait(state, task_id, task)
        return []
    return replay(state, task_id, leave_waiting(state, task_id, task), step, decoders)


def _terms(sent: Published) -> Terms:
    return Terms(
        priority=fixed(sent.priority),
        payment=int(sent.payment_usd.scaleb(6)),
        estimated_ms=round(sent.estimated_time_s * 1000),
        tier=sent.required_tier.rank,
        specializations=list(sent.specializations),
        similarity_key=sent.similarity_key,
        guidelines_version=sent.guidelines_version,
        redundancy=sent.redundancy or 0,
    )

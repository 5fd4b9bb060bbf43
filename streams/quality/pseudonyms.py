"""An annotator's votes under a pseudonym, wherever in a partition they lie: labels and counts stay as they are."""

from __future__ import annotations

from copy import copy

from streams.events import State
from streams.quality import holding, judging
from streams.quality.agreement import telling
from streams.quality.erasures import Job
from streams.quality.inferring import rename
from streams.quality.listing import next_tasks
from streams.quality.task_state import Task, task_key


def replace(state: State, job: Job, batch: int) -> bool:
    """Go through the next `batch` tasks that may hold something by the job's annotator.

    A vote gets the pseudonym, and an empty annotation id, as no annotation has: nothing finds, edits or judges it any
    more. What is known of the annotator goes with the votes: labels would change when they are added up again. An
    annotation that waits for its task is dropped. What somebody new does under the id while this goes on is taken for
    theirs.

    Returns
    -------
    bool
        Whether these were the last.
    """
    if not job.after and not rename(state, job.id, job.memory.pseudonym, batch):
        return False
    if not job.after:
        judging.forget(state, job.id)
    found, is_done = next_tasks(state, job, job.id, batch)
    for task_id in found:
        _replace_in(state, job, task_id)
    return is_done


def _replace_in(state: State, job: Job, task_id: str) -> None:
    task = state.get(task_key(task_id), Task)
    if task is None:
        return  # given up since it was listed
    before = [copy(entry) for entry in telling.counted(task)]
    votes = _rename(task, job.id, job.memory.pseudonym)
    if votes:
        state.put(task_key(task_id), task)
        telling.note(state, task_id, task, task.questions, before)
    job.votes += votes
    job.dropped += holding.drop(state, task_id, task, job.id)


def _rename(task: Task, annotator_id: str, pseudonym: str) -> int:
    votes = 0
    for entry in task.entries:
        if entry.annotator_id == annotator_id and not entry.is_erased:
            entry.annotator_id, entry.annotation_id, entry.told, entry.is_evidence = pseudonym, "", [], False
            entry.time_ms, entry.session, entry.marked = 0, 0, []
            votes += 1
    return votes

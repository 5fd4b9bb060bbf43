"""An annotator's votes under a pseudonym, wherever in a partition they lie: labels and counts stay as they are."""

from __future__ import annotations

from streams.events import State
from streams.quality import holding
from streams.quality.erasures import Job
from streams.quality.records import encode
from streams.quality.task_state import Task, load, task_key

_HELD = b'["annotations.scored",'
"""How an annotation that waits begins in its task's JSON. What it holds cannot be searched: it is in base64."""


def replace(state: State, job: Job, batch: int) -> bool:
    """Go through the next `batch` tasks that may hold something by the job's annotator.

    A vote gets the pseudonym, and an empty annotation id, as no annotation has: nothing finds, edits or judges it any
    more. An annotation that waits for its task is dropped.

    Returns
    -------
    bool
        Whether these were the last.
    """
    begin = task_key("")
    places = state.find((begin,), (encode(job.id), _HELD), job.after, batch)
    for place in places:
        task_id = place.removeprefix(begin)
        task = load(state, task_id)
        votes = _rename(task, job.id, job.memory.pseudonym)
        dropped = holding.drop(state, task_id, task, job.id) if task.held else 0
        if votes and (dropped == 0 or task.phase != "held"):
            state.put(place, task)
        job.votes += votes
        job.dropped += dropped
        job.after = place
    return len(places) < batch


def _rename(task: Task, annotator_id: str, pseudonym: str) -> int:
    votes = 0
    for entry in task.entries:
        if entry.annotator_id == annotator_id and not entry.is_erased:
            entry.annotator_id, entry.annotation_id, entry.told = pseudonym, "", []
            votes += 1
    return votes

"""All that the annotator side keeps of a person, taken out of its table."""

from __future__ import annotations

from streams.events import State
from streams.quality import standing
from streams.quality.annotator_state import Profile
from streams.quality.erasures import Job
from streams.quality.keys import key, parts
from streams.quality.seen import Accepted

_RECORDS = "r"


def forget_annotator(state: State, job: Job, batch: int) -> bool:
    """Delete the profile, and the next `batch` entries of statistics and annotation ids; tell whether all are gone.

    What stays is how long their work took, summed with everybody else's of a project.
    """
    annotator_id = job.id
    if not job.after:
        for place, kind in ((key("a", annotator_id), Profile), (key("i", annotator_id), Accepted)):
            if state.get(place, kind) is not None:
                state.delete(place)
                job.rows += 1
    kept = tuple(key(kind, annotator_id, "") for kind in ("i", "m", _RECORDS, "s", "y"))
    places = state.find(kept, b"", job.after, batch)
    for place in places:
        if parts(place)[0] == _RECORDS:
            standing.forget(state, place)
        state.delete(place)
        job.rows += 1
        job.after = place
    return len(places) < batch

"""What scored annotations do to a task: entries placed, edited, replaced and taken back, benched or not."""

from __future__ import annotations

from streams.events import Output, Rejected
from streams.quality import calibrating, outcomes, positions, shadowing
from streams.quality.case import Case
from streams.quality.closing import revise
from streams.quality.keys import fixed
from streams.quality.labels import VOTES_RETRACTED
from streams.quality.mapping.late import translated
from streams.quality.records import bounded, encode
from streams.quality.returning import ScoredVote
from streams.quality.spaces import answers, places
from streams.quality.task_state import CLOSED, Entry, totals

SMALL_BYTES = 2_000
ENTRIES_BYTES = 1_000_000
"""Bound on the answers kept with one task, each entry above `SMALL_BYTES` being weighed."""


def apply(case: Case, annotation: ScoredVote, votes_limit: int, bench_limit: int) -> list[Output]:
    """Apply one scored annotation to a published task whose votes are kept.

    Raises
    ------
    Rejected
        ``project_mismatch``, ``duplicate``, ``nothing_to_edit``, ``nothing_to_withdraw``,
        ``label_outside_space``, ``task_full`` or ``bench_full``.
    """
    task = case.task
    if annotation.project != task.project:
        raise Rejected("project_mismatch", f"project: the task belongs to {task.project!r}")
    place = _place(task.entries, annotation)
    if annotation.action == "withdraw":
        if place is None:
            raise Rejected("nothing_to_withdraw", "annotator_id: the annotator has no entry on this task")
        return _replace(case, place, None, keep_place=False)
    if annotation.action == "edit" and place is None:
        raise Rejected("nothing_to_edit", "annotator_id: the annotator has no entry on this task")
    entry = _entry(case, annotation)
    _weigh(task.entries, place, entry)
    if place is None:
        _make_room(case, votes_limit, bench_limit)
        return _add(case, entry)
    return _replace(case, place, entry, keep_place=annotation.action == "edit")


def retract(case: Case, place: int) -> list[Output]:
    """Take back the entry at `place`, by a person's decision: as its author's withdrawal would."""
    return _replace(case, place, None, keep_place=False, why=VOTES_RETRACTED)


def _place(entries: list[Entry], annotation: ScoredVote) -> int | None:
    annotator_id, annotation_id = annotation.annotator_id, annotation.annotation_id
    found = None
    for place, entry in enumerate(entries):
        if entry.annotator_id == annotator_id and not entry.is_erased:
            if entry.annotation_id == annotation_id:
                raise Rejected("duplicate", f"annotation_id: {annotation_id!r} is already kept with this task")
            found = place
    return found


def _entry(case: Case, annotation: ScoredVote) -> Entry:
    label = annotation.label
    given = (
        None if annotation.non_answer is not None else answers(case.asked, translated(case, label, "label"), "label")
    )
    return Entry(
        annotator_id=annotation.annotator_id,
        annotation_id=annotation.annotation_id,
        answers=given,
        non_answer=annotation.non_answer,
        reliability=fixed(annotation.reliability),
        quality=fixed(annotation.quality_score),
        size=len(label) * 4 if isinstance(label, str) else len(encode(label)),
        places=[] if given is None else places(case.asked, given),
        time_ms=round(annotation.time_spent_s * 1000) if annotation.action == "submit" else 0,
        session=annotation.session,
        at=bounded(case.timestamp),
        is_judge=annotation.kind == "judge",
        shown=[] if given is None else positions.shown(case.asked, annotation.presented_order),
    )


def _weigh(entries: list[Entry], place: int | None, entry: Entry) -> None:
    """Raise `Rejected` when long answers would make the task's state larger than its changelog takes."""
    if entry.size <= SMALL_BYTES:
        return  # so many entries as a task may have stay far below the bound
    kept = sum(other.size for other in entries) - (0 if place is None else entries[place].size)
    if kept + entry.size > ENTRIES_BYTES:
        raise Rejected("task_full", f"label: the answers kept with the task would exceed {ENTRIES_BYTES} bytes")


def _make_room(case: Case, votes_limit: int, bench_limit: int) -> None:
    task = case.task
    if task.phase in CLOSED:
        if len(task.entries) - task.counted >= bench_limit:
            raise Rejected("bench_full", f"the task is {task.phase} and {bench_limit} votes already wait on its bench")
    elif len(task.entries) >= votes_limit + case.settings.unusable_after:
        raise Rejected("task_full", f"the task already has {len(task.entries)} entries")


def _add(case: Case, entry: Entry) -> list[Output]:
    task = case.task
    task.entries.append(entry)
    if entry.answers is not None:
        totals(case.state).votes += 1
    if task.phase == "open" or (task.truth is None and task.review is not None and task.review.is_open):
        return revise(case)
    if task.known is None:
        return []
    return outcomes.judge_by_truth(case, entry) + calibrating.check(case) + shadowing.check(case)


def _replace(case: Case, place: int, entry: Entry | None, *, keep_place: bool, why: str | None = None) -> list[Output]:
    task = case.task
    old = task.entries[place]
    outputs = outcomes.take_back(case, old)
    difference = (entry is not None and entry.answers is not None) - (old.answers is not None)
    if difference:
        totals(case.state).votes += difference
    counted = place < task.counted
    if entry is not None and keep_place:
        task.entries[place] = entry
    else:
        del task.entries[place]
        task.counted -= counted
        if entry is not None:
            task.entries.append(entry)
    if counted:
        if task.truth is None:
            task.counted = 0  # from the first again, so that what is taken back was never there
        return outputs + revise(case, why)
    if entry is not None and task.known is not None:
        outputs += outcomes.judge_by_truth(case, entry)
    if task.truth is not None:
        outputs += calibrating.check(case) + shadowing.check(case)
    return outputs

"""How well the votes on gold tasks would have found the truth: told to the project once a gold task has its votes."""

from __future__ import annotations

from streams.events import Output
from streams.quality import stopping
from streams.quality.case import Case
from streams.quality.inference.slip import losses
from streams.quality.inferring import Reading, columns
from streams.quality.summing import gather


def check(case: Case) -> list[Output]:
    """Bring what the project has of a task up to date: the losses of its first votes if it is gold, else none.

    As many votes are looked at as the task would have closed with, each with what was known of its annotator when it
    came: what the task itself has taught since would make it look easy.
    """
    task = case.task
    found, before = _losses(case), task.losses
    if found == before:
        return []
    task.losses = found
    outputs: list[Output] = []
    for number, part in enumerate(case.parts):
        new = found[number] if found else []
        old = before[number] if before else []
        if part.names:
            none = [0] * max(len(new), len(old))
            changes = {
                "losses": [one - other for one, other in zip(new or none, old or none, strict=True)],
                "gold": [bool(new) - bool(old)],
            }
            outputs += gather(case.state, task.project, part.space_id, len(part.names), changes, case.timestamp)
    return outputs


def _losses(case: Case) -> list[list[int]]:
    task = case.task
    truth = task.truth
    if truth is None or truth.kind != "gold":
        for entry in task.entries:
            entry.columns = []
        return []
    redundancy = stopping.redundancy(case)
    votes = [entry for entry in task.entries if entry.answers is not None][:redundancy]
    for entry in votes:
        if not entry.columns:
            entry.columns = columns(case, entry)
    if len(votes) < redundancy:
        return []
    reading = Reading(case)
    for entry in votes:
        reading.add(entry, as_it_came=True)
    places = [
        part.place(right) for question, right in zip(case.asked, truth.answers, strict=True) for part in question.parts
    ]
    return [losses(part, place) if part else [] for part, place in zip(reading.posteriors, places, strict=True)]

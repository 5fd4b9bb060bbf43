"""What the input topics hold, and what it must come to: whatever was appended counts, whoever was told so or not."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.chaos.poison import EXPECTED, OUTSIDE
from tests.kafka.cluster import Record
from tests.kafka.reconciling import told
from tests.kafka.workload import Promise

INPUTS = ("projects", "tasks", "gold", "annotations")

VOTES, MAJORITY = 3, 2
"""With so many votes a task is decided; so many of them settle it (`redundancy`, `min_agreement`)."""

Refusal = tuple[str, object, object, str]
"""Where a refused record stands, as topic, partition and offset, and the reason.

A vote is refused on a topic of goldstream's own: for it, ``annotations.scored``, None and the annotation's id.
"""

SCORED = "annotations.scored"


@dataclass(frozen=True)
class Truth:
    """What inputs must come to, and each record that must be refused."""

    promise: Promise
    refusals: Counter[Refusal]


def truth_of(inputs: Mapping[str, Sequence[Record]]) -> Truth:
    """Return what `inputs` (topic to its records, partition after partition, in order) must come to."""
    published = {record.key.decode() for record in _sound(inputs["tasks"])}
    gold = {record.key.decode() for record in _sound(inputs["gold"])}
    refusals = Counter(
        (SCORED, None, json.loads(record.value)["annotation_id"], reason)
        if reason == OUTSIDE
        else (topic, record.partition, record.offset, reason)
        for topic in INPUTS
        for record in inputs[topic]
        if (reason := _expected(record))
    )
    scored = {str(identity) for _, _, identity, reason in refusals if reason == OUTSIDE}
    votes: dict[str, set[str]] = defaultdict(set)
    answers: dict[str, Counter[str]] = defaultdict(Counter)
    for record in _sound(inputs["annotations"]):
        fields = json.loads(record.value)
        task, identity = fields["task_id"], fields["annotation_id"]
        if identity in scored:
            refusals["annotations", record.partition, record.offset, "duplicate"] += 1
            continue
        scored.add(identity)
        if task in published:
            votes[task].add(identity)
            answers[task][fields["label"]] += 1
    leaders = {task: counts.most_common(1)[0] for task, counts in answers.items() if counts.total() == VOTES}
    labels = {
        task: label
        for task, (label, count) in leaders.items()
        if count >= MAJORITY and task.startswith("frozen") and task not in gold
    }
    refused = Counter(reason for *_, reason in refusals.elements())
    return Truth(Promise(scored, dict(votes), labels, refused, gold), refusals)


def refusal_faults(dead_letters: Iterable[Record], truth: Truth) -> list[str]:
    """Return what was refused without cause, for another reason or more than once, and what was not refused."""
    found: Counter[Refusal] = Counter()
    for record in dead_letters:
        headers = {name: value.decode(errors="replace") for name, value in record.headers}
        if headers["topic"] == SCORED:
            found[SCORED, None, json.loads(record.value)["annotation_id"], headers["reason"]] += 1
        else:
            found[headers["topic"], int(headers["partition"]), int(headers["offset"]), headers["reason"]] += 1
    return told("dead letters", found, truth.refusals)


def _expected(record: Record) -> str:
    return str(dict(record.headers).get(EXPECTED, b"").decode())


def _sound(records: Iterable[Record]) -> Iterator[Record]:
    return (record for record in records if not _expected(record))

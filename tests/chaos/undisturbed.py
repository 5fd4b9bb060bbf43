"""The same input once more, through one worker that nothing happens to."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streams.quality.projects import ProjectSide
from streams.quality.task_state import Entry
from streams.quality.tasks import TaskSide
from streams.topics import full_name
from tests.chaos.settling import settle
from tests.chaos.stage import PARTITIONS, READY_S
from tests.chaos.truth import Truth
from tests.kafka.cluster import Record, Worker, make_topics, producing, settings_for, until
from tests.kafka.reconciling import agreement_in, latest_labels, read_topics, votes_in
from tests.kafka.replaying import logged

MOST_UNACKNOWLEDGED = 20_000


@dataclass(frozen=True)
class Outcome:
    """What a run came to, as far as two runs can be compared.

    The ledger belongs here as soon as there is one.
    """

    votes: Mapping[str, list[Entry]]
    labels: Mapping[str, Mapping[str, Any]]
    sums: Mapping[str, Mapping[int, int]]


async def run_undisturbed(
    bootstrap: str, namespace: str, inputs: Mapping[str, Sequence[Record]], truth: Truth, folder: Path, seconds: float
) -> Outcome:
    """Send `inputs` again, each to its partition in its order, and return what they come to."""
    settings = settings_for(bootstrap, namespace, partitions=PARTITIONS)
    await make_topics(settings)
    worker = Worker(settings, folder, "undisturbed")
    worker.start()
    try:
        await until(lambda: asyncio.to_thread(worker.is_ready), seconds=READY_S, what="the undisturbed worker ready")
        await _copy(bootstrap, namespace, inputs)
        await settle([worker], bootstrap, namespace, truth, seconds)
    finally:
        await asyncio.to_thread(worker.stop)
    outputs = await read_topics(bootstrap, namespace, ["labels"])
    sides = TaskSide(), ProjectSide(PARTITIONS)
    tables = [again for side in sides for again in await logged(bootstrap, namespace, side, PARTITIONS)]
    return Outcome(votes_in(tables), latest_labels(outputs["labels"]), agreement_in(tables))


async def _copy(bootstrap: str, namespace: str, inputs: Mapping[str, Sequence[Record]]) -> None:
    # As they were appended, across topics too: their timestamps are the broker's.
    merged = sorted(
        ((record.timestamp, topic, record) for topic, records in inputs.items() for record in records),
        key=lambda one: one[0],
    )
    async with producing(bootstrap) as producer:
        flying: set[asyncio.Future[object]] = set()
        for _, topic, record in merged:
            name = full_name(namespace, topic)
            flying.add(
                await producer.send(
                    name, record.value, record.key, partition=record.partition, headers=list(record.headers)
                )
            )
            if len(flying) >= MOST_UNACKNOWLEDGED:
                await asyncio.gather(*flying)
                flying.clear()
        await asyncio.gather(*flying)


def outcome_faults(found: Outcome, undisturbed: Outcome, gold: Container[str]) -> list[str]:
    """Return where votes, sums of agreement, or labels of the project whose reliability is frozen differ.

    The labels of `gold` tasks are left out: they depend on which came first, the answer or the votes.
    """
    decided, undisturbed_decided = (
        {task: _decision(label) for task, label in one.labels.items() if task.startswith("frozen") and task not in gold}
        for one in (found, undisturbed)
    )
    return [
        *_differing("votes against the undisturbed run", _votes(found), _votes(undisturbed)),
        *_differing("agreement against the undisturbed run", found.sums, undisturbed.sums),
        *_differing("frozen labels against the undisturbed run", decided, undisturbed_decided),
    ]


def live_agreement(found: Outcome, undisturbed: Outcome) -> float:
    """Return the share of the live project's tasks whose last label is the same in both runs."""
    pairs = [
        (_decision(found.labels.get(task)), _decision(undisturbed.labels.get(task)))
        for task in found.labels.keys() | undisturbed.labels.keys()
        if task.startswith("live")
    ]
    return sum(one == other for one, other in pairs) / len(pairs) if pairs else 1.0


def _votes(outcome: Outcome) -> dict[str, object]:
    """Who answered what; what a vote weighs follows from when it was scored."""
    return {
        task: sorted((entry.annotation_id, entry.annotator_id, str(entry.answers), entry.non_answer) for entry in votes)
        for task, votes in outcome.votes.items()
        if votes
    }


def _decision(label: Mapping[str, Any] | None) -> tuple[str, object] | None:
    """Return what was decided; None when nothing was."""
    if label is None:
        return None
    answers = label["answers"]
    return label["status"], {name: answer["label"] for name, answer in answers.items()}


def _differing(what: str, found: Mapping[str, object], expected: Mapping[str, object]) -> list[str]:
    wrong: Iterable[str] = [key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key)]
    return [
        f"{what}: {key} is {str(found.get(key))[:300]}, not {str(expected.get(key))[:300]}" for key in sorted(wrong)[:5]
    ]

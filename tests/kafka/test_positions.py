"""A broker without transactions: effectively once, by positions, through a killed worker."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest

from streams.demo.embedded import EmbeddedBroker
from streams.engine.outbox import SEQUENCE
from tests.kafka.cluster import Record, Worker, make_topics, read_topic, settings_for, until
from tests.kafka.reconciling import PARTITIONS
from tests.kafka.test_faults import pour
from tests.kafka.workload import make


def first_of_each_number(records: list[Record]) -> list[Record]:
    """Drop what a receiver would drop: numbers of a producing partition that it has seen."""
    seen: set[tuple[int, bytes]] = set()
    kept = []
    for record in records:
        number = (record.partition, dict(record.headers)[SEQUENCE])
        if number not in seen:
            seen.add(number)
            kept.append(record)
    return kept


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_killed_worker_changes_nothing_but_repeats_that_can_be_told(namespace: str, tmp_path: Path) -> None:
    workload = make(seed=4, annotations=6_000)
    with EmbeddedBroker() as broker:
        settings = settings_for(broker.bootstrap, namespace, guarantee="effectively_once", partitions=PARTITIONS)
        await make_topics(settings)
        worker = Worker(settings, tmp_path, "worker")
        worker.start()
        try:
            await until(worker.is_ready, seconds=60, what="the worker ready")
            await pour(broker.bootstrap, namespace, workload.setup, 100_000, idempotent=False)
            load = asyncio.create_task(pour(broker.bootstrap, namespace, workload.annotations, 1000, idempotent=False))
            for _ in range(2):
                await asyncio.sleep(2)
                worker.kill()
                worker.start()
            await load

            async def all_scored() -> bool:
                scored = first_of_each_number(await read_topic(broker.bootstrap, namespace, "annotations.scored"))
                labels = {record.key.decode() for record in await read_topic(broker.bootstrap, namespace, "labels")}
                return len(scored) >= sum(map(len, workload.votes.values())) and workload.labels.keys() <= labels

            await until(all_scored, seconds=60, what="every vote scored and every task labelled")
        finally:
            worker.stop()
        assert "Traceback" not in worker.log_text(), worker.log_text()[-3000:]
        scored = first_of_each_number(await read_topic(broker.bootstrap, namespace, "annotations.scored"))
        labels = first_of_each_number(await read_topic(broker.bootstrap, namespace, "labels"))
        refused = first_of_each_number(await read_topic(broker.bootstrap, namespace, "dead-letters"))
    ids = Counter(json.loads(record.value)["annotation_id"] for record in scored)
    assert set(ids) == {identity for identities in workload.votes.values() for identity in identities}
    assert max(ids.values()) == 1
    told = [json.loads(record.value) for record in labels]
    assert max(Counter((label["task_id"], label["version"]) for label in told).values()) == 1
    assert {label["version"] for label in told if label["project"] == "frozen"} == {1}
    settled = {
        label["task_id"]: label["answers"]["q"]["label"]
        for label in told
        if label["project"] == "frozen" and label["status"] == "settled"
    }
    assert settled == workload.labels
    assert len(refused) == workload.duplicates

"""Waits until everything that was sent is decided, and watches the labels meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from streams.topics import full_name
from tests.chaos.truth import Truth
from tests.kafka.cluster import Worker

QUIET_S = 4.0
WATCHED = ("annotations.scored", "labels", "dead-letters", "outcomes", "project-deltas", "agreement")


async def settle(workers: Sequence[Worker], bootstrap: str, namespace: str, truth: Truth, seconds: float) -> bool:
    """Wait until what `truth` promises is there, `workers` are ready, and nothing comes any more.

    Returns
    -------
    bool
        False when `seconds` were not enough: what is missing then, a reconciliation tells best.
    """
    consumer = AIOKafkaConsumer(
        *(full_name(namespace, topic) for topic in WATCHED),
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    scored: set[str] = set()
    labelled: set[str] = set()
    dead = 0
    deadline = time.monotonic() + seconds
    quiet_since = time.monotonic()
    async with consumer:
        while time.monotonic() < deadline:
            found = await consumer.getmany(timeout_ms=300)
            for place, records in found.items():
                if place.topic.endswith("annotations.scored"):
                    scored.update(json.loads(record.value)["annotation_id"] for record in records)
                elif place.topic.endswith("labels"):
                    labelled.update(record.key.decode() for record in records)
                elif place.topic.endswith("dead-letters"):
                    dead += len(records)
            if found:
                quiet_since = time.monotonic()
                continue
            promise = truth.promise
            complete = (
                promise.scored <= scored and promise.labels.keys() <= labelled and dead >= promise.refused.total()
            )
            if complete and time.monotonic() - quiet_since > QUIET_S and await _all_ready(workers):
                return True
    return False


async def _all_ready(workers: Sequence[Worker]) -> bool:
    return all([await asyncio.to_thread(worker.is_ready) for worker in workers])


async def note_labels(bootstrap: str, namespace: str, times: list[float]) -> None:
    """Append the monotonic second of each label's arrival to `times`, until cancelled."""
    consumer = AIOKafkaConsumer(
        full_name(namespace, "labels"), bootstrap_servers=bootstrap, isolation_level="read_committed"
    )
    async with consumer:
        while True:
            with contextlib.suppress(KafkaError):
                for records in (await consumer.getmany(timeout_ms=50)).values():
                    times += [time.monotonic()] * len(records)

"""One of three brokers dies under load: nothing is lost or happens twice, and labels come again within seconds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from streams.topics import SIDES, full_name
from tests.kafka.brokers import COUNT, Brokers
from tests.kafka.cluster import make_topics, publish, settings_for, until, workers
from tests.kafka.reconciling import PARTITIONS, reconcile
from tests.kafka.test_faults import pour, settle
from tests.kafka.workload import Message, make

RATE = 400
MOST_STALLED_S = 15.0
"""Most of a stall is the brokers' own: they take one of them for dead after `broker.session.timeout.ms`, 3 s here."""
KILL_AFTER_S = 4.0
LOAD_S = KILL_AFTER_S + MOST_STALLED_S + 1

Arrivals = list[tuple[float, int]]
"""Monotonic second and partition of every label as a reader of committed records gets it, in order."""


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_the_deaths_of_a_leader_and_of_a_coordinator_lose_and_double_nothing(
    own_brokers: Brokers, namespace: str, tmp_path: Path
) -> None:
    bootstrap = own_brokers.bootstrap
    settings = settings_for(bootstrap, namespace, replication=COUNT)
    await make_topics(settings)
    workload = make(seed=6, annotations=int(2 * LOAD_S * RATE))
    # Labels at a steady rate: the votes of a task come within seconds of each other.
    workload.annotations.sort(key=lambda message: int(json.loads(message[2] or b"")["task_id"].split("-")[1]) // 100)
    half = len(workload.annotations) // 2
    first_half, second_half = workload.annotations[:half], workload.annotations[half:]
    with workers(settings, tmp_path, 2) as group:
        await until(lambda: all(worker.is_ready() for worker in group), seconds=60, what="both workers ready")
        await publish(bootstrap, namespace, workload.setup)
        arrivals: Arrivals = []
        reading = asyncio.create_task(note_labels(bootstrap, namespace, arrivals))

        busiest = await leader_of_most(bootstrap, namespace, ("annotations", "annotations.scored", "labels"))
        stalls = [await kill_under_load(own_brokers, busiest, namespace, first_half, arrivals)]
        await asyncio.to_thread(own_brokers.start)
        await until(lambda: in_sync(bootstrap), seconds=60, what="every partition has its three replicas")

        coordinator = await coordinator_of(bootstrap, namespace)
        stalls.append(await kill_under_load(own_brokers, coordinator, namespace, second_half, arrivals))
        await settle(bootstrap, namespace, workload, seconds=60)
        reading.cancel()
    await reconcile(bootstrap, namespace, workload)
    assert max(stalls) < MOST_STALLED_S, f"labels stalled for {stalls} s"


async def kill_under_load(
    brokers: Brokers, victim: int, namespace: str, messages: Sequence[Message], arrivals: Arrivals
) -> float:
    """Kill a broker a few seconds into a steady load; return for how long the label partition worst off had nothing."""
    load = asyncio.create_task(pour(brokers.bootstrap, namespace, list(messages), RATE))
    await asyncio.sleep(KILL_AFTER_S)
    role = " and active controller" if victim == active_controller(brokers) else ""
    killed = time.monotonic()
    await asyncio.to_thread(brokers.nodes[victim].kill)
    await load
    stall = longest_gap(arrivals, killed - 1, time.monotonic())
    print(f"broker {victim}{role} killed: labels stalled for {stall:.1f} s")
    return stall


async def note_labels(bootstrap: str, namespace: str, arrivals: Arrivals) -> None:
    consumer = AIOKafkaConsumer(
        full_name(namespace, "labels"), bootstrap_servers=bootstrap, isolation_level="read_committed"
    )
    async with consumer:
        while True:
            for place, records in (await consumer.getmany(timeout_ms=50)).items():
                arrivals += [(time.monotonic(), place.partition)] * len(records)


def longest_gap(arrivals: Iterable[tuple[float, int]], start: float, end: float) -> float:
    """Return the longest time within (start, end) in which some partition had no label."""
    gaps = []
    for partition in range(PARTITIONS):
        times = [when for when, where in arrivals if where == partition and start < when < end]
        gaps += [after - before for before, after in pairwise([start, *times, end])]
    return max(gaps)


def active_controller(brokers: Brokers) -> int:
    """Return the leader of the controllers' quorum, as the first node knows it."""
    (node, *_) = (node for node in brokers if node.running)
    state = json.loads((node.data / "__cluster_metadata-0" / "quorum-state").read_text())
    return int(state["leaderId"])


@contextlib.asynccontextmanager
async def admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def leader_of_most(bootstrap: str, namespace: str, topics: Sequence[str]) -> int:
    """Return the broker that leads most partitions of `topics` (logical names)."""
    async with admin(bootstrap) as client:
        described = await client.describe_topics([full_name(namespace, topic) for topic in topics])
    leaders = Counter(partition["leader"] for topic in described for partition in topic["partitions"])
    return int(leaders.most_common(1)[0][0])


async def coordinator_of(bootstrap: str, namespace: str) -> int:
    """Return the broker that coordinates the namespace's group, and tell how its transactions are spread."""
    ids = [f"{namespace}-{side}-{partition}" for side in SIDES for partition in range(PARTITIONS)]
    async with admin(bootstrap) as client:
        group = await client.find_coordinator(namespace)
        transactions = Counter([await client.find_coordinator(identity, 1) for identity in ids])
    print(f"broker {group} coordinates the group; transactions by coordinator: {dict(transactions)}")
    return int(group)


async def in_sync(bootstrap: str) -> bool:
    """Whether every partition of the cluster, the internal topics' included, has all its replicas in sync."""
    async with admin(bootstrap) as client:
        described = await client.describe_topics()
    return all(len(partition["isr"]) == COUNT for topic in described for partition in topic["partitions"])

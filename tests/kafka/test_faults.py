"""Workers and the broker are killed under load: nothing is lost, nothing happens twice."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.engine.changelog import COMMIT_KEY, Commit, encode_commit
from streams.loopback import free_port
from streams.quality.task_state import TOTALS, Task, Totals, task_key
from streams.quality.tasks import TaskSide
from streams.topics import full_name
from tests.kafka.broker import Broker
from tests.kafka.cluster import Worker, make_topics, producing, publish, settings_for, until, workers
from tests.kafka.reconciling import PARTITIONS, reconcile
from tests.kafka.workload import Message, Workload, make

RATE = 1000


async def pour(bootstrap: str, namespace: str, messages: list[Message], rate: int, *, idempotent: bool = True) -> None:
    """Send messages at `rate` a second, in bursts of a tenth of a second, through whatever happens to the broker."""
    loop = asyncio.get_running_loop()
    async with producing(bootstrap, idempotent=idempotent) as producer:
        started, sent = loop.time(), []
        step = max(1, rate // 10)
        for first in range(0, len(messages), step):
            for topic, key, value in messages[first : first + step]:
                sent.append(await producer.send(full_name(namespace, topic), value, key))
            await asyncio.sleep(max(0.0, started + (first + step) / rate - loop.time()))
        await asyncio.gather(*sent)


async def settle(bootstrap: str, namespace: str, workload: Workload, seconds: float) -> None:
    """Wait until every vote is scored and every expected label is out."""
    consumer = AIOKafkaConsumer(
        *(full_name(namespace, topic) for topic in ("annotations.scored", "labels")),
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    await consumer.start()
    scored: set[bytes] = set()
    labelled: set[bytes] = set()
    expected = sum(map(len, workload.votes.values()))
    deadline = time.monotonic() + seconds
    quiet_since = time.monotonic()
    try:
        while time.monotonic() < deadline:
            found = await consumer.getmany(timeout_ms=300)
            for place, records in found.items():
                if place.topic.endswith("labels"):
                    labelled.update(record.key for record in records)
                else:
                    scored.update(record.value for record in records)
            if found:
                quiet_since = time.monotonic()
            complete = len(scored) >= expected and {name.encode() for name in workload.labels} <= labelled
            if complete and time.monotonic() - quiet_since > 3:
                return
    finally:
        await consumer.stop()
    pytest.fail(f"after {seconds} s {len(scored)} of {expected} votes are scored, {len(labelled)} tasks labelled")


@pytest.mark.slow
@pytest.mark.timeout(280)
async def test_killed_workers_and_a_killed_broker_lose_and_double_nothing(
    own_broker: Callable[..., Broker], namespace: str, tmp_path: Path
) -> None:
    broker = own_broker()
    settings = settings_for(broker.bootstrap, namespace)
    await make_topics(settings)
    workload = make(seed=1, annotations=30_000)
    with workers(settings, tmp_path, 2) as (first, second):
        await until(lambda: first.is_ready() and second.is_ready(), seconds=60, what="both workers ready")
        await publish(broker.bootstrap, namespace, workload.setup)
        load = asyncio.create_task(pour(broker.bootstrap, namespace, workload.annotations, RATE))
        for victim in (first, second):
            await asyncio.sleep(5)
            await _restart(victim)
        await asyncio.sleep(4)
        await asyncio.to_thread(broker.kill)
        await asyncio.to_thread(broker.restart)
        await asyncio.sleep(4)
        await _restart(first)
        await load
        await settle(broker.bootstrap, namespace, workload, seconds=90)
    await reconcile(broker.bootstrap, namespace, workload)


async def _restart(worker: Worker) -> None:
    worker.kill()
    await asyncio.sleep(1)
    worker.start()


@pytest.mark.slow
@pytest.mark.timeout(200)
async def test_a_worker_stopped_beyond_its_session_is_fenced_and_rejoins(
    own_broker: Callable[..., Broker], namespace: str, tmp_path: Path
) -> None:
    broker = own_broker()
    settings = settings_for(broker.bootstrap, namespace)
    await make_topics(settings)
    workload = make(seed=2, annotations=15_000)
    with workers(settings, tmp_path, 2) as (zombie, living):
        await until(lambda: zombie.is_ready() and living.is_ready(), seconds=60, what="both workers ready")
        await publish(broker.bootstrap, namespace, workload.setup)
        load = asyncio.create_task(pour(broker.bootstrap, namespace, workload.annotations, RATE // 2))
        await asyncio.sleep(4)
        zombie.signal(signal.SIGSTOP)
        await asyncio.sleep(10)  # the session ends after 6
        zombie.signal(signal.SIGCONT)
        await load
        await settle(broker.bootstrap, namespace, workload, seconds=60)
        await until(lambda: zombie.is_ready() and living.is_ready(), seconds=30, what="the stopped worker back at work")
        fenced = living.metric('goldstream_partition_reopens_total{cause="fenced"')
        shares = [worker.get("/metrics").count("lag_records{partition=") for worker in (zombie, living)]
    assert fenced <= 1, "the living owner was fenced by a zombie again and again"
    assert all(shares), "both work again"
    await reconcile(broker.bootstrap, namespace, workload)


@pytest.mark.slow
async def test_a_named_worker_restarts_on_another_port_without_a_rebalance(
    bootstrap: str, namespace: str, tmp_path: Path
) -> None:
    settings = settings_for(bootstrap, namespace)
    await make_topics(settings)
    workload = make(seed=5, annotations=6_000)
    named = [Worker({**settings, "instance_id": name}, tmp_path, name) for name in ("first", "second")]
    for worker in named:
        worker.start()
    try:
        await until(lambda: all(worker.is_ready() for worker in named), seconds=60, what="both workers ready")
        before = [_generations(worker)[-1] for worker in named]
        await publish(bootstrap, namespace, workload.setup)
        load = asyncio.create_task(pour(bootstrap, namespace, workload.annotations, RATE))
        ends: tuple[Callable[[Worker], object], ...] = (Worker.kill, Worker.stop)
        for worker, end in zip(named, ends, strict=True):
            await asyncio.sleep(2)
            await asyncio.to_thread(end, worker)
            worker.choose_port(free_port())
            worker.start()
        await load
        await settle(bootstrap, namespace, workload, seconds=60)
    finally:
        for worker in named:
            worker.stop()
    assert [_generations(worker)[-1] for worker in named] == before, "restarting made the group rebalance"
    await reconcile(bootstrap, namespace, workload)


async def test_of_two_workers_with_one_name_the_elder_ends_and_says_why(
    bootstrap: str, namespace: str, tmp_path: Path
) -> None:
    settings = settings_for(bootstrap, namespace, instance_id="one-name")
    await make_topics(settings)
    elder, younger = (Worker(settings, tmp_path, name) for name in ("elder", "younger"))
    try:
        elder.start()
        await until(elder.is_ready, seconds=60, what="the elder ready")
        younger.start()
        await until(lambda: not elder.running, seconds=60, what="one of them ends")
        await until(younger.is_ready, seconds=30, what="the younger at work")
    finally:
        codes = [worker.stop() for worker in (elder, younger) if worker.exit_code is None]
    assert elder.exit_code == 1
    (line,) = (line for line in elder.log_text().splitlines() if line.startswith("goldstream: "))
    assert "instance_id 'one-name'" in line
    assert "--instance-id" in line
    assert "Traceback" not in elder.log_text()
    assert codes == [0], "the younger stops as it should"


def _generations(worker: Worker) -> list[str]:
    return re.findall(r"open in generation (\d+)", worker.log_text())


@pytest.mark.slow
@pytest.mark.timeout(200)
async def test_a_restore_completes_while_workers_come_and_go(bootstrap: str, namespace: str, tmp_path: Path) -> None:
    settings = settings_for(bootstrap, namespace)
    await make_topics(settings)
    keys = 400_000
    await fill_changelog(bootstrap, namespace, keys)
    with workers(settings, tmp_path, 3) as (steady, *restless):
        for _ in range(3):
            for worker in restless:
                await asyncio.sleep(1.5)
                await asyncio.to_thread(worker.stop)
                await asyncio.sleep(1)
                worker.start()
        for worker in restless:
            await asyncio.to_thread(worker.stop)
        await until(
            lambda: steady.is_ready() and steady.metric('goldstream_tasks{phase="open"}') == keys,
            seconds=60,
            what="all tasks restored by the one worker left",
        )
        opened = re.findall(r"(\w+-\d+): open in generation (\d+)", steady.log_text())
    assert len(opened) == len(set(opened)), "a partition was opened twice in one generation"


async def fill_changelog(bootstrap: str, namespace: str, keys: int) -> None:
    """Write the table of a task side with `keys` open tasks, as its processors would have committed it."""
    side = TaskSide()
    version = bytes((side.state_version,))
    name = f"{namespace}.{side.name}-changelog"
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"{namespace}-fill", linger_ms=20)
    await producer.start()
    try:
        async with producer.transaction():
            for number in range(keys):
                state = version + msgspec.json.encode(Task(phase="open", project="p", task_type="classification"))
                await producer.send(name, state, task_key(f"task-{number}").encode(), partition=number % PARTITIONS)
            totals = version + msgspec.json.encode(Totals(open=keys // PARTITIONS))
            commit = encode_commit(Commit(version=side.state_version, sequence=1))
            for partition in range(PARTITIONS):
                await producer.send(name, totals, TOTALS.encode(), partition=partition)
                await producer.send(name, commit, COMMIT_KEY, partition=partition)
    finally:
        await producer.stop()

"""Copies of tasks in a changelog, as a worker restores them."""

from __future__ import annotations

import time

import msgspec
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from benchmarks.copying import Copier
from streams.engine.changelog import COMMIT_KEY, Changelog, Commit, encode_commit
from streams.engine.clients import Clients
from streams.engine.routing import partition_of
from streams.engine.writer import Message, TransactionalWriter
from streams.quality.task_state import TOTALS, Task, Totals, task_key
from streams.quality.tasks import TaskSide
from streams.quality.ticking import CLOCK
from streams.topics import full_name

PARTITIONS, TASKS, TIMES = 2, 20, 3


def value(state: msgspec.Struct) -> bytes:
    return b"\x01" + msgspec.json.encode(state)


async def logged(clients: Clients, topic: str, partition: int) -> dict[str, bytes]:
    """Write every task of a partition in a transaction of its own, open first and then with a digest."""
    ids = [f"task-{number}" for number in range(TASKS) if partition_of(b"task-%d" % number, PARTITIONS) == partition]
    written = {task_key(task_id): value(Task("open", digest=task_id)) for task_id in ids}
    writer = TransactionalWriter(clients, f"{topic}-{partition}", partition)
    await writer.open()
    now = int(time.time() * 1000)  # the broker soon deletes what is older than it keeps
    sequence = 0
    for count, (key, last) in enumerate(written.items(), 1):
        for task in (value(Task("open")), last):
            sequence += 1
            commit = Commit(1, sequence, {"tasks": sequence}, [("tasks", sequence - 1, sequence)])
            messages = [(key, task), (TOTALS, value(Totals(open=count))), (CLOCK, b"\x01[1,1]")]
            records = [Message(name.encode(), content, now) for name, content in messages]
            place = TopicPartition(topic, partition)
            state = [*records, Message(COMMIT_KEY, encode_commit(commit), now)]
            await writer.commit({}, place, state, {full_name(clients.group, "tasks"): sequence})
    await writer.open()  # what was committed can be read now: see `Copier.copy`
    await writer.close()
    return written


async def test_copies_are_restored_beside_their_originals(bootstrap: str, namespace: str) -> None:
    clients, topic = Clients(bootstrap, group=namespace), full_name(namespace, "tasks-changelog")
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, PARTITIONS, 1), NewTopic(full_name(namespace, "tasks"), PARTITIONS, 1)])
    await admin.close()
    written = [await logged(clients, topic, partition) for partition in range(PARTITIONS)]
    told: list[int] = []
    copier = Copier(clients, topic, PARTITIONS)

    await copier.copy(TIMES, told.append)

    assert sum(told) == TASKS * TIMES
    reader = clients.reader(committed_only=True)
    await reader.start()
    for partition, originals in enumerate(written):
        restored = Changelog(TaskSide())
        await restored.catch_up(reader, topic, partition, lambda: True)
        tasks = {key: each for key, each in restored.table.items() if key.startswith(task_key(""))}
        assert len(tasks) == len(originals) * (TIMES + 1)
        for key, original in originals.items():
            copies = copier.copies[key.removeprefix(task_key(""))]
            assert [tasks[task_key(copy)] for copy in copies] == [original] * TIMES
            assert {partition_of(copy.encode(), PARTITIONS) for copy in copies} == {partition}
        assert restored.table[TOTALS] == value(Totals(open=len(originals) * (TIMES + 1)))
        commits = 2 * len(originals)
        assert restored.commit.sequence == commits * (TIMES + 1)
        assert restored.commit.positions == {"tasks": commits}
    await reader.stop()

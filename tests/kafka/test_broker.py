"""The broker that other tests stand on: it answers, keeps transactions apart, and survives its own death."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.kafka.broker import Broker
from tests.kafka.distribution import HERE


async def create(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def produce(bootstrap: str, topic: str, value: bytes, *, commit: bool) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"{topic}-owner") as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, value, partition=0)
        if commit:
            await producer.commit_transaction()
        else:
            await producer.abort_transaction()


async def read(bootstrap: str, topic: str) -> list[bytes]:
    """Return what is committed in partition 0, up to its end."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    source = TopicPartition(topic, 0)
    async with consumer:
        consumer.assign([source])
        end = (await consumer.end_offsets([source]))[source]
        values: list[bytes] = []
        while await consumer.position(source) < end:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                values.extend(record.value for record in records)
        return values


def test_only_committed_transactions_are_read(bootstrap: str, namespace: str) -> None:
    async def scenario() -> list[bytes]:
        await create(bootstrap, namespace)
        await produce(bootstrap, namespace, b"first", commit=True)
        await produce(bootstrap, namespace, b"taken back", commit=False)
        await produce(bootstrap, namespace, b"second", commit=True)
        return await read(bootstrap, namespace)

    assert asyncio.run(scenario()) == [b"first", b"second"]


def test_topics_are_not_created_by_accident(bootstrap: str, namespace: str) -> None:
    async def scenario() -> list[str]:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        try:
            await admin.describe_topics([namespace])
            return list(await admin.list_topics())
        finally:
            await admin.close()

    assert namespace not in asyncio.run(scenario())


@pytest.mark.parametrize("end", [Broker.stop, Broker.kill], ids=["stopped", "killed"])
def test_a_restart_keeps_address_and_data(
    own_broker: Callable[..., Broker], namespace: str, end: Callable[[Broker], None]
) -> None:
    broker = own_broker()
    address = broker.bootstrap
    asyncio.run(create(address, namespace))
    asyncio.run(produce(address, namespace, b"before", commit=True))
    end(broker)
    assert not broker.running
    broker.start()
    assert broker.bootstrap == address
    asyncio.run(produce(address, namespace, b"after", commit=True))
    assert asyncio.run(read(address, namespace)) == [b"before", b"after"]


def test_close_leaves_nothing(own_broker: Callable[..., Broker]) -> None:
    broker = own_broker()
    broker.close()
    assert not broker.running
    assert not broker.folder.exists()


def test_a_setting_kafka_refuses_is_shown(own_broker: Callable[..., Broker]) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)could not format its storage.*num\.io\.threads"):
        own_broker(settings={"num.io.threads": "none"})


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.usefixtures("broker")
def test_the_broker_goes_with_what_started_it(tmp_path: Path, how: signal.Signals) -> None:
    """Run as by ``make kafka``: Ctrl-C is clean, and a crash leaves no process and no file."""
    foreground = subprocess.Popen(
        [sys.executable, "-m", "tests.kafka.broker", "--port", "0", "--heap-mb", "256"],
        cwd=HERE.parents[1],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with foreground:
        assert foreground.stdout is not None
        said = foreground.stdout.readline()
        assert "Kafka answers at 127.0.0.1:" in said
        assert str(tmp_path) in said
        foreground.send_signal(how)
        # The pipe's end is held by nothing else, so this returns when the process is gone.
        assert foreground.wait(30) == (0 if how == signal.SIGINT else -how)
    deadline = time.monotonic() + 20
    while any(tmp_path.iterdir()) or listens(said):
        assert time.monotonic() < deadline, "the broker outlived what started it"
        time.sleep(0.05)


def listens(said: str) -> bool:
    """Whether anything accepts connections at the address the broker named."""
    (port,) = re.findall(r"127\.0\.0\.1:(\d+)", said)
    with socket.socket() as link:
        return link.connect_ex(("127.0.0.1", int(port))) == 0

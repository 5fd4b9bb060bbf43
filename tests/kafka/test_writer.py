"""A commit that fails tells why, whenever its producer noticed."""

from __future__ import annotations

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.engine.clients import Clients, close_producer
from streams.engine.errors import Verdict, verdict
from streams.engine.writer import Message, TransactionalWriter

TOPICS = 10


async def test_a_producer_fenced_between_two_sends_of_a_commit_is_fenced(bootstrap: str, namespace: str) -> None:
    names = [f"{namespace}.{number}" for number in range(TOPICS)]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1) for name in names])
    await admin.close()
    clients = Clients(bootstrap, namespace)
    writer = TransactionalWriter(clients, f"{namespace}-id", 0)
    await writer.open()
    other = clients.producer(f"{namespace}-id")
    await other.start()
    changelog, *outputs = (TopicPartition(name, 0) for name in names)
    message = Message(b"key", b"value", 0)
    try:
        # Each topic is asked for as it is written to: the sender has the time to learn that it is fenced.
        for _ in range(2):
            with pytest.raises(Exception) as raised:  # noqa: PT011  # its verdict is what counts
                await writer.commit({place: [message] for place in outputs}, changelog, [message], {changelog.topic: 1})
            assert verdict(raised.value) is Verdict.FENCED
    finally:
        await writer.close()
        await close_producer(other)

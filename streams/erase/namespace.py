"""The namespace as its brokers have it: partitions, configurations and clients for one erasure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.brokers import connected
from streams.engine.clients import Clients, close_producer
from streams.failures import Failure
from streams.security import client_security
from streams.settings import Settings
from streams.topics import all_topics, full_name
from streams.topics_admin import FEW, found_with_configs


@dataclass(frozen=True)
class Namespace:
    """What the brokers tell of the topics, and one producer.

    Attributes
    ----------
    partitions : mapping of str to int
        By logical name.
    configs : mapping
        By logical name; empty for a topic of which the brokers do not tell.
    """

    name: str
    partitions: Mapping[str, int]
    configs: Mapping[str, Mapping[str, str]]
    producer: AIOKafkaProducer
    _clients: Clients
    _committed_only: bool

    def full(self, topic: str) -> str:
        """Return a topic's name on the brokers."""
        return full_name(self.name, topic)

    def reader(self) -> AIOKafkaConsumer:
        """Return an unstarted consumer without a group, of what is committed."""
        return self._clients.reader(committed_only=self._committed_only)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Namespace]:
    """Give the namespace for the length of an ``async with`` block.

    Raises
    ------
    BrokerUnreachable
        No broker answers in time, or none lets us in.
    NotAllowed
        In the block, something was asked that we have no right to.
    Failure
        A topic is missing.
    """
    exact = settings.guarantee == "exactly_once"
    clients = Clients(
        bootstrap=settings.broker,
        group=f"{settings.namespace}-erase",
        transaction_timeout_s=settings.transaction_timeout_s,
        idempotent=exact,
        security=client_security(settings),
    )
    async with connected(settings) as admin:
        found = await found_with_configs(admin, settings)
        planned = all_topics(settings)
        missing = [each.name for each in planned if each.name not in found]
        if missing:
            few = ", ".join(missing[:FEW]) + (f" and {len(missing) - FEW} more" if missing[FEW:] else "")
            raise Failure(f"topics missing: {few}; check --namespace, or create them with goldstream topics create")
        producer = clients.producer()
        await producer.start()
        try:
            yield Namespace(
                name=settings.namespace,
                partitions={each.topic.name: found[each.name].partitions for each in planned},
                configs={each.topic.name: found[each.name].configs for each in planned},
                producer=producer,
                _clients=clients,
                _committed_only=exact,
            )
        finally:
            await close_producer(producer)

"""A namespace as its brokers have it, and clients for one command of an operator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka import errors as kafka
from aiokafka.admin import AIOKafkaAdminClient

from streams.brokers import CONNECT_SECONDS, connected
from streams.engine.clients import Clients, close_producer, failure
from streams.engine.errors import Verdict, verdict
from streams.failures import Failure
from streams.reading import TopicReader, reading
from streams.security import client_security
from streams.settings import Settings
from streams.topics import all_topics, full_name
from streams.topics_admin import FEW, found_topics, partition_counts


class TakenOver(Exception):
    """A transaction will not be committed, since another producer with its id was started; the message says so."""


@dataclass(frozen=True)
class Namespace:
    """What the brokers tell of the topics, and how to speak to them; made by `opened`.

    Attributes
    ----------
    partitions : mapping of str to int
        How many each topic that we may see has, by logical name.
    exact : bool
        Whether the brokers have transactions.
    """

    name: str
    partitions: Mapping[str, int]
    clients: Clients
    exact: bool
    admin: AIOKafkaAdminClient

    def full(self, topic: str) -> str:
        """Return a topic's name on the brokers."""
        return full_name(self.name, topic)

    def reading(self) -> AbstractAsyncContextManager[TopicReader]:
        """Return a new reader, to be entered."""
        return reading(self.clients, exact=self.exact)

    @asynccontextmanager
    async def producing(self, transactional_id: str | None = None) -> AsyncIterator[AIOKafkaProducer]:
        """Give a producer for the length of an ``async with`` block; with an id it is transactional.

        Raises
        ------
        Failure
            The brokers have no transactions.
        """
        producer = self.clients.producer(transactional_id)
        try:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await producer.start()
            except kafka.UnknownError:  # what the embedded broker answers to this
                raise Failure(
                    f"broker {self.clients.bootstrap}: has no transactions, and this needs them; nothing was sent"
                ) from None
            yield producer
        finally:
            await close_producer(producer)


@asynccontextmanager
async def transaction(producer: AIOKafkaProducer) -> AsyncIterator[None]:
    """Commit what an ``async with`` block sends, or nothing of it.

    Raises
    ------
    TakenOver
        Another producer with its transactional id was started, or the broker ended the transaction without a reason:
        Kafka 4.1 answers UNKNOWN_SERVER_ERROR, for which aiokafka has no class, to a commit that it is about to fence.
    """
    try:
        async with producer.transaction():
            yield
    except (kafka.KafkaError, AssertionError) as error:
        # Who is fenced between two sends may be told no more than that something is wrong.
        reason = failure(producer) or error
        if Verdict.FENCED in (verdict(error), verdict(reason)):
            raise TakenOver("another replay or an erasure was started and took over") from error
        if kafka.KafkaError in (type(error), type(reason)):
            raise TakenOver(
                f"the broker broke it off ({error}), as it does when another replay or an erasure is started"
            ) from error
        raise reason from None if reason is error else error


@asynccontextmanager
async def opened(settings: Settings, command: str, needed: Iterable[str]) -> AsyncIterator[Namespace]:
    """Give the namespace for the length of an ``async with`` block.

    Parameters
    ----------
    command : str
        What the clients call themselves, behind the namespace.
    needed : iterable of str
        The topics, by logical name, without which nothing can be done.

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
        group=full_name(settings.namespace, command),
        transaction_timeout_s=settings.transaction_timeout_s,
        idempotent=exact,
        security=client_security(settings),
    )
    async with connected(settings) as admin:
        found = await partition_counts(admin)
        wanted = [full_name(settings.namespace, topic) for topic in needed]
        missing = [name for name in wanted if name not in found]
        if missing:
            await found_topics(settings)  # tells when they are only hidden from us
            few = ", ".join(missing[:FEW]) + (f" and {len(missing) - FEW} more" if missing[FEW:] else "")
            raise Failure(f"topics missing: {few}; check --namespace, or create them with goldstream topics create")
        partitions = {each.topic.name: found[each.name] for each in all_topics(settings) if each.name in found}
        yield Namespace(settings.namespace, partitions, clients, exact, admin)

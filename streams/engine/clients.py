"""How the engine's own Kafka clients are made: one place for addresses, security and timeouts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

RETRY_BACKOFF_MS = 10
"""Kafka 4 may answer a transaction's first produce with NOT_ENOUGH_REPLICAS while it verifies it: ask again soon."""

MAX_REQUEST_BYTES = 4 * 1024 * 1024
MAX_BATCH_BYTES = 900_000
MAX_ATOMIC_BATCH_BYTES = 3_500_000
"""Where one record batch is the unit of commit it must hold a whole commit."""

RESTORE_FETCH_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Clients:
    """Makes producers and readers.

    Attributes
    ----------
    bootstrap : str
        ``host:port[,host:port]``.
    group : str
        The consumer group whose positions travel in transactions.
    transaction_timeout_s : float
        After this the coordinator aborts an open transaction and fences its producer.
    idempotent : bool
        False only where the broker has no producer ids.
    security : mapping
        aiokafka's security arguments.
    """

    bootstrap: str
    group: str
    transaction_timeout_s: float = 10.0
    idempotent: bool = True
    security: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def producer(self, transactional_id: str | None = None) -> AIOKafkaProducer:
        """Return an unstarted producer; with an id it is transactional."""
        return AIOKafkaProducer(
            bootstrap_servers=self.bootstrap,
            client_id=transactional_id or self.group,
            transactional_id=transactional_id,
            transaction_timeout_ms=int(self.transaction_timeout_s * 1000),
            enable_idempotence=self.idempotent,
            acks="all",
            retry_backoff_ms=RETRY_BACKOFF_MS,
            request_timeout_ms=int(self.transaction_timeout_s * 1000),
            max_request_size=MAX_REQUEST_BYTES,
            max_batch_size=MAX_BATCH_BYTES if self.idempotent else MAX_ATOMIC_BATCH_BYTES,
            **self.security,
        )

    def reader(self, *, committed_only: bool) -> AIOKafkaConsumer:
        """Return an unstarted consumer without a group, made for reading a log in bulk."""
        return AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap,
            client_id=f"{self.group}-restore",
            group_id=None,
            isolation_level="read_committed" if committed_only else "read_uncommitted",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=RESTORE_FETCH_BYTES,
            fetch_max_wait_ms=100,
            check_crcs=False,
            request_timeout_ms=int(self.transaction_timeout_s * 1000),
            **self.security,
        )


def failure(producer: AIOKafkaProducer) -> BaseException | None:
    """Return what ended the producer's transaction behind its user's back, if anything did."""
    waiter = producer._txn_manager and producer._txn_manager._transaction_waiter
    return None if waiter is None or not waiter.done() or waiter.cancelled() else waiter.exception()


async def close_producer(producer: AIOKafkaProducer, *, timeout_s: float = 3.0) -> None:
    """Stop `producer`, by force when it does not stop in time (it waits for its broker otherwise)."""
    transaction = producer._txn_manager and producer._txn_manager._transaction_waiter
    if transaction is not None:
        transaction.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    try:
        await asyncio.wait_for(producer.stop(), timeout_s)
    except BaseException as error:
        # Whatever it still held is void: its transaction is aborted by the next owner or by the coordinator.
        producer._closed = True
        task = producer._sender.sender_task
        if task is not None:
            task.cancel()
        await producer.client.close()
        if not isinstance(error, Exception):
            raise


async def close_reader(reader: AIOKafkaConsumer, *, timeout_s: float = 3.0) -> None:
    """Stop `reader`, by force when it does not stop in time.

    While its broker is away it may fail with the cancellation of its own fetches, which must not become ours.
    """
    stopping = asyncio.create_task(reader.stop())
    await asyncio.wait({stopping}, timeout=timeout_s)
    if not stopping.done() or stopping.cancelled() or stopping.exception() is not None:
        stopping.cancel()
        await reader._client.close()

"""The engine in this process, with a side that counts: for tests of what the engine alone promises."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faust.types import StreamT

from streams.engine.app import Engine, EngineSettings, make_app
from streams.engine.clients import Clients
from streams.engine.ports import CommitReport, Place
from streams.engine.transport import Batch
from streams.events import Side
from streams.loopback import free_port
from tests.kafka.cluster import until

TOPICS = ("numbers", "more", "counts", "dead-letters")


class Seen:
    """What the engine reported."""

    def __init__(self) -> None:
        self.commits: list[CommitReport] = []
        self.restores: list[tuple[int, int]] = []
        self.causes: list[str] = []

    def committed(self, report: CommitReport) -> None:
        self.commits.append(report)

    def restored(self, place: Place, records: int, seconds: float) -> None:
        assert seconds >= 0
        self.restores.append((place.partition, records))

    def reopened(self, place: Place, cause: str) -> None:
        self.causes.append(f"{place.side}: {cause}")


async def make_counting_topics(bootstrap: str, namespace: str, partitions: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        names = [*TOPICS, "counting-changelog"]
        await admin.create_topics([NewTopic(f"{namespace}.{name}", partitions, 1) for name in names])
    finally:
        await admin.close()


@contextlib.asynccontextmanager
async def counting(
    bootstrap: str, namespace: str, side: Side, *, partitions: int = 2, fetch_records: int = 2000
) -> AsyncIterator[tuple[Engine, Seen]]:
    """Run a worker of `side` until the block ends."""
    settings = EngineSettings(
        namespace=namespace,
        partitions=partitions,
        by_positions=False,
        instance_id=None,
        web_host="127.0.0.1",
        web_port=free_port(),
        batch_records=5000,
        fetch_records=fetch_records,
        max_value_bytes=1000,
        session_timeout_s=6.0,
        rebalance_timeout_s=3.0,
        heartbeat_s=1.0,
    )
    clients = Clients(bootstrap, namespace)
    app = make_app(settings, clients)
    app.loop = asyncio.get_running_loop()
    seen = Seen()
    engine = Engine(app, settings, clients, {topic: f"{namespace}.{topic}" for topic in TOPICS}, seen)
    table = engine.table(side)

    @app.agent(engine.arrivals(side), name="count")
    async def count(batches: StreamT[Batch]) -> None:
        async for batch in batches:
            await table.feed(batch)

    starting = asyncio.create_task(app.start())
    try:
        await until(lambda: engine.is_ready() or app.crash_reason, seconds=30, what="the table open")
        if app.crash_reason is not None:
            raise app.crash_reason
        yield engine, seen
    finally:
        starting.cancel()
        await asyncio.wait_for(app.stop(), 30)

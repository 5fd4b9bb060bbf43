"""A Faust app on the batch path, and the tables that hang on it."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import faust
from faust.types import TP, ChannelT
from yarl import URL

from streams.engine.batches import BatchSchema
from streams.engine.clients import Clients
from streams.engine.ports import Observer, Place
from streams.engine.processor import Processor
from streams.engine.table import Table, TableManager, WorkerLinks
from streams.engine.transport import Batch, Consumer, Transport
from streams.engine.writer import PositionWriter, TransactionalWriter, Writer
from streams.events import Side

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EngineSettings:
    """What the engine must know; see `streams.settings.Settings` for the meaning of each."""

    namespace: str
    partitions: int
    by_positions: bool
    instance_id: str | None
    web_host: str
    web_port: int
    batch_records: int
    fetch_records: int
    max_value_bytes: int
    session_timeout_s: float
    rebalance_timeout_s: float
    heartbeat_s: float


class App(faust.App):
    """A Faust app that writes nothing to the working directory."""

    def _create_directories(self) -> None:
        """Tables live in memory and in their changelogs: there is no data directory."""


def make_app(settings: EngineSettings, clients: Clients, credentials: Any = None) -> App:
    """Return a Faust app on the batch path; nothing is connected."""
    # Only where there is one: an empty name would be a static membership that all workers share.
    identity: dict[str, Any] = {}
    if settings.instance_id is not None:
        identity["consumer_group_instance_id"] = settings.instance_id
    app = App(
        settings.namespace,
        broker=[URL(f"aiokafka://{address}") for address in clients.bootstrap.split(",")],
        broker_credentials=credentials,
        broker_session_timeout=settings.session_timeout_s,
        broker_rebalance_timeout=settings.rebalance_timeout_s,
        broker_heartbeat_interval=settings.heartbeat_s,
        # An answer that is lost on the way is waited for so long; the longest that is held back is a join's.
        broker_request_timeout=max(12.0, 2 * settings.session_timeout_s),
        broker_max_poll_records=settings.fetch_records,
        broker_commit_interval=60.0,
        consumer_max_fetch_size=4 * 1024 * 1024,
        stream_wait_empty=False,
        stream_buffer_maxsize=64,
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=settings.partitions,
        store="memory://",
        Table=Table,
        TableManager=TableManager,
        web_host=settings.web_host,
        web_bind=settings.web_host,
        web_port=settings.web_port,
        # Only a name: an assignment names the member that it is for, and a static member that comes back with another
        # web port is handed the one it had.
        canonical_url=f"http://{settings.instance_id or secrets.token_hex(8)}",
        **identity,
    )
    transport = Transport(app.conf.broker_consumer, app)
    transport.idempotent = not settings.by_positions
    app.transport = transport
    app.producer_transport = transport
    return app


class Engine:
    """Makes a side run on an app: its table, its processors, its channel.

    Parameters
    ----------
    topics : mapping
        Logical topic to full name, every topic of the namespace.
    """

    def __init__(
        self,
        app: App,
        settings: EngineSettings,
        clients: Clients,
        topics: Mapping[str, str],
        observer: Observer,
    ) -> None:
        self.app = app
        self.settings = settings
        self.tables: dict[str, Table] = {}
        self._clients = clients
        self._topics = topics
        self._observer = observer
        self._links = WorkerLinks(app)
        app.on_partitions_revoked.connect(self._on_revoked)
        cast(Transport, app.transport).positions = self.positions  # type: ignore[method-assign]  # the hook it has for this

    async def _on_revoked(self, *_: Any, **__: Any) -> None:
        """Let every partition of every table go at once: the time for it is short."""
        timeout = self.settings.rebalance_timeout_s
        await asyncio.gather(*(table.partitioned.park(timeout_s=timeout) for table in self.tables.values()))

    def table(self, side: Side) -> Table:
        """Return the Faust table of `side`, declared on the app."""
        changelog = f"{self.settings.namespace}.{side.name}-changelog"
        table = cast(
            Table,
            self.app.Table(
                side.name,
                make=lambda partition: self._processor(side, changelog, partition),
                park_timeout_s=self.settings.rebalance_timeout_s,
                changelog_topic=self.app.topic(changelog, acks=False, schema=BatchSchema()),
                partitions=self.settings.partitions,
            ),
        )
        self.tables[side.name] = table
        return table

    def arrivals(self, side: Side) -> ChannelT[Batch]:
        """Return the channel on which the batches of all of the side's sources arrive."""
        names = [self._topics[source.topic] for source in side.sources]
        # acks=False: Faust's bookkeeping of gaps and acknowledgements grows without bound over batches.
        return self.app.topic(*names, acks=False, schema=BatchSchema())

    def is_ready(self) -> bool:
        """Return whether every table has its partitions open."""
        return not self.app.rebalancing and all(table.partitioned.is_ready for table in self.tables.values())

    def positions(self) -> dict[TP, int]:
        """Return where every source partition at work stands."""
        return {
            TP(self._topics[topic], partition): position
            for table in self.tables.values()
            for partition, processor in table.partitioned.processors.items()
            if processor.is_open
            for topic, position in processor.positions.items()
        }

    def lag(self) -> list[tuple[str, int, int]]:
        """Return (topic, partition, records not committed yet) for every source partition at work."""
        consumer = cast(Consumer, self.app.consumer)
        return [(tp.topic, tp.partition, consumer.behind(tp, position)) for tp, position in self.positions().items()]

    def _processor(self, side: Side, changelog: str, partition: int) -> Processor:
        settings = self.settings
        writer: Writer
        if settings.by_positions:
            writer = PositionWriter(self._clients, cast(Consumer, self.app.consumer), partition)
        else:
            writer = TransactionalWriter(self._clients, f"{settings.namespace}-{side.name}-{partition}", partition)
        return Processor(
            side,
            Place(
                side=side.name,
                partition=partition,
                changelog=changelog,
                topics=self._topics,
                sources=tuple(source.topic for source in side.sources),
                partitions=settings.partitions,
            ),
            writer,
            lambda: self._clients.reader(committed_only=not settings.by_positions),
            self._links,
            self._observer,
            batch_records=settings.batch_records,
            max_value_bytes=settings.max_value_bytes,
            by_positions=settings.by_positions,
        )

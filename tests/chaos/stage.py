"""The broker, each worker's own way to it, and the workers."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

from streams.loopback import HOST, free_port, free_ports
from tests.chaos.disk import Disk
from tests.chaos.proxy import Proxy
from tests.chaos.schedule import NAMED, WORKERS, worker_name
from tests.kafka.broker import STARTED, Broker
from tests.kafka.cluster import Worker, make_topics, settings_for, until

PARTITIONS = 4
READY_S = 90.0

FOURTH, TWIN = WORKERS, WORKERS + 1
"""Places of the worker that comes and goes, and of the one that takes another's identity."""

# Other work may hold the machine; and nothing of a log is compacted away that is read again at the end.
BROKER_SETTINGS = {"log.cleaner.min.compaction.lag.ms": str(3600 * 1000)}

STUCK = "No in-memory snapshot for epoch"
"""What Kafka 4.1.1 says when its group coordinator came back from a SIGKILL with an older state than its log has, and
failed to load it again: from then on it serves no member, until it is started once more.
"""

ENDED_WELL = (0, 3)
"""3: it was started while no broker answered."""


class Stage:
    """Everything that faults happen to.

    Parameters
    ----------
    folder : Path
        Takes the logs.

    Attributes
    ----------
    findings : list of str
        What was seen that should not be.
    """

    def __init__(self, folder: Path, namespace: str) -> None:
        self.folder = folder
        self.namespace = namespace
        self.findings: list[str] = []
        listeners = free_ports(WORKERS + 2)
        self.proxies = [Proxy(port) for port in listeners]
        self.broker = _broker(self.proxies)
        self.disk = Disk(self.broker.data)
        self.has_disk = False
        self.settings = settings_for(self.broker.bootstrap, namespace, partitions=PARTITIONS)
        self.workers = [
            self._worker(worker_name(place), way, self._identity(place))
            for place, way in enumerate(self.proxies[:TWIN])
        ]
        self._twins: list[Worker] = []

    @property
    def group(self) -> list[Worker]:
        """The workers that are to run all the time."""
        return self.workers[:WORKERS]

    def twin_of(self, place: int) -> Worker:
        """Return another worker with the identity of the one at `place`."""
        twin = self._worker(f"{worker_name(place)}-twin", self.proxies[TWIN], self._identity(place))
        self._twins.append(twin)
        return twin

    def _worker(self, name: str, way: Proxy, identity: Mapping[str, str]) -> Worker:
        return Worker({**self.settings, "broker": f"{HOST}:{way.port}", **identity}, self.folder, name)

    @staticmethod
    def _identity(place: int) -> dict[str, str]:
        return {"instance_id": worker_name(place)} if place < NAMED else {}

    async def start(self) -> None:
        self.has_disk = self.disk.mount()
        await asyncio.gather(asyncio.to_thread(self.broker.start), *(proxy.start() for proxy in self.proxies))
        await make_topics(self.settings)
        for worker in self.group:
            worker.start()
        await self.ready()

    async def ready(self) -> None:
        """Wait until the whole group is at work."""

        async def all_ready() -> bool:
            return all([await asyncio.to_thread(worker.is_ready) for worker in self.group])

        await until(all_ready, seconds=READY_S, what="three workers ready")

    async def restart_broker(self) -> None:
        await asyncio.to_thread(self.broker.start)

    def coordinator_is_stuck(self) -> bool:
        """Whether the broker has said so since it was last started."""
        *_, since = self.broker.log.read_text(errors="replace").rpartition(STARTED.decode())
        return STUCK in since

    def look_after(self) -> None:
        """Start again whoever has ended by itself, and tell how it ended unless that was in order."""
        for worker in self.group:
            if not worker.running:
                if worker.exit_code not in ENDED_WELL:
                    self.findings.append(f"{worker.name} ended by itself with exit code {worker.exit_code}")
                worker.start()

    async def stop(self, worker: Worker) -> None:
        """End a worker as an operator would, and tell when that does not go as it should."""
        was_running = worker.running
        code = await asyncio.to_thread(worker.stop)
        # Before its handlers are there, a signal ends a process as it ends any.
        allowed = (*ENDED_WELL, -signal.SIGTERM)
        if was_running and code not in allowed:
            self.findings.append(f"{worker.name}: SIGTERM led to exit code {code}")

    async def close(self) -> None:
        """End everything that was started."""
        for worker in (*self.workers, *self._twins):
            if worker.running:
                worker.kill()
        for proxy in self.proxies:
            await proxy.close()
        if self.broker.running:
            os.kill(self.broker.pid, signal.SIGCONT)
        await asyncio.to_thread(self.broker.kill)
        if self.broker.log.exists():
            shutil.copy(self.broker.log, self.folder / "broker.log")
        self.disk.unmount()
        self.broker.close()


def _broker(proxies: list[Proxy]) -> Broker:
    """Return a broker that tells whoever comes through a proxy to come through it again."""
    port, controller = free_port(), free_port()
    ways = {f"WAY{place}": proxy for place, proxy in enumerate(proxies)}
    own = f"PLAINTEXT://{HOST}:{port}"
    protocols = ["PLAINTEXT:PLAINTEXT", "CONTROLLER:PLAINTEXT", *(f"{name}:PLAINTEXT" for name in ways)]
    return Broker(
        port=port,
        settings={
            **BROKER_SETTINGS,
            "controller.quorum.voters": f"1@{HOST}:{controller}",
            "listeners": ",".join(
                [
                    own,
                    f"CONTROLLER://{HOST}:{controller}",
                    *(f"{name}://{HOST}:{way.target}" for name, way in ways.items()),
                ]
            ),
            "advertised.listeners": ",".join([own, *(f"{name}://{HOST}:{way.port}" for name, way in ways.items())]),
            "listener.security.protocol.map": ",".join(protocols),
        },
    )

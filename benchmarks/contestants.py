"""The workers that are measured: processes of their own, with what the kernel says of them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.kafka.cluster import Worker, make_topics

ROOT = Path(__file__).parents[1]
START_SECONDS = 90.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """What a process has used since it started: CPU seconds of all its threads, and its largest resident size."""

    cpu_s: float
    peak_rss_bytes: int


def usage(pid: int) -> Usage:
    """Read the kernel's account of a running process."""
    # The second field is the program's name in parentheses, which may hold anything.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    return Usage((int(fields[11]) + int(fields[12])) / _TICKS, peak * 1024)


class Contestant(Worker):
    """A worker process that can be measured."""

    @property
    def usage(self) -> Usage:
        """What it has used so far."""
        assert self._process is not None
        return usage(self._process.pid)

    async def make_topics(self) -> None:
        """Create what it reads and writes."""
        await make_topics(self._settings)

    async def started(self) -> float:
        """Start it, wait until it reads, and return the last moment (monotonic) when it said it did not yet.

        Raises
        ------
        RuntimeError
            It ended, or took too long; the message ends with its log.
        """
        self.start()
        last = began = time.monotonic()
        while not await asyncio.to_thread(self.is_ready):
            last = time.monotonic()
            if not self.running or last - began > START_SECONDS:
                raise RuntimeError(f"{self.name} did not get ready:\n{self.log_text()[-4000:]}")
            await asyncio.sleep(0.01)
        return last


class Goldstream(Contestant):
    """A goldstream worker with its default settings: exactly-once."""


class FaustPeer(Contestant):
    """A worker of `benchmarks.peers.faust_app`.

    Parameters
    ----------
    tuned : bool
        With what an expert would set for a backlog; otherwise with Faust's defaults.
    """

    def __init__(self, settings: Mapping[str, object], folder: Path, name: str, *, tuned: bool) -> None:
        super().__init__(settings, folder, name)
        self._data = folder / f"{name}-data"
        self._tuned = tuned

    async def make_topics(self) -> None:
        """Create its topics and its tables' changelogs.

        Faust would create the changelogs itself, but where its agents are ahead of its metadata they die of
        "the changelog topic has 0 partitions", and it labels nothing more.
        """
        namespace, partitions = self._settings["namespace"], int(str(self._settings["partitions"]))
        compact = {"cleanup.policy": "compact"}
        admin = AIOKafkaAdminClient(bootstrap_servers=self._settings["broker"])
        await admin.start()
        try:
            await admin.create_topics(
                [NewTopic(f"{namespace}.{name}", partitions, 1) for name in ("annotations", "scored", "labels")]
                + [
                    NewTopic(f"{namespace}-{table}-changelog", partitions, 1, topic_configs=compact)
                    for table in ("annotators", "tasks")
                ]
            )
        finally:
            await admin.close()

    def start(self) -> None:
        command = [sys.executable, "-m", "benchmarks.peers.faust_app", "--datadir", str(self._data)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PEER_")}
        peer = {f"PEER_{name.upper()}": str(self._settings[name]) for name in ("broker", "namespace", "partitions")}
        if self._tuned:
            command += ["--loop", "uvloop"]
            peer["PEER_TUNED"] = "1"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "worker", "--loglevel", "info", "--without-web"],
                env=kept | peer,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def is_ready(self) -> bool:
        """Return whether it has said so: Faust's own line once its streams have been resumed."""
        return "Worker ready" in self.log_text()

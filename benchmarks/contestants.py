"""The implementations that are measured: each a process of its own, with what the kernel says of it."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from benchmarks.peers import kafka_streams, quix
from tests.kafka.cluster import Worker, make_topics

Pace = Literal["fast", "slow"]
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
    """A worker process that can be measured; it reads `annotations` and writes `labels` of its namespace.

    Parameters
    ----------
    settings : mapping
        At least `broker`, `namespace` and `partitions`.
    folder : Path
        For its log and what else it leaves.
    name : str
        Of its log file, and in messages.
    """

    key: ClassVar[str]
    """What it is called in results."""
    title: ClassVar[str]
    guarantee: ClassVar[str]
    pace: ClassVar[Pace] = "fast"
    """How large a backlog it is given."""
    needs_tasks: ClassVar[bool] = False
    """Whether a task must be known before its annotations."""
    compacted: ClassVar[tuple[str, ...]] = ()
    """Names of its tables' changelogs on the broker after the namespace, where it does not create them itself."""

    def __init__(self, settings: Mapping[str, object], folder: Path, name: str) -> None:
        super().__init__(settings, folder, name)
        self.folder = folder

    @property
    def namespace(self) -> str:
        """What its topics and its group begin with."""
        return str(self._settings["namespace"])

    def command(self) -> list[str]:
        """Return what starts it."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Return what it is told: broker, namespace, partitions and guarantee."""
        names = ("broker", "namespace", "partitions")
        return {f"PEER_{name.upper()}": str(self._settings[name]) for name in names} | {
            "PEER_GUARANTEE": self.guarantee.replace("-", "_")
        }

    def start(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GOLDSTREAM_", "PEER_"))}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                env=kept | self.environment(),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def is_ready(self) -> bool:
        """Return whether it has said that its tables are restored and it reads."""
        return any(line.endswith("ready") for line in self.log_text().splitlines())

    def answer(self, label: Any) -> tuple[str, float | None]:
        """Return a label's class, and its share of the weight where the implementation does the reference job."""
        return label["label"], label["vote_share"]

    @property
    def usage(self) -> Usage:
        """What it has used so far."""
        assert self._process is not None
        return usage(self._process.pid)

    async def make_topics(self) -> None:
        """Create what it reads and writes and does not create itself."""
        namespace, partitions = self.namespace, int(str(self._settings["partitions"]))
        topics = [NewTopic(f"{namespace}.{name}", partitions, 1) for name in ("annotations", "scored", "labels")]
        compact = {"cleanup.policy": "compact"}
        topics += [NewTopic(namespace + name, partitions, 1, topic_configs=compact) for name in self.compacted]
        admin = AIOKafkaAdminClient(bootstrap_servers=self._settings["broker"])
        await admin.start()
        try:
            await admin.create_topics(topics)
        finally:
            await admin.close()

    async def delete_topics(self) -> None:
        """Delete what it left at the broker, changelogs included."""
        mine = re.compile(rf"(?<![a-z0-9-]){re.escape(self.namespace)}(?![a-z0-9])")
        admin = AIOKafkaAdminClient(bootstrap_servers=self._settings["broker"])
        await admin.start()
        try:
            await admin.delete_topics([topic for topic in await admin.list_topics() if mine.search(topic)])
        finally:
            await admin.close()

    async def gone(self) -> None:
        """Kill it where it runs, for its way out is not measured, and delete what it left at the broker."""
        if self.running:
            self.kill()
        await self.delete_topics()

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
    """A `goldstream worker` with its default settings."""

    key = "product"
    title = "goldstream"
    guarantee = "exactly-once"
    needs_tasks = True

    def command(self) -> list[str]:
        return [sys.executable, "-m", "streams.cli", "worker"]

    def environment(self) -> dict[str, str]:
        return {f"GOLDSTREAM_{name.upper()}": str(value) for name, value in self._settings.items()}

    def is_ready(self) -> bool:
        return Worker.is_ready(self)

    def answer(self, label: Any) -> tuple[str, float | None]:
        """Return the class of a settled label, else its status; its share counts heads, so it is left out."""
        return label["answers"]["animal"]["label"] if label["status"] == "settled" else label["status"], None

    async def make_topics(self) -> None:
        await make_topics(self._settings)


class Engine(Goldstream):
    """The reference job on goldstream's engine, with a worker's default settings."""

    key = "engine"
    title = "goldstream's engine"
    needs_tasks = False
    compacted = (".annotators-changelog", ".tasks-changelog")

    def command(self) -> list[str]:
        return [sys.executable, "-m", "benchmarks.peers.engine_app"]

    def answer(self, label: Any) -> tuple[str, float | None]:
        return Contestant.answer(self, label)

    async def make_topics(self) -> None:
        await Contestant.make_topics(self)


class Faust(Contestant):
    """A worker of `benchmarks.peers.faust_app` with Faust's defaults.

    Faust would create the changelogs itself, but where its agents are ahead of its metadata they die of
    "the changelog topic has 0 partitions", and it labels nothing more.
    """

    key = "faust"
    title = "Faust"
    guarantee = "at-least-once"
    pace = "slow"
    compacted = ("-annotators-changelog", "-tasks-changelog")
    options: ClassVar[tuple[str, ...]] = ()

    def command(self) -> list[str]:
        data = self.folder / f"{self.name}-data"
        options = ["--datadir", str(data), *self.options]
        return [
            *(sys.executable, "-m", "benchmarks.peers.faust_app", *options),
            *("worker", "--loglevel", "info", "--without-web"),
        ]

    def is_ready(self) -> bool:
        """Return whether it has said so: Faust's own line once its streams have been resumed."""
        return "Worker ready" in self.log_text()


class TunedFaust(Faust):
    """The same app with what an expert would set for a backlog."""

    key = "faust_tuned"
    title = "Faust, tuned"
    options = ("--loop", "uvloop")

    def environment(self) -> dict[str, str]:
        return super().environment() | {"PEER_TUNED": "1"}


class Raw(Contestant):
    """aiokafka by hand, with transactions."""

    key = "raw_eos"
    title = "aiokafka by hand"
    guarantee = "exactly-once"
    compacted = (".annotators-changelog", ".tasks-changelog")

    def command(self) -> list[str]:
        return [sys.executable, "-m", "benchmarks.peers.raw_app"]


class Quix(Contestant):
    """Quix Streams, in an environment of its own; it creates its other topics itself."""

    key = "quix"
    title = "Quix Streams, at least once"
    guarantee = "at-least-once"

    def command(self) -> list[str]:
        return [str(quix.python()), str(quix.APP)]

    def environment(self) -> dict[str, str]:
        return super().environment() | {"PEER_FOLDER": str(self.folder / f"{self.name}-state")}

    def is_ready(self) -> bool:
        return "is now processing incoming messages" in self.log_text()


class QuixExactlyOnce(Quix):
    """Quix Streams with its transactions."""

    key = "quix_eos"
    title = "Quix Streams, exactly once"
    guarantee = "exactly-once"


class KafkaStreams(Contestant):
    """Kafka Streams, in Java; it creates its changelogs itself."""

    key = "kafka_streams"
    title = "Kafka Streams, at least once"
    guarantee = "at-least-once"
    threads: ClassVar[int] = 2

    def command(self) -> list[str]:
        return kafka_streams.command("-Xmx1g")

    def environment(self) -> dict[str, str]:
        folder = str(self.folder / f"{self.name}-state")
        return super().environment() | {"PEER_FOLDER": folder, "PEER_THREADS": str(self.threads)}


class KafkaStreamsExactlyOnce(KafkaStreams):
    """Kafka Streams with exactly_once_v2."""

    key = "kafka_streams_eos"
    title = "Kafka Streams, exactly once"
    guarantee = "exactly-once"

"""One Apache Kafka node, broker and controller in one, on loopback and in a temporary folder.

``python -m tests.kafka.broker`` runs it in the foreground. Several that replicate to each other: `tests.kafka.brokers`.
"""

from __future__ import annotations

import argparse
import base64
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from streams.loopback import HOST, answers, free_ports
from tests.kafka import distribution
from tests.kafka.started import Started

if TYPE_CHECKING:
    from tests.kafka.brokers import Brokers

START_SECONDS = 90.0
STOP_SECONDS = 30.0
STARTED = b"Kafka Server started"

# Small and quick where Kafka's defaults are made for clusters; the rest is as clients find it elsewhere.
SETTINGS: Mapping[str, str] = {
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "min.insync.replicas": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "500",
    # A killed broker may register again only when its last session has run out: within 3 s, not within 9.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # A transaction whose owner is gone is aborted within a second of its timeout, not within ten.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    "message.max.bytes": str(4 * 1024 * 1024),
    # The default takes a quarter of the heap.
    "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    "num.network.threads": "2",
    "num.io.threads": "4",
}


class Broker(Started):
    """A broker that tests start, stop, kill and start again on the same address and data.

    Parameters
    ----------
    port : int, optional
        Where clients connect; a free port by default.
    heap_mb : int
        The Java heap's upper bound, in MiB.
    settings : mapping, optional
        Kafka's own settings by name, over those of the tests.
    cluster : str, optional
        Identity of the cluster it belongs to, as `new_cluster` makes them; one of its own by default.

    Attributes
    ----------
    bootstrap : str
        ``host:port`` for clients.
    """

    def __init__(
        self,
        *,
        port: int | None = None,
        heap_mb: int = 512,
        settings: Mapping[str, str] | None = None,
        cluster: str | None = None,
    ) -> None:
        self._java = distribution.java()
        self._jars = distribution.jars()
        self._heap = (f"-Xms{min(256, heap_mb)}m", f"-Xmx{heap_mb}m")
        self.folder = Path(tempfile.mkdtemp(prefix="goldstream-kafka-"))
        self.data = self.folder / "data"
        self.log = self.folder / "broker.log"
        self._properties = self.folder / "server.properties"
        self._node: subprocess.Popen[bytes] | None = None
        self._warden: subprocess.Popen[bytes] | None = None
        self._cluster = cluster or new_cluster()
        free, controller = free_ports(2)
        self.port = port or free
        self._configure(controller, settings or {})

    @property
    def bootstrap(self) -> str:
        """Address for clients, the same over restarts."""
        return f"{HOST}:{self.port}"

    @property
    def running(self) -> bool:
        """Whether the broker's process lives."""
        return self._node is not None and self._node.poll() is None

    @property
    def pid(self) -> int:
        """The node's process, another one after each start.

        Raises
        ------
        RuntimeError
            It has not been started, or was stopped.
        """
        if self._node is None:
            raise RuntimeError("the broker has no process")
        return self._node.pid

    def start(self) -> None:
        """Start the node, and return when it answers.

        Raises
        ------
        RuntimeError
            It ended, or did not answer in time; the message ends with the log's last lines.
        """
        if self.running:
            return
        if not (self.data / "meta.properties").exists():
            self._format()
        said = self.log.stat().st_size
        with self.log.open("ab") as log:
            self._node = subprocess.Popen(
                self._command("kafka.Kafka", str(self._properties)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                start_new_session=True,
            )
        self._warden = _warden(self._node.pid, self.folder)
        try:
            self._await_answer(said)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """End the node as an operator would; its data stays."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the node as a crash would: SIGKILL, nothing flushed or said."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop the node if it runs, and start it on the same address and data."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End the node and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_tail(self, lines: int = 60) -> str:
        """Return the last lines of what the node has said."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _configure(self, controller: int, settings: Mapping[str, str]) -> None:
        lines = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{HOST}:{controller}",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.data),
            **SETTINGS,
            **settings,
        }
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))

    def _command(self, *main: str) -> list[str]:
        log4j = distribution.HERE / "log4j2.properties"
        return [
            self._java,
            *self._heap,
            # One collector thread: the broker shares few cores with what it serves.
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            f"-Dlog4j2.configurationFile={log4j.as_uri()}",
            "-cp",
            f"{self._jars}/*",
            *main,
        ]

    def _format(self) -> None:
        with self.log.open("ab") as log:
            options = ("-t", self._cluster, "-c", str(self._properties), *self._format_options())
            command = self._command("kafka.tools.StorageTool", "format", *options)
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=START_SECONDS,
                check=False,
            )
        if done.returncode != 0:
            raise RuntimeError(f"Kafka could not format its storage:\n{self.log_tail()}")

    def _format_options(self) -> tuple[str, ...]:
        return ()

    def _await_answer(self, said: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not self.running:
                raise RuntimeError(f"Kafka ended while it was starting:\n{self.log_tail()}")
            with self.log.open("rb") as log:
                log.seek(said)
                up = STARTED in log.read()
            if up and answers(self.port):
                return
            time.sleep(0.05)
        raise RuntimeError(f"Kafka did not answer within {START_SECONDS:.0f} s:\n{self.log_tail()}")

    def _end(self, how: signal.Signals) -> None:
        if self._warden is not None:
            # Before the node's number can be given to another process.
            self._warden.kill()
            self._warden.communicate()
            self._warden = None
        if self._node is None:
            return
        if self.running:
            self._node.send_signal(how)
        try:
            self._node.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._node.kill()
            self._node.wait()
        self._node = None


def new_cluster() -> str:
    """Return an identity that no other cluster has."""
    # The first bits are set so that it never begins with a dash, which would read as an option.
    return base64.urlsafe_b64encode(b"g" + uuid.uuid4().bytes[1:]).decode().rstrip("=")


def _warden(pid: int, folder: Path) -> subprocess.Popen[bytes]:
    """Start a process that ends `pid` and removes `folder` when this one is gone: the pipe to it closes.

    A request to the kernel to do so at a parent's death would follow the thread that started the node.
    """
    return subprocess.Popen(
        ["/bin/sh", "-c", 'read -r _; kill -KILL "$1"; rm -rf -- "$2"', "sh", str(pid), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _wanted(options: argparse.Namespace) -> Broker | Brokers:
    if options.brokers == 1:
        return Broker(port=options.port, heap_mb=options.heap_mb)
    from tests.kafka.brokers import Brokers  # noqa: PLC0415  # it is made of what is here

    return Brokers(port=options.port, heap_mb=options.heap_mb)


def main() -> int:
    """Run a broker until it is interrupted; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.kafka.broker",
        description="A Kafka broker for development; its data goes with it.",
    )
    parser.add_argument("--port", type=int, default=9092, help="where clients connect (default: %(default)s)")
    parser.add_argument("--heap-mb", type=int, default=512, help="Java heap of each broker (default: %(default)s)")
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1, help="3 replicate (default: %(default)s)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with _wanted(options) as broker:
            print(f"Kafka answers at {broker.bootstrap}; its log is {broker.log}. Ctrl-C ends it.", flush=True)
            while broker.running:
                time.sleep(0.5)
            print(broker.log_tail(), file=sys.stderr)
            return 1
    except KeyboardInterrupt:
        return 0
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

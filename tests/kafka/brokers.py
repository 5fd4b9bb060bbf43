"""Three Apache Kafka nodes that replicate to each other, each broker and controller in one, on loopback.

``python -m tests.kafka.broker --brokers 3`` runs them in the foreground.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from streams.loopback import HOST, free_ports
from tests.kafka.broker import Broker, new_cluster
from tests.kafka.started import Started

COUNT = 3

# Any one of them may die, and nothing that was acknowledged is lost; a second death stops writes, and loses nothing.
SETTINGS: Mapping[str, str] = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
    "unclean.leader.election.enable": "false",
}


class Brokers(Started):
    """A cluster whose nodes tests kill and start again, each on its address and data.

    Parameters
    ----------
    port : int, optional
        Where clients connect to the first; the others take the next ports. Free ports by default.
    heap_mb : int
        Each Java heap's upper bound, in MiB.
    settings : mapping, optional
        Kafka's own settings by name, over those of the tests.

    Attributes
    ----------
    nodes : dict of int to Broker
        By the identity that metadata names them with, from 1.
    """

    def __init__(
        self, *, port: int | None = None, heap_mb: int = 256, settings: Mapping[str, str] | None = None
    ) -> None:
        ports = free_ports(2 * COUNT)
        clients, controllers = ports[:COUNT], ports[COUNT:]
        if port:
            clients = [port + number for number in range(COUNT)]
        identities = range(1, COUNT + 1)
        voters = ",".join(f"{one}@{HOST}:{at}" for one, at in zip(identities, controllers, strict=True))
        cluster = new_cluster()
        self.nodes = {
            identity: Broker(
                port=at,
                heap_mb=heap_mb,
                cluster=cluster,
                settings={
                    **SETTINGS,
                    "node.id": str(identity),
                    "controller.quorum.voters": voters,
                    "listeners": f"PLAINTEXT://{HOST}:{at},CONTROLLER://{HOST}:{controller}",
                    **(settings or {}),
                },
            )
            for identity, at, controller in zip(identities, clients, controllers, strict=True)
        }

    @property
    def bootstrap(self) -> str:
        """Addresses for clients, the same over restarts."""
        return ",".join(node.bootstrap for node in self)

    @property
    def log(self) -> str:
        """The nodes' log files, for people."""
        return ", ".join(str(node.log) for node in self)

    @property
    def running(self) -> bool:
        """Whether all of them live."""
        return all(node.running for node in self)

    def __iter__(self) -> Iterator[Broker]:
        return iter(self.nodes.values())

    def start(self) -> None:
        """Start those that do not run, and return when all of them answer.

        Raises
        ------
        RuntimeError
            One ended, or did not answer in time; the message ends with its log's last lines.
        """
        # At once: none of them answers before most of the controllers have found each other.
        self._each(Broker.start)

    def close(self) -> None:
        """End all of them and remove their folders."""
        # Their data goes with them, so there is nothing to hand over, and the last ones would find nobody to.
        self._each(Broker.kill)
        self._each(Broker.close)

    def log_tail(self, lines: int = 60) -> str:
        """Return the last lines of what each has said."""
        return "\n".join(f"-- {node.bootstrap}\n{node.log_tail(lines)}" for node in self)

    def _each(self, do: Callable[[Broker], None]) -> None:
        with ThreadPoolExecutor(COUNT) as pool:
            list(pool.map(do, self))

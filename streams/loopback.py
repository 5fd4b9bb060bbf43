"""Addresses on this machine: ports that are free, and whether a broker answers at one."""

from __future__ import annotations

import contextlib
import random
import socket
import struct

HOST = "127.0.0.1"
# Below those that outgoing connections are given: a client that retries cannot take a killed broker's port.
PORTS = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Return `count` different ports that nothing listens on now."""
    free: list[int] = []
    with contextlib.ExitStack() as held:
        while len(free) < count:
            one = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                one.bind((HOST, random.choice(PORTS)))  # noqa: S311  # any port will do
                free.append(one.getsockname()[1])
        return free


def free_port() -> int:
    """Return a port that nothing listens on now."""
    return free_ports(1)[0]


def answers(port: int) -> bool:
    """Whether a Kafka broker replies to an ApiVersions request, version 0, on `port`."""
    asked = 7
    request = struct.pack(">hhih", 18, 0, asked, -1)
    try:
        with socket.create_connection((HOST, port), timeout=2) as link:
            link.sendall(struct.pack(">i", len(request)) + request)
            reply = link.recv(10, socket.MSG_WAITALL)
    except OSError:
        return False
    return len(reply) == 10 and struct.unpack(">ih", reply[4:]) == (asked, 0)

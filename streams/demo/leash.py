"""A child process that ends when we do, however we end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

# The child's leash is a pipe whose other end only we hold: it is asked to end when we do, even by SIGKILL.
_LEASH = """
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
(cat <&3 >/dev/null; kill "$child" 2>/dev/null) &
watcher=$!
exec 3<&-
wait "$child"
kill "$watcher" 2>/dev/null
"""


class Leashed:
    """A running program in a process group of its own, so that Ctrl-C reaches only us.

    Parameters
    ----------
    command : sequence of str
        The executable and its arguments.
    log : binary file
        Takes its output.
    environment : mapping
        The whole environment of the process.
    directory : Path, optional
        Where it runs; here by default.
    """

    def __init__(
        self, command: Sequence[str], log: IO[bytes], environment: Mapping[str, str], directory: Path | None = None
    ) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own script and what the demo starts, nothing else
            ["/bin/sh", "-c", _LEASH, "leash", *command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=dict(environment),
            cwd=directory,
        )

    @property
    def running(self) -> bool:
        """Whether the program lives."""
        return self._process.poll() is None

    def stop(self, seconds: float) -> None:
        """Ask it to end, and after so many seconds end it with all that it started."""
        if self._process.stdin is not None:
            self._process.stdin.close()  # lets go of it
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def tail(log: IO[bytes], lines: int) -> list[str]:
    """Return the last lines of a log that are not blank."""
    log.seek(0)
    written = [line.rstrip() for line in log.read().decode(errors="replace").splitlines()]
    return [line for line in written if line][-lines:]

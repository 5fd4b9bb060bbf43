"""The demo's worker: `goldstream worker` as a child process, told everything by its environment."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

import streams
from streams.demo.leash import Leashed, tail
from streams.failures import Failure
from streams.settings import ENV_PREFIX, Settings
from streams.settings_sources import SECRETS, variable_of

STOP_SECONDS = 4.0
ANSWER_SECONDS = 2.0
LOG_LINES = 8

# Where the child looks for settings files: nowhere near a goldstream.toml, for it has all settings already.
_ELSEWHERE = Path("/")
_CODE = Path(streams.__file__).parent.parent

# What is on this machine is asked directly, whatever proxy the environment names.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Worker:
    """A worker with these settings, for the length of a ``with`` block; its log goes to an unnamed file.

    Attributes
    ----------
    metrics_url : str
        Where its metrics are.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._url = f"http://{settings.web_host}:{settings.web_port}"
        self.metrics_url = f"{self._url}/metrics"
        self._undo = ExitStack()
        self._log: IO[bytes]
        self._process: Leashed

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            self._log = undo.enter_context(tempfile.TemporaryFile())
            command = [sys.executable, "-m", "streams.cli", "worker"]
            self._process = Leashed(command, self._log, environment(self._settings), _ELSEWHERE)
            undo.callback(self._process.stop, STOP_SECONDS)
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    def check(self) -> None:
        """Raise `Failure` with the end of its log when the worker has ended."""
        if not self._process.running:
            raise self.failure("the worker ended; the last lines of its log:")

    def failure(self, what: str) -> Failure:
        """Return a failure that says `what` and shows the end of the worker's log."""
        return Failure(what, *(f"  {line}" for line in tail(self._log, LOG_LINES)))

    async def ready(self, deadline: float, check: Callable[[], None]) -> None:
        """Return once the worker has its tables; raises `Failure` when `check` does, or past the deadline."""
        while await self._get("/ready") is None:
            check()
            if time.monotonic() > deadline:
                raise self.failure("the worker is not ready in time; the last lines of its log:")
            await asyncio.sleep(0.1)

    async def counted(self) -> dict[str, float] | None:
        """Return the worker's counters, each summed over its labels; None when it does not answer."""
        text = await self._get("/metrics")
        if text is None:
            return None
        return {
            family.name: sum(sample.value for sample in family.samples if sample.name.endswith("_total"))
            for family in text_string_to_metric_families(text)
            if family.type == "counter"
        }

    async def _get(self, path: str) -> str | None:
        return await asyncio.to_thread(_fetch, self._url + path)


def environment(settings: Settings) -> dict[str, str]:
    """Return this process's environment with `settings` in it, and no other settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.upper().startswith(ENV_PREFIX)}
    given = {name: value for name in Settings.model_fields if (value := getattr(settings, name)) is not None}
    for secret in SECRETS:
        if f"{secret}_file" in given:
            given.pop(secret, None)
    told = {variable_of(name): _text(name, value) for name, value in given.items()}
    path = os.pathsep.join(filter(None, [str(_CODE), inherited.get("PYTHONPATH")]))
    return {**inherited, **told, "PYTHONPATH": path}


def _text(name: str, value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(Path(str(value)).absolute()) if name.endswith("_file") else str(value)


def _fetch(url: str) -> str | None:
    with contextlib.suppress(OSError, HTTPException), _direct.open(url, timeout=ANSWER_SECONDS) as answer:
        return str(answer.read().decode())
    return None

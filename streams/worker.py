"""Runs a worker in this process until it is told to stop, or cannot go on."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from typing import Any, NoReturn

from aiokafka.errors import KafkaError
from faust.tables.recovery import ServiceStopped

from streams.app import Goldstream, create_app
from streams.collector import calm_collector
from streams.engine.errors import Fatal, Verdict, verdict
from streams.failures import Failure
from streams.login_watch import watch_logins
from streams.loopback import free_port
from streams.loops import LoopPolicy
from streams.printable import printable
from streams.refusals import missing_right
from streams.security import client_security
from streams.settings import Settings
from streams.topics_admin import check

log = logging.getLogger(__name__)

_NOISE = (
    "Crashed reason=",
    "Drain messages raised",
    "Error while stopping child <ConsumerThread: crashed",
    "Missing sensor state",
)
"""What Faust says at each crash, which is told better, and at each rebalance, which means nothing here."""

EXIT_OK, EXIT_FATAL, EXIT_CRASH = 0, 1, 70

STOP_S, CRASH_S = 30.0, 3.0
"""How long what is under way may take to end: when told to stop, and when it cannot go on anyway."""


def run(settings: Settings) -> int:
    """Run a worker; return its exit code: 0 told to stop, 1 a person must act, 70 a defect."""
    start_logging(settings.log_level)
    if settings.web_port == 0:
        settings = settings.model_copy(update={"web_port": free_port()})
    asyncio.set_event_loop_policy(LoopPolicy())
    with calm_collector():
        return asyncio.run(_run(settings))


def start_logging(level: str) -> None:
    """Log to standard error, one line a fact; the libraries below only when they complain."""
    logging.basicConfig(
        level=level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    if level != "debug":
        handler = logging.getLogger().handlers[0]
        handler.addFilter(_is_ours)
        handler.addFilter(Quieter())
    logging.getLogger().handlers[0].addFilter(_holds_no_login)
    for name in ("faust", "mode", "aiokafka", "asyncio", "kafka"):
        logging.getLogger(name).setLevel(logging.DEBUG if level == "debug" else logging.ERROR)


class Quieter(logging.Filter):
    """Lets a library's line through once in ten seconds: an outage of the broker repeats some thousands of times."""

    PAUSE_S = 10.0

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line is new, or old enough to be said again."""
        if record.name.startswith("streams"):
            return True
        line = (record.name, str(record.msg))
        if record.created - self._last.get(line, 0.0) < self.PAUSE_S:
            return False
        self._last[line] = record.created
        return True


def _holds_no_login(record: logging.LogRecord) -> bool:
    """Leave out what is said to log in, which aiokafka logs like any other message: a password may be in it."""
    arguments = record.args if isinstance(record.args, tuple) else ()
    return not any(type(each).__name__.startswith("SaslAuthenticate") for each in arguments)


def _is_ours(record: logging.LogRecord) -> bool:
    """Leave out what Faust's services say of their start, stop and crash; they log under their subclass's name.

    The reason of a crash is told once, at the end, by whoever runs the app.
    """
    line = record.getMessage()
    if not line.startswith("[^"):
        return True
    return record.levelno >= logging.WARNING and not any(noise in line for noise in _NOISE)


async def _require_topics(settings: Settings) -> None:
    wrong = [difference for difference in await check(settings) if difference.wrong]
    if not wrong:
        return
    if any(difference.wanted is None for difference in wrong):
        remedy = "create what is missing: goldstream topics create, with the same settings"
    else:
        remedy = "give the settings the topics were created with, another --namespace, or change them on the brokers"
    raise Failure(*map(str, wrong), remedy)


def _require_port(settings: Settings) -> None:
    address = (settings.web_host, settings.web_port)
    family = socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET
    try:
        socket.create_server(address, family=family).close()
    except OSError as error:
        raise Failure(
            f"web port {settings.web_host}:{settings.web_port} cannot be used ({error.strerror or error}): "
            "give another one with --web-port, 0 takes a free one"
        ) from None


def _on_loop_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Leave out what nobody waits for: a fenced producer's futures, and a recovery that Faust's stop has overtaken."""
    if isinstance(context.get("exception"), KafkaError | ServiceStopped) and "future" in context:
        log.debug("left behind: %r", context["exception"])
    else:
        loop.default_exception_handler(context)


async def _run(settings: Settings) -> int:
    _require_port(settings)
    await _require_topics(settings)
    goldstream = create_app(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    loop.set_exception_handler(_on_loop_error)
    app = goldstream.app
    app.loop = loop
    log.info(
        "worker of namespace %s at %s: metrics at http://%s:%d/metrics",
        settings.namespace,
        settings.broker,
        settings.web_host,
        settings.web_port,
    )
    starting = asyncio.create_task(app.start())
    ended = [asyncio.create_task(event.wait()) for event in (stop, app._crashed, app._stopped)]
    aside = [asyncio.create_task(_announce(goldstream)), asyncio.create_task(watch_logins(settings, app.crash))]
    for one in aside:
        one.add_done_callback(_tell_failure)
    await asyncio.wait([*ended, starting], return_when=asyncio.FIRST_COMPLETED)
    if starting.done() and not starting.cancelled() and starting.exception() is None:
        await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
    reason = app.crash_reason or (starting.exception() if starting.done() and not starting.cancelled() else None)
    for task in (*aside, *ended, starting):
        task.cancel()
    stopping = asyncio.create_task(app.stop())
    patience_s = STOP_S if reason is None else CRASH_S
    stopped, _ = await asyncio.wait([stopping], timeout=patience_s)
    if not stopped:
        log.warning("the worker did not stop within %.0f s; what was not committed will be done again", patience_s)
        _leave(_exit_code(reason, settings))
    stopping.result()
    return _exit_code(reason, settings)


def _tell_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("ended early, the worker goes on without it: %s", task.get_name(), exc_info=task.exception())


def _leave(code: int) -> NoReturn:
    """End the process as it is: Faust's supervisors start agents as fast as asyncio cancels them, for ever."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def _announce(goldstream: Goldstream) -> None:
    while not goldstream.engine.is_ready():  # noqa: ASYNC110  # Faust has no event for it
        await asyncio.sleep(0.1)
    partitions = sum(len(table.partitioned.open_partitions()) for table in goldstream.engine.tables.values())
    log.info("ready: tables restored, %d partitions at work", partitions)


def _exit_code(reason: BaseException | None, settings: Settings) -> int:
    if reason is None:
        log.info("stopped")
        return EXIT_OK
    if isinstance(reason, Fatal) or verdict(reason) is Verdict.FATAL:
        told = missing_right(reason, client_security(settings)) or str(reason)
        print(f"goldstream: {printable(told)}", file=sys.stderr)
        return EXIT_FATAL
    log.critical("crashed: %s", reason, exc_info=reason)
    return EXIT_CRASH

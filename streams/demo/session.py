"""One run of the demo from start to end: broker, topics, worker, campaign, summary, and nothing left."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams import topics_admin
from streams.demo.campaign import Campaign
from streams.demo.embedded import EmbeddedBroker
from streams.demo.interrupt import Interrupt
from streams.demo.options import DemoOptions
from streams.demo.play import ANNOTATIONS_PER_TASK, RATE, Frame, Play
from streams.demo.screen import Screen, screen
from streams.demo.summary import addresses, commands_beside, next_commands, numbers
from streams.demo.traffic import Traffic
from streams.demo.worker import Worker
from streams.failures import Failure
from streams.loopback import free_port
from streams.security import client_security
from streams.settings import Settings
from streams.topics import all_topics

START_S: Final = 25.0
"""Until the worker is ready, at most."""
PLAYED: Final = 0.55
"""The share of the time given that the campaign is laid out for; the rest is for starting and for slow machines."""
LEAST_PLAY_S: Final = 5.0
DELETE_S: Final = 5.0
INTERRUPTED: Final = 130


def run(options: DemoOptions) -> int:
    """Run the demo; return its exit code: 0 played, or 130 interrupted.

    Raises
    ------
    Failure
        Something did not start, or ended too early. Whatever was started is stopped.
    """
    # What goes wrong is told once, in lines of our own.
    for name in ("aiokafka", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    shown = screen()
    with Interrupt() as interrupt:
        try:
            with ExitStack() as undo:
                _demo(options, shown, interrupt, undo)
        except KeyboardInterrupt:
            print("goldstream: interrupted; everything that was started is stopped", file=sys.stderr)
            return INTERRUPTED
    return 0


def _demo(options: DemoOptions, shown: Screen, interrupt: Interrupt, undo: ExitStack) -> None:
    started = time.monotonic()
    broker = undo.enter_context(EmbeddedBroker()) if options.embedded else None
    settings = _settings(options, broker)
    shown.say(f"broker at {settings.broker}{' (embedded, in memory)' if broker else ''}")

    if broker is None:
        undo.callback(_delete_topics, settings)
    created = interrupt.run(topics_admin.create(settings))
    refused = [f"{topic.topic}: {topic.error}" for topic in created if topic.error is not None]
    if refused:
        raise Failure(*refused)
    shown.say(f"{len(created)} topics created; a worker is starting, and joins its group in a few seconds")

    worker = undo.enter_context(Worker(settings))
    check = partial(_check, broker, worker)
    interrupt.run(worker.ready(started + START_S, check))
    shown.say(f"worker ready after {time.monotonic() - started:.1f} s: {worker.metrics_url}")

    campaign = Campaign(options.seed, options.tasks or _tasks_that_fit(options.seconds))
    frame = interrupt.run(_campaign(options, settings, campaign, worker, shown, started, check))
    shown.summary("what came of it", numbers(frame, f"{worker.metrics_url} while it ran"))
    if not options.keep:
        shown.commands("to try next", next_commands(options.settings, in_clone=Path("Makefile").is_file()))
        return
    shown.summary("kept running until Ctrl-C", addresses(settings, worker.metrics_url))
    shown.commands("to try meanwhile", commands_beside(settings, worker.metrics_url))
    with contextlib.suppress(KeyboardInterrupt):
        interrupt.run(_keep(check))


async def _campaign(
    options: DemoOptions,
    settings: Settings,
    campaign: Campaign,
    worker: Worker,
    shown: Screen,
    started: float,
    check: partial[None],
) -> Frame:
    ready = time.monotonic()
    deadline = max(started + options.seconds, ready + LEAST_PLAY_S)
    async with Traffic(settings) as traffic:
        play = Play(campaign, traffic, worker, _play_s(options.seconds), check)
        await play.publish(deadline)
        shown.say(f"{len(campaign.tasks):,} tasks published, {len(campaign.gold):,} of them gold; the campaign begins")
        with shown:
            await play.run(deadline, shown.show, shown.every_s)
            frame = play.frame()
            shown.show(frame)
        return frame


async def _keep(check: partial[None]) -> None:
    while True:
        check()
        await asyncio.sleep(0.5)


def _check(broker: EmbeddedBroker | None, worker: Worker) -> None:
    if broker is not None and not broker.running:
        raise Failure("the embedded broker has ended by itself")
    worker.check()


def _settings(options: DemoOptions, broker: EmbeddedBroker | None) -> Settings:
    """Return what the worker is to run with: its own port, and on somebody's Kafka a namespace of its own."""
    host, port = "127.0.0.1", free_port()
    given = options.settings
    if broker is None:
        namespace = f"demo-{secrets.token_hex(4)}"
        return given.model_copy(update={"web_host": host, "web_port": port, "namespace": namespace})
    return Settings(
        broker=broker.bootstrap,
        namespace=given.namespace,
        partitions=given.partitions,
        guarantee="effectively_once",
        web_host=host,
        web_port=port,
        log_level=given.log_level,
    )


def _play_s(seconds: float) -> float:
    return max(LEAST_PLAY_S / 2, seconds * PLAYED)


def _tasks_that_fit(seconds: int) -> int:
    return int(min(_play_s(seconds), 25) * RATE / ANNOTATIONS_PER_TASK)


def _delete_topics(settings: Settings) -> None:
    async def delete() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker, **client_security(settings))
        try:
            await admin.start()
            await admin.delete_topics([planned.name for planned in all_topics(settings)])
        finally:
            await admin.close()

    with contextlib.suppress(KafkaError, OSError, TimeoutError):
        asyncio.run(asyncio.wait_for(delete(), DELETE_S))

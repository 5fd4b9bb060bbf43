"""The reference job on goldstream's engine (`streams/engine`): two sides, exactly-once.

``python -m benchmarks.peers.engine_app`` runs it, with the settings of a `goldstream worker` and their defaults: the
environment's GOLDSTREAM_BROKER, GOLDSTREAM_NAMESPACE, GOLDSTREAM_PARTITIONS and so on. `/ready` answers as there.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

import msgspec
import uvloop
from faust.types import StreamT
from faust.web import Request, Response, View

from benchmarks.reference import VOTES, Annotation, Annotator, Scored, Task, count, score
from streams.collector import calm_collector
from streams.engine.app import App, Engine, EngineSettings, make_app
from streams.engine.clients import Clients
from streams.engine.transport import Batch
from streams.events import DEAD_LETTERS, Event, Output, Rejected, Side, Source, State
from streams.metrics import Metrics
from streams.settings import Settings
from streams.settings_sources import load
from streams.worker import start_logging

TOPICS = ("annotations", "scored", "labels", DEAD_LETTERS)

_encode = msgspec.json.Encoder().encode


def _json(model: type[msgspec.Struct]) -> Callable[[bytes], Any]:
    decode = msgspec.json.Decoder(model).decode

    def checked(raw: bytes) -> Any:
        try:
            return decode(raw)
        except msgspec.DecodeError as error:
            raise Rejected("invalid", str(error)) from None

    return checked


@dataclass(frozen=True)
class AnnotatorSide:
    """Scores annotations by annotator."""

    name: str = "annotators"
    state_version: int = 1
    sources: Sequence[Source] = (Source("annotations", _json(Annotation), attrgetter("annotator_id")),)
    upgrades: Mapping[int, Callable[[str, bytes], bytes]] = field(default_factory=dict)

    def step(self, state: State, event: Event) -> list[Output]:
        """Score one annotation."""
        annotator = state.get(event.key, Annotator) or Annotator()
        scored = score(annotator, event.value)
        state.put(event.key, annotator)
        return [Output("scored", scored.task_id.encode(), _encode(scored), event.timestamp)]


@dataclass(frozen=True)
class TaskSide:
    """Labels tasks by weighted majority."""

    name: str = "tasks"
    state_version: int = 1
    sources: Sequence[Source] = (Source("scored", _json(Scored), attrgetter("task_id"), own=True),)
    upgrades: Mapping[int, Callable[[str, bytes], bytes]] = field(default_factory=dict)

    def step(self, state: State, event: Event) -> list[Output]:
        """Count one vote."""
        task = state.get(event.key, Task) or Task()
        if len(task.votes) == VOTES:
            return []
        label = count(task, event.value)
        state.put(event.key, task)
        if label is None:
            return []
        return [Output("labels", event.key.encode(), _encode(label), event.timestamp)]


def create_app(settings: Settings) -> App:
    """Return the app, wired and not connected."""
    clients = Clients(settings.broker, settings.namespace, settings.transaction_timeout_s)
    taken = {each.name: getattr(settings, each.name) for each in fields(EngineSettings) if each.name != "by_positions"}
    engine_settings = EngineSettings(**taken, by_positions=False)
    app = make_app(engine_settings, clients)
    topics = {name: f"{settings.namespace}.{name}" for name in TOPICS}
    engine = Engine(app, engine_settings, clients, topics, Metrics())
    for side in (AnnotatorSide(), TaskSide()):
        _run_side(app, engine, side)

    @app.page("/ready")
    async def readiness(view: View, _request: Request) -> Response:
        is_ready = engine.is_ready()
        return view.json({"ready": is_ready}, status=200 if is_ready else 503)

    return app


def _run_side(app: App, engine: Engine, side: Side) -> None:
    table = engine.table(side)

    @app.agent(engine.arrivals(side), name=side.name)
    async def feed(batches: StreamT[Batch]) -> None:
        async for batch in batches:
            await table.feed(batch)


async def _run(settings: Settings) -> int:
    app = create_app(settings)
    app.loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        app.loop.add_signal_handler(name, stop.set)
    starting = asyncio.create_task(app.start())
    ended = [asyncio.create_task(event.wait()) for event in (stop, app._crashed)]
    await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
    for task in (*ended, starting):
        task.cancel()
    await asyncio.wait_for(app.stop(), 30)
    if app.crash_reason is not None:
        raise app.crash_reason
    return 0


def main() -> int:
    """Run until told to stop; return the exit code."""
    settings = load()
    start_logging(settings.log_level)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    with calm_collector():
        return asyncio.run(_run(settings))


if __name__ == "__main__":
    raise SystemExit(main())

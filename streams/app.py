"""The app as a value: `create_app` wires the sides to the engine. Importing this module does nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import msgspec
from faust.web import Request, Response, View
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streams.agents.annotators import score_annotations
from streams.agents.projects import publish_settings
from streams.agents.tasks import label_tasks
from streams.clock import start_clock
from streams.engine.app import App, Engine, EngineSettings, make_app
from streams.engine.clients import Clients
from streams.engine.routing import partition_of
from streams.metrics import Metrics, Sampled
from streams.quality.annotators import AnnotatorSide
from streams.quality.projects import ProjectSide
from streams.quality.task_state import TOTALS, Totals
from streams.quality.tasks import TaskSide
from streams.security import client_security, faust_credentials
from streams.settings import Settings
from streams.topics import TOPICS, full_name

DAY_MS = 86_400_000
POSITIONS_BATCH_RECORDS = 250
"""Without transactions a commit is one record batch, outputs included: it must stay small."""


@dataclass(frozen=True)
class Goldstream:
    """A wired worker: the Faust app and what was hung on it."""

    app: App
    engine: Engine
    metrics: Metrics


def create_app(settings: Settings) -> Goldstream:
    """Return a worker's app, wired and not connected.

    Parameters
    ----------
    settings : Settings
    """
    metrics = Metrics()
    clients = Clients(
        bootstrap=settings.broker,
        group=settings.namespace,
        transaction_timeout_s=settings.transaction_timeout_s,
        idempotent=settings.guarantee == "exactly_once",
        security=client_security(settings),
    )
    engine_settings = _engine_settings(settings)
    app = make_app(engine_settings, clients, faust_credentials(settings))
    topics = {name: full_name(settings.namespace, name) for name in TOPICS}
    engine = Engine(app, engine_settings, clients, topics, metrics)

    annotators, tasks, projects = (
        AnnotatorSide(
            partitions=settings.partitions,
            partition_of=partial(partition_of, partitions=settings.partitions),
        ),
        TaskSide(retention_ms=int(settings.retention_days * DAY_MS), held_ms=int(settings.held_days * DAY_MS)),
        ProjectSide(partitions=settings.partitions),
    )
    score_annotations(app, engine.arrivals(annotators), engine.table(annotators))
    label_tasks(app, engine.arrivals(tasks), engine.table(tasks))
    publish_settings(app, engine.arrivals(projects), engine.table(projects))
    start_clock(app, engine, topics, settings.tick_s)
    metrics.registry.register(Sampled(engine.lag, lambda: _task_phases(engine)))
    _serve(app, engine, metrics)
    return Goldstream(app, engine, metrics)


def _engine_settings(settings: Settings) -> EngineSettings:
    by_positions = settings.guarantee == "effectively_once"
    most = POSITIONS_BATCH_RECORDS if by_positions else settings.batch_records
    return EngineSettings(
        namespace=settings.namespace,
        partitions=settings.partitions,
        by_positions=by_positions,
        instance_id=settings.instance_id,
        web_host=settings.web_host,
        web_port=settings.web_port,
        batch_records=min(most, settings.batch_records),
        fetch_records=min(most, settings.fetch_records),
        max_value_bytes=settings.max_value_bytes,
        session_timeout_s=settings.session_timeout_s,
        rebalance_timeout_s=settings.rebalance_timeout_s,
        heartbeat_s=settings.heartbeat_s,
    )


def _task_phases(engine: Engine) -> dict[str, int]:
    phases = dict.fromkeys(Totals.__struct_fields__, 0)
    for processor in engine.tables["tasks"].partitioned.processors.values():
        stored = processor.changelog.table.get(TOTALS) if processor.is_open else None
        if stored is not None:
            totals = msgspec.json.decode(stored[1:], type=Totals)
            for phase in phases:
                phases[phase] += getattr(totals, phase)
    return phases


def _serve(app: App, engine: Engine, metrics: Metrics) -> None:
    @app.page("/metrics")
    async def prometheus(view: View, _request: Request) -> Response:
        """Metrics in Prometheus' text format."""
        metrics.ready.set(int(engine.is_ready()))
        return view.bytes(generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    @app.page("/ready")
    async def readiness(view: View, _request: Request) -> Response:
        """200 once the tables are restored, 503 before."""
        is_ready = engine.is_ready()
        return view.json({"ready": is_ready}, status=200 if is_ready else 503)

"""A worker as its operator meets it: how it starts, what it serves, how it ends."""

from __future__ import annotations

import re
import socket
import urllib.error
from pathlib import Path

from aiokafka import AIOKafkaProducer

from streams.engine.changelog import COMMIT_KEY, Commit, encode_commit
from tests.kafka.cluster import Worker, make_topics, publish, read_topic, settings_for, until, workers
from tests.kafka.workload import annotation, gold, project, task


async def ended(worker: Worker) -> tuple[int | None, list[str]]:
    """Return a worker's exit code, and what it said for people."""
    await until(lambda: not worker.running, seconds=40, what="the worker ended")
    return worker.exit_code, [line for line in worker.log_text().splitlines() if line.startswith("goldstream: ")]


async def test_it_serves_metrics_and_readiness_and_stops_when_told(
    bootstrap: str, namespace: str, tmp_path: Path
) -> None:
    settings = settings_for(bootstrap, namespace)
    await make_topics(settings)
    with workers(settings, tmp_path, 1) as (worker,):
        await until(worker.is_ready, seconds=60, what="ready")
        await publish(
            bootstrap,
            namespace,
            [
                project("frozen"),
                task("t1"),
                task("t2"),
                gold("t2", "cat"),
                *[annotation(f"a{n}", "t1", f"w{n}", time_spent_s=2) for n in range(3)],
                annotation("g0", "t2", "w0", "dog"),
                annotation("a0", "t1", "w0"),
                task("t3"),
            ],
        )
        wanted = {
            "goldstream_annotations_total": 5,
            'goldstream_annotations_scored_total{action="submit"}': 4,
            'goldstream_labels_total{status="settled"}': 1,
            'goldstream_quality_events_total{kind="too_fast"}': 3,
            'goldstream_quality_events_total{kind="gold_incorrect"}': 1,
            'goldstream_outcomes_total{kind="consensus"}': 3,
            'goldstream_outcomes_total{kind="gold"}': 1,
            'goldstream_dead_letters_total{reason="duplicate"}': 1,
            'goldstream_tasks{phase="open"}': 1,
            "goldstream_ready": 1,
        }
        await until(
            lambda: all(worker.metric(name) == value for name, value in wanted.items()), seconds=20, what=str(wanted)
        )
        page = worker.get("/metrics")
        for name in (
            "goldstream_batch_records_bucket",
            "goldstream_transaction_seconds_bucket",
            "goldstream_restore_seconds_total",
            "goldstream_restore_records_total",
            "goldstream_consumer_lag_records{",
        ):
            assert name in page
        assert "w0" not in page
    assert worker.exit_code == 0


async def test_an_annotation_may_come_before_its_task_and_its_project(
    bootstrap: str, namespace: str, tmp_path: Path
) -> None:
    settings = settings_for(bootstrap, namespace)
    await make_topics(settings)
    with workers(settings, tmp_path, 1) as (worker,):
        await until(worker.is_ready, seconds=60, what="ready")
        await publish(bootstrap, namespace, [annotation(f"a{n}", "t1", f"w{n}") for n in range(3)])
        await until(lambda: worker.metric('goldstream_tasks{phase="held"}') == 1, seconds=20, what="one task held")
        await publish(bootstrap, namespace, [task("t1")])
        await until(lambda: worker.metric('goldstream_tasks{phase="waiting"}') == 1, seconds=20, what="one waiting")
        assert await read_topic(bootstrap, namespace, "labels") == []
        await publish(bootstrap, namespace, [project("frozen")])
        await until(lambda: worker.metric("goldstream_labels_total") == 1, seconds=20, what="the label")
    assert await read_topic(bootstrap, namespace, "dead-letters") == []


async def test_it_is_not_ready_before_its_tables_are(bootstrap: str, namespace: str, tmp_path: Path) -> None:
    settings = settings_for(bootstrap, namespace)
    await make_topics(settings)
    answers = set()

    def asked(worker: Worker) -> bool:
        try:
            worker.get("/ready")
            answers.add(200)
        except urllib.error.HTTPError as error:
            answers.add(error.code)
        except (urllib.error.URLError, OSError):
            return False
        return 200 in answers

    with workers(settings, tmp_path, 1) as (worker,):
        await until(lambda: asked(worker), seconds=60, what="ready")
    assert answers == {200, 503}


async def test_port_0_takes_a_free_one_and_says_which(bootstrap: str, namespace: str, tmp_path: Path) -> None:
    settings = settings_for(bootstrap, namespace)
    await make_topics(settings)
    with workers(settings, tmp_path, 1) as (worker,):
        worker.kill()
        worker.choose_port(0)
        worker.start()
        await until(lambda: "ready: tables restored" in worker.log_text(), seconds=60, what="ready")
        found = re.findall(r"metrics at http://127\.0\.0\.1:(\d+)/metrics", worker.log_text())
        worker.port = int(found[-1])
        assert worker.is_ready()


async def test_a_taken_port_is_one_line(bootstrap: str, namespace: str, tmp_path: Path) -> None:
    worker = Worker(settings_for(bootstrap, namespace), tmp_path, "worker")
    with socket.create_server(("127.0.0.1", worker.port)):
        worker.start()
        code, lines = await ended(worker)
    assert code == 1
    assert len(lines) == 1
    assert f"web port 127.0.0.1:{worker.port} cannot be used" in lines[0]
    assert "--web-port" in lines[0]


async def test_without_its_topics_it_says_which_and_what_to_run(bootstrap: str, namespace: str, tmp_path: Path) -> None:
    worker = Worker(settings_for(bootstrap, namespace), tmp_path, "worker")
    worker.start()
    code, lines = await ended(worker)
    assert code == 1
    assert any(f"{namespace}.annotations: missing" in line for line in lines)
    assert "goldstream topics create" in lines[-1]


async def test_without_a_broker_it_says_so(namespace: str, tmp_path: Path) -> None:
    worker = Worker(settings_for("127.0.0.1:1", namespace), tmp_path, "worker")
    worker.start()
    code, lines = await ended(worker)
    assert code == 3
    assert len(lines) == 1
    assert "127.0.0.1:1" in lines[0]


async def test_state_of_a_newer_release_stops_it_with_one_line(bootstrap: str, namespace: str, tmp_path: Path) -> None:
    settings = settings_for(bootstrap, namespace)
    await make_topics(settings)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    newer = encode_commit(Commit(version=200, sequence=1))
    await producer.send_and_wait(f"{namespace}.tasks-changelog", newer, COMMIT_KEY, partition=1)
    await producer.stop()
    worker = Worker(settings, tmp_path, "worker")
    worker.start()
    code, lines = await ended(worker)
    assert code == 1
    assert len(lines) == 1
    assert "table tasks" in lines[0]
    assert "state version 200, this release knows up to 1" in lines[0]
    assert "Traceback" not in worker.log_text()

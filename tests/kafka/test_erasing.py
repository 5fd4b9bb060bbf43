"""`goldstream erase` on a real broker: what it leaves behind, in the logs and on the brokers' disks."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams import cli
from streams.acls import replaying_id
from streams.dead_letters import replaying
from streams.dead_letters.letters import Standing, Wanted
from streams.dead_letters.log import opened as dead_letter_log
from streams.events import undecodable
from streams.failures import Failure
from streams.quality.annotators import AnnotatorSide
from streams.quality.task_state import Task, task_key
from streams.quality.tasks import TaskSide
from streams.settings import Settings
from streams.topics import full_name
from tests.kafka.broker import Broker
from tests.kafka.cluster import make_topics, producing, publish, read_topic, settings_for, until, workers
from tests.kafka.raw_batches import GZIP, batch, record, send
from tests.kafka.replaying import replay
from tests.kafka.secured import SecuredBroker
from tests.kafka.workload import Message, annotation, gold, project, task

WHO = "somebody-4711@example"
TASKS = 1_500
CLEANED = ("annotators-changelog", "tasks-changelog", "dead-letters", "erasures.a", "erasures.t")


async def erase(settings: Mapping[str, object], *arguments: str) -> tuple[int, str, str]:
    """Run `goldstream erase` as a process; return its exit code and what it said."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GOLDSTREAM_")}
    environment = kept | {f"GOLDSTREAM_{name.upper()}": str(value) for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "streams.cli", "erase", *arguments, "--reason", "asked for", "--yes"),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(150):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def compact_at_once(settings: Mapping[str, object]) -> None:
    """Let the broker close segments after a second, and compact what is closed as soon as it can."""
    made = Settings(**settings)  # type: ignore[arg-type]  # validated by it
    admin = AIOKafkaAdminClient(bootstrap_servers=made.broker)
    await admin.start()
    quick = {
        "cleanup.policy": "compact",
        "segment.ms": "1000",
        "max.compaction.lag.ms": "1000",
        "min.cleanable.dirty.ratio": "0.0001",
        "delete.retention.ms": "100",
        "file.delete.delay.ms": "100",
        "max.message.bytes": str(4 * 1024 * 1024),
    }
    names = [full_name(made.namespace, topic) for topic in CLEANED]
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, quick) for name in names])
    finally:
        await admin.close()


def holding(broker: Broker, namespace: str, topics: tuple[str, ...]) -> set[str]:
    """Return the topics of which a segment on the broker's disk holds the id."""
    folder = broker.folder / "data"
    return {
        topic
        for topic in topics
        for log in folder.glob(f"{full_name(namespace, topic)}-*/*.log*")
        if WHO.encode() in log.read_bytes()
    }


async def test_a_person_is_gone_from_tables_logs_and_disk_though_the_worker_was_killed_on_the_way(
    own_broker: Callable[..., Broker], namespace: str, tmp_path: Path
) -> None:
    broker = own_broker(settings={"log.cleaner.backoff.ms": "200", "log.retention.check.interval.ms": "1000"})
    settings = settings_for(broker.bootstrap, namespace, partitions=1, tick_s=1.0)
    await make_topics(settings)
    sent: list[Message] = [project("frozen"), *(task(f"t{n}") for n in range(TASKS))]
    for who in (WHO, "bob", "cy"):
        sent += [annotation(f"{who}-{n}", f"t{n}", who) for n in range(TASKS)]
    sent += [annotation(f"{WHO}-1", "t1", WHO), ("annotations", WHO.encode(), b"{ " + WHO.encode())]
    sent += [annotation(f"{WHO}-early", "unpublished", WHO)]
    with workers(settings, tmp_path, 1) as (worker,):
        await until(worker.is_ready, seconds=60, what="ready")
        await publish(broker.bootstrap, namespace, sent)
        await until(lambda: worker.metric("goldstream_labels_total") == TASKS, seconds=60, what="all labels")
        await until(lambda: worker.metric('goldstream_tasks{phase="held"}') == 1, seconds=20, what="one event waits")
        before = await read_topic(broker.bootstrap, namespace, "labels")
        command = asyncio.create_task(erase(settings, "annotator", WHO, "--json", "--timeout", "100"))

        async def is_half_way() -> bool:
            told = [json.loads(one.value) for one in await read_topic(broker.bootstrap, namespace, "erasures.done")]
            return any(one["progress"] == "running" for one in told)

        await until(is_half_way, seconds=40, what="the first part is done")
        worker.kill()
        worker.start()
        code, out, err = await command
        assert code == 0, err
        told = json.loads(out)
        assert (told["votes"], told["dropped"], told["dead_letters"]) == (TASKS, 1, 2)
        assert told["rows"] > 1
        assert told["confirmed"]
        assert WHO not in out
        assert (await read_topic(broker.bootstrap, namespace, "labels")) == before
        await check_logs(broker.bootstrap, namespace, told["pseudonym"])

        assert holding(broker, namespace, CLEANED)
        await compact_at_once(settings)

        async def is_gone_from_disk() -> bool:
            # Only a segment that is written to is closed, and only a closed one is compacted.
            more = annotation(f"x{os.urandom(6).hex()}", "t0", "dan", time_spent_s=-1)
            nulls: list[Message] = [("erasures.a", b"none", None), ("erasures.t", b"none", None)]
            await publish(broker.bootstrap, namespace, [more, *nulls])
            return not holding(broker, namespace, CLEANED)

        await until(is_gone_from_disk, seconds=90, what="no segment holds the id")
        assert holding(broker, namespace, ("annotations",)), "it stays there until the retention ends, as is told"
        again = json.loads((await erase(settings, "annotator", WHO, "--json"))[1])
        assert (again["rows"], again["votes"], again["dropped"], again["dead_letters"]) == (0, 0, 0, 0)
        restored = json.loads((await erase(settings, "annotator", "bob", "--json"))[1])
        assert restored["votes"] == TASKS, "a restored table is searched as well as one that grew"


async def check_logs(bootstrap: str, namespace: str, pseudonym: str) -> None:
    """Assert that the tables are without the id, and are what their sources make of them."""
    for side in (AnnotatorSide(), TaskSide()):
        latest: dict[bytes, bytes | None] = {}
        for one in await read_topic(bootstrap, namespace, f"{side.name}-changelog"):
            latest[one.key] = one.value
        named = [key for key, value in latest.items() if value is not None and WHO.encode() in key + value]
        assert not named
        if side.name == "tasks":
            stored = [latest[task_key(f"t{n}").encode()] or b"" for n in range(TASKS)]
            entries = [msgspec.json.decode(value[1:], type=Task).entries[0] for value in stored]
            assert {(one.annotator_id, one.annotation_id) for one in entries} == {(pseudonym, "")}


async def test_a_task_is_gone_and_later_annotations_of_it_are_refused(
    bootstrap: str, namespace: str, tmp_path: Path
) -> None:
    settings = settings_for(bootstrap, namespace)
    await make_topics(settings)
    votes = [annotation(f"a{n}", "t1", f"w{n}") for n in range(3)]
    with workers(settings, tmp_path, 1) as (worker,):
        await until(worker.is_ready, seconds=60, what="ready")
        await publish(bootstrap, namespace, [project("frozen"), task("t1"), task("t2"), *votes, votes[0]])
        await until(lambda: worker.metric("goldstream_labels_total") == 1, seconds=20, what="the label")
        code, out, err = await erase(settings, "task", "t1")
        assert code == 0, err
        assert "3 votes and the content removed" in out
        assert "erased; the last of it is gone by" in out
        latest = {one.key: one.value for one in await read_topic(bootstrap, namespace, "labels.latest")}
        assert latest == {b"t1": None}
        versions = [json.loads(one.value) for one in await read_topic(bootstrap, namespace, "labels")]
        assert [(one["version"], one["status"], one["answers"]) for one in versions[1:]] == [(2, "withdrawn", {})]
        for topic in ("tasks", "gold"):
            assert [one.value for one in await read_topic(bootstrap, namespace, topic) if one.key == b"t1"][-1] is None
        await publish(bootstrap, namespace, [annotation("late", "t1", "w9")])
        letters = 'goldstream_dead_letters_total{reason="task_withdrawn"}'
        await until(lambda: worker.metric(letters) == 1, seconds=20, what="refused")
        assert worker.metric('goldstream_erasures_total{progress="done"}') == 1
        assert worker.metric("goldstream_dead_letters_total") == 1 + 1  # and the duplicate; none by the erasure
    found = await replay(bootstrap, namespace, TaskSide(), 2, 262_144)
    assert all(again.table == again.logged for again in found)


async def test_without_a_worker_it_says_so_and_ends_with_1(bootstrap: str, namespace: str) -> None:
    settings = settings_for(bootstrap, namespace)
    await make_topics(settings)
    code, out, err = await erase(settings, "annotator", WHO, "--timeout", "1")
    assert code == 1
    assert "NOT erased everywhere yet" in out
    assert [line for line in err.splitlines() if line.startswith("goldstream: not confirmed within 1 s by 3 of 3")]


async def test_a_run_that_is_confirmed_takes_out_what_earlier_ones_asked(
    bootstrap: str, namespace: str, tmp_path: Path
) -> None:
    settings = settings_for(bootstrap, namespace)
    await make_topics(settings)
    for _ in range(2):
        assert (await erase(settings, "annotator", WHO, "--timeout", "1"))[0] == 1

    async def asked() -> dict[tuple[str, int, bytes], bytes | None]:
        """Return what is left when the topics are compacted."""
        return {
            (topic, one.partition, one.key): one.value
            for topic in ("erasures.a", "erasures.t")
            for one in await read_topic(bootstrap, namespace, topic)
        }

    before = await asked()
    assert len(before) == 3, "one in each place, however often it was asked"
    assert all(value is not None and WHO.encode() in value for value in before.values())
    with workers(settings, tmp_path, 1) as (worker,):
        await until(worker.is_ready, seconds=60, what="ready")
        code, _, err = await erase(settings, "annotator", WHO)
        assert code == 0, err
    assert await asked() == dict.fromkeys(before)


async def test_a_replay_that_runs_is_stopped_and_brings_nothing_back(
    bootstrap: str, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dead letters of a person are replayed one by one when the erasure comes."""
    monkeypatch.setattr(replaying, "BATCH_RECORDS", 1)
    count = 400
    letters = [
        undecodable(
            topic="annotations",
            partition=0,
            offset=n,
            timestamp=n,
            key=WHO.encode(),
            value=annotation(f"r{n}", f"t{n}", WHO)[2],
            reason="misrouted",
            error="?",
        )
        for n in range(count)
    ]
    settings = settings_for(bootstrap, namespace)
    made = Settings(**settings)  # type: ignore[arg-type]  # validated by it
    await make_topics(settings)
    async with producing(bootstrap) as producer:
        name = full_name(namespace, "dead-letters")
        for one in letters:
            await producer.send(name, one.value, one.key, headers=list(one.headers))
    standing = Standing(Wanted())
    async with dead_letter_log(made) as log:
        ends = await log.read(standing)
    begun = asyncio.Event()
    with workers(settings, tmp_path, 1) as (worker,):
        await until(worker.is_ready, seconds=60, what="ready")
        chosen = list(standing.letters.values())
        running = asyncio.create_task(replaying.replay(made, chosen, ends, "eve", "now", lambda *_: begun.set()))
        await begun.wait()
        code, out, err = await erase(settings, "annotator", WHO, "--json")
        assert code == 0, err
        assert json.loads(out)["dead_letters"] == count
        with pytest.raises(Failure, match="another replay or an erasure"):
            await running
        code, out, err = await erase(settings, "annotator", WHO, "--json")
        assert code == 0, err
        again = json.loads(out)
        assert (again["rows"], again["votes"], again["dead_letters"]) == (0, 0, 0), "nothing came back meanwhile"
    left = {one.key: one.value for one in await read_topic(bootstrap, namespace, "dead-letters")}
    assert set(left.values()) == {None}
    assert len(await read_topic(bootstrap, namespace, "annotations")) < count


async def test_a_replay_that_starts_meanwhile_is_told(bootstrap: str, namespace: str) -> None:
    settings = settings_for(bootstrap, namespace)
    await make_topics(settings)
    died = undecodable(
        topic="annotations",
        partition=0,
        offset=1,
        timestamp=1,
        key=WHO.encode(),
        value=b"",
        reason="invalid",
        error="?",
    )
    async with producing(bootstrap) as producer:
        name = full_name(namespace, "dead-letters")
        await producer.send_and_wait(name, died.value, died.key, headers=list(died.headers))
    command = asyncio.create_task(erase(settings, "annotator", WHO, "--timeout", "5"))

    async def is_asked() -> bool:
        return len(await read_topic(bootstrap, namespace, "erasures.t")) == 2

    await until(is_asked, seconds=30, what="the request")
    replayer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=replaying_id(namespace))
    await replayer.start()
    await replayer.stop()
    code, _, err = await command
    assert code == 1
    assert "dead letters were not erased, or not all: " in err
    assert "another replay or an erasure" in err
    assert "Traceback" not in err
    assert len(await read_topic(bootstrap, namespace, "dead-letters")) == 1


async def test_what_no_client_library_would_send_does_not_keep_the_report_from_coming(
    bootstrap: str, namespace: str, tmp_path: Path
) -> None:
    settings = settings_for(bootstrap, namespace, partitions=1)
    await make_topics(settings)
    name = full_name(namespace, "annotations")
    odd = batch([record(WHO.encode(), b"{}", headers=[(b"\xff", b"x")])])
    bomb = batch([record(b"k", b"")], attributes=GZIP, payload=gzip.compress(record(b"k", bytes(64 << 20))))
    for one in (odd, bomb):
        assert await send(bootstrap, name, 0, one) == "NoError"
    with workers(settings, tmp_path, 1) as (worker,):
        await until(worker.is_ready, seconds=60, what="ready")
        code, out, err = await erase(settings, "annotator", WHO, "--json")
    assert code == 0, err
    remains = {one["topic"]: one for one in json.loads(out)["remains"]}
    assert remains["annotations"]["records"] == 1
    assert "batches that nobody can read, so not searched: 1" in remains["annotations"]["why"]


def test_without_its_topics_it_is_one_line(bootstrap: str, namespace: str, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--broker", bootstrap, "--namespace", namespace, "--reason", "asked for", "--yes")
    assert cli.run(["erase", "task", "t1", *flags]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"topics missing: {namespace}.projects" in told


async def test_an_administrator_may_and_is_told_what_others_must_do(
    secured: SecuredBroker, namespace: str, tmp_path: Path
) -> None:
    everybody: dict[str, Any] = {"broker": secured.bootstrap, "namespace": namespace, "partitions": 1}
    await make_topics(everybody)
    await secured.give_rights(namespace)
    await publish(secured.bootstrap, namespace, [annotation("x1", "t1", WHO)])
    admin = secured.login("administrator", namespace=namespace, partitions=1)
    with workers(secured.login("worker", namespace=namespace, partitions=1), tmp_path, 1) as (worker,):
        await until(worker.is_ready, seconds=60, what="ready")
        code, out, err = await erase(admin, "annotator", WHO, "--json")
        assert code == 0, err
        remains = {one["topic"]: one for one in json.loads(out)["remains"]}
        assert remains["quality-events"]["records"] == 0
        assert remains["annotations"]["records"] is None
        assert "may not read it" in remains["annotations"]["why"]
        assert remains["annotations"]["until"]
        code, out, err = await erase(admin, "task", "unknown")
        assert (code, [line for line in err.splitlines() if line.startswith("goldstream: ")]) == (0, [])
        await publish(secured.bootstrap, namespace, [project("frozen"), task("t1"), gold("t1", "cat")])
        await until(lambda: worker.metric('goldstream_tasks{phase="gold"}') == 1, seconds=20, what="gold")

        async def told() -> list[str]:
            code, _, err = await erase(admin, "task", "t1")
            problems = [line for line in err.splitlines() if line.startswith("goldstream: ")]
            assert code == bool(problems)
            return problems

        by_producer, by_keeper = await told()
        assert f"{namespace}.tasks: our login may not write it: a producer must send a null value" in by_producer
        assert f"{namespace}.gold: our login may not write it: a gold-keeper must send a null value" in by_keeper
        for topic, left in (("tasks", [by_keeper]), ("gold", [])):
            await publish(secured.bootstrap, namespace, [(topic, b"t1", None)])

            async def is_read(left: list[str] = left) -> bool:
                return await told() == left

            await until(is_read, seconds=60, what=f"the null in {topic}")
        code, out, err = await erase(secured.login("producer", namespace=namespace, partitions=1), "task", "t1")
        assert code == 1
        assert "may not" in err
        assert "Traceback" not in err

"""`goldstream snapshot` on a real broker: what stood at a time, again and again the same."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from streams import cli, reading
from streams.engine.routing import partition_of
from streams.topics import Role, full_name
from tests.kafka.cluster import make_topics, producing, publish, read_topic, settings_for, until, workers
from tests.kafka.secured import SecuredBroker
from tests.kafka.workload import Message, annotation, gold, project, task
from tests.snapshot.made import label


def snapshot(settings: Mapping[str, object], out: Path, as_of: str, *more: str) -> int:
    place = ("--broker", str(settings["broker"]), "--namespace", str(settings["namespace"]))
    return cli.run(["snapshot", *place, "--as-of", as_of, "--out", str(out), *more])


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines()]


def manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_bytes())  # type: ignore[no-any-return]  # an object


def instant(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()


async def send_labels(
    bootstrap: str, namespace: str, sent: list[tuple[dict[str, Any], int]], *, erased: tuple[str, ...] = ()
) -> None:
    """Write labels at these times as the task side does, then nulls for what was erased."""
    async with producing(bootstrap) as producer:
        for body, timestamp in sent:
            for topic in ("labels", "labels.latest"):
                key, value = body["task_id"].encode(), msgspec.json.encode(body)
                await producer.send(full_name(namespace, topic), value, key, timestamp_ms=timestamp)
        for task_id in erased:
            await producer.send(full_name(namespace, "labels.latest"), None, task_id.encode())


async def test_a_campaign_as_it_stood_before_and_after_gold_was_set(
    bootstrap: str, namespace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(bootstrap, namespace)
    await make_topics(settings)
    votes: list[Message] = [annotation(f"a{n}-{who}", f"t{n}", who) for n in range(30) for who in ("ann", "bob", "cy")]
    split = [annotation(f"s-{who}", "split", who, answer) for who, answer in (("ann", "cat"), ("bob", "dog"))]
    with workers(settings, tmp_path, 1) as (worker,):
        await until(worker.is_ready, seconds=60, what="ready")
        setup = [project("frozen", redundancy=2, max_redundancy=3), task("split"), *(task(f"t{n}") for n in range(30))]
        await publish(bootstrap, namespace, [*setup, *votes, *split, annotation("s-cy", "split", "cy", "fox")])
        await until(lambda: worker.metric("goldstream_labels_total") == 31, seconds=30, what="all labels")
        then = instant(max(one.timestamp for one in await read_topic(bootstrap, namespace, "labels")))
        capsys.readouterr()
        assert await asyncio.to_thread(snapshot, settings, tmp_path / "before", then) == 0
        told = capsys.readouterr().out.splitlines()
        await publish(bootstrap, namespace, [gold("t1", "dog"), ("tasks", b"t2", None)])
        await publish(bootstrap, namespace, [annotation("e3", "t3", "ann", "dog", action="edit")])
        await until(lambda: worker.metric("goldstream_labels_total") >= 34, seconds=30, what="the corrections")
    assert await asyncio.to_thread(snapshot, settings, tmp_path / "after", "now", "--with", "undecided") == 0
    assert await asyncio.to_thread(snapshot, settings, tmp_path / "again", then) == 0

    digest = hashlib.sha256((tmp_path / "before" / "manifest.json").read_bytes()).hexdigest()
    assert told[-1] == f"{digest}  {tmp_path / 'before' / 'manifest.json'}"
    for name in ("manifest.json", "labels.jsonl"):
        before, again = ((tmp_path / folder / name).read_bytes() for folder in ("before", "again"))
        assert before == again, "the log has grown, and the same time gives the same bytes"
    before_rows = rows(tmp_path / "before")
    assert [row["task_id"] for row in before_rows] == sorted(f"t{n}" for n in range(30))
    assert {row["label"] for row in before_rows} == {"cat"}
    assert manifest(tmp_path / "before")["left_out"] == {"undecided": 1}
    after = manifest(tmp_path / "after")
    assert after["left_out"] == {"gold": 1, "withdrawn": 1}
    assert after["file"]["sha256"] == hashlib.sha256((tmp_path / "after" / "labels.jsonl").read_bytes()).hexdigest()
    capsys.readouterr()
    assert cli.run(["snapshot", "diff", str(tmp_path / "before"), str(tmp_path / "after"), "--json"]) == 1
    *differences, counts = map(json.loads, capsys.readouterr().out.splitlines())
    assert {(one["change"], one["task_id"]) for one in differences} >= {
        ("removed", "t1"),
        ("removed", "t2"),
        ("added", "split"),
    }
    assert counts["removed"] == 2
    assert cli.run(["snapshot", "diff", str(tmp_path / "before"), str(tmp_path / "again")]) == 0


def test_what_the_log_has_lost_comes_from_the_newest_or_is_said_to_be_lost(
    bootstrap: str, namespace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(bootstrap, namespace, partitions=1)
    asyncio.run(make_topics(settings))
    sent = [(label("old"), 1_000), (label("replaced"), 1_000), (label("gone"), 1_500), (label("kept"), 2_000)]
    later = [(label("replaced", 2), 9_000), (label("new"), 9_000), (label("other", 2, project="x"), 9_000)]
    asyncio.run(send_labels(bootstrap, namespace, [*sent, *later], erased=("gone",)))
    at = instant(5_000)
    assert snapshot(settings, tmp_path / "whole", at) == 1, "the first version of one task never was in the log"
    assert [row["task_id"] for row in rows(tmp_path / "whole")] == ["kept", "old", "replaced"]

    async def shorten() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        place = TopicPartition(full_name(namespace, "labels"), 0)
        await admin.delete_records({place: RecordsToDelete(before_offset=3)})
        await admin.close()

    asyncio.run(shorten())
    capsys.readouterr()
    assert snapshot(settings, tmp_path / "short", at) == 1
    assert capsys.readouterr().err == (
        "goldstream: 2 tasks may have had a label then that no topic holds any more (retention.ms of labels): "
        "take a later time\n"
    )
    assert [row["task_id"] for row in rows(tmp_path / "short")] == ["kept", "old"]
    told = manifest(tmp_path / "short")
    assert (told["from_latest"], told["labels"]) == (1, {"0": {"first": 3, "through": 3}})
    assert snapshot(settings, tmp_path / "of p", at, "--project", "x") == 1
    assert manifest(tmp_path / "of p")["left_out"] == {"lost": 1, "other_projects": 3}


def test_labels_behind_an_open_transaction_are_waited_for(
    bootstrap: str,
    namespace: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else the snapshot would lack what is behind it, and nobody would know."""
    settings = settings_for(bootstrap, namespace, partitions=1)
    monkeypatch.setattr(reading, "STALL_SECONDS", 1.0)

    async def hidden() -> int:
        await make_topics(settings)
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"{namespace}-x")
        async with producer:
            await producer.begin_transaction()
            await producer.send_and_wait(full_name(namespace, "labels"), b"", b"k")
            await send_labels(bootstrap, namespace, [(label("t"), 1_000)])
            code = await asyncio.to_thread(snapshot, settings, tmp_path / "out", "now")
            await producer.abort_transaction()
        return code

    assert asyncio.run(hidden()) == 1
    assert "a transaction on it stays open; try again when it has ended" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert snapshot(settings, tmp_path / "out", "now") == 0
    assert [row["task_id"] for row in rows(tmp_path / "out")] == ["t"]


def test_many_partitions_make_one_sorted_file(bootstrap: str, namespace: str, tmp_path: Path) -> None:
    settings = settings_for(bootstrap, namespace, partitions=7)
    asyncio.run(make_topics(settings))
    ids = sorted(f"t{n}" for n in range(200))
    asyncio.run(send_labels(bootstrap, namespace, [(label(task_id), 1_000) for task_id in ids]))
    assert snapshot(settings, tmp_path / "out", "now", "--format", "jsonl") == 0
    assert [row["task_id"] for row in rows(tmp_path / "out")] == ids
    assert len({partition_of(task_id.encode(), 7) for task_id in ids}) == 7
    assert snapshot(settings, tmp_path / "columns", "now", "--format", "parquet") == 0
    assert cli.run(["snapshot", "diff", str(tmp_path / "out"), str(tmp_path / "columns")]) == 0


def test_readers_may_take_one_and_who_may_not_is_told(
    secured: SecuredBroker,
    namespace: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asyncio.run(make_topics({"broker": secured.bootstrap, "namespace": namespace, "partitions": 1}))
    asyncio.run(secured.give_rights(namespace))
    asyncio.run(send_labels(secured.bootstrap, namespace, [(label("t"), 1_000)]))

    def run(role: Role) -> tuple[int, list[str]]:
        for name, value in secured.login(role, namespace=namespace).items():
            monkeypatch.setenv(f"GOLDSTREAM_{name.upper()}", str(value))
        capsys.readouterr()
        code = cli.run(["snapshot", "--as-of", "now", "--out", str(tmp_path / role)])
        return code, capsys.readouterr().err.splitlines()

    assert run("reader") == (0, [])
    assert [row["task_id"] for row in rows(tmp_path / "reader")] == ["t"]
    for role in ("gateway", "operator"):
        code, told = run(role)
        assert (code, len(told)) == (1, 1), told
        assert told[0].startswith(f"goldstream: User:{role} may not ")
        assert not (tmp_path / role).exists()

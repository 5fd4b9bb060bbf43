"""`goldstream topics` on a real broker: what it creates is what it checks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams import cli
from streams.settings import Settings
from streams.topics import all_topics
from streams.topics_admin import check, create, found_topics


@pytest.fixture
def settings(bootstrap: str, namespace: str) -> Settings:
    return Settings(broker=bootstrap, namespace=namespace, partitions=2)


def topics(command: str, settings: Settings, *more: str) -> int:
    where = [
        "--broker",
        settings.broker,
        "--namespace",
        settings.namespace,
        "--partitions",
        str(settings.partitions),
    ]
    return cli.run(["topics", command, *where, *more])


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_what_is_created_is_as_wanted_and_nothing_is_unknown(settings: Settings) -> None:
    async def scenario() -> None:
        created = await create(settings)
        assert {each.topic for each in created} == {each.name for each in all_topics(settings)}
        assert [each.error for each in created if each.error] == []
        assert await check(settings) == []
        assert await create(settings) == []

    asyncio.run(scenario())


def test_check_names_each_missing_topic_and_creates_none(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert topics("check", settings) == 1
    *missing, last = lines(capsys)
    assert missing == [f"{each.name}: missing" for each in all_topics(settings)]
    assert last == f"{len(missing)} topics of {settings.namespace}: {len(missing)} mismatches"
    assert not [name for name in asyncio.run(found_topics(settings)) if name.startswith(f"{settings.namespace}.")]


def test_check_names_each_mismatch(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    async def change() -> None:
        await create(settings)
        admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker)
        await admin.start()
        try:
            await admin.create_partitions({f"{settings.namespace}.labels": NewPartitions(3)})
            changed = {"retention.ms": "1000", "max.message.bytes": "2097152"}
            topic = f"{settings.namespace}.annotations"
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=changed)])
        finally:
            await admin.close()

    asyncio.run(change())
    until(lambda: len(asyncio.run(check(settings))) == 4)  # the broker learns of it a moment after its controller
    assert topics("check", settings) == 1
    ours = settings.namespace
    wanted = 365 * 86_400_000
    assert lines(capsys) == [
        f"{ours}.annotations: max.message.bytes: wanted 1048576, found 2097152",
        f"{ours}.annotations: message.timestamp.type: wanted LogAppendTime, found CreateTime",
        f"{ours}.annotations: retention.ms: wanted {wanted}, found 1000",
        f"{ours}.labels: partitions: wanted 2, found 3",
        f"{len(all_topics(settings))} topics of {ours}: 4 mismatches",
    ]


def test_create_adds_what_is_missing_and_leaves_the_rest(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async def remove(topic: str) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker)
        await admin.start()
        try:
            await admin.delete_topics([topic])
            while topic in await admin.list_topics():
                await asyncio.sleep(0.05)
        finally:
            await admin.close()

    assert topics("create", settings) == 0
    asyncio.run(remove(f"{settings.namespace}.gold"))
    capsys.readouterr()
    assert topics("create", settings) == 0
    there = len(all_topics(settings)) - 1
    assert lines(capsys) == [f"{settings.namespace}.gold: created", f"1 created, {there} already there, 0 failed"]
    assert topics("check", settings) == 0


def test_what_the_broker_refuses_is_told_topic_by_topic(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert topics("create", settings, "--replication", "3") == 1
    out, err = capsys.readouterr()
    every = len(all_topics(settings))
    assert out.splitlines() == [f"0 created, 0 already there, {every} failed"]
    assert len(err.splitlines()) == every
    assert f"{settings.namespace}.tasks: InvalidReplicationFactorError: " in err


def test_list_shows_every_topic_and_whether_it_is_there(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert topics("list", settings) == 0
    assert lines(capsys)[1].split()[:2] == [f"{settings.namespace}.projects", "missing"]
    topics("create", settings)
    capsys.readouterr()
    assert topics("list", settings) == 0
    header, *rows = lines(capsys)
    assert header.split() == ["topic", "partitions", "copies", "cleanup", "kept", "key", "written", "by"]
    assert rows[1].split()[:5] == [f"{settings.namespace}.tasks", "2", "1", "compact,delete", "365"]
    assert len(rows) == len(all_topics(settings))


def test_a_broker_that_wants_tls_or_does_not_is_one_line(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert topics("check", settings, "--security-protocol", "SSL") == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"goldstream: broker {settings.broker}: speaks without TLS at this port")
    assert line.endswith("or security_protocol to PLAINTEXT")

"""Each role at its work on a broker that asks for rights: it has all it needs, and nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka import errors as kafka
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams import cli, topics_admin
from streams.acls import ROLES, Operation, Pattern, Resource, Right
from streams.acls_admin import apply, compare, grants
from streams.brokers import NotAllowed
from streams.events import undecodable
from streams.security import client_security
from streams.settings import Settings
from streams.topics import SIDES, TOPICS, Role, changelog, full_name
from tests.kafka.cluster import make_topics, until, workers
from tests.kafka.secured import NOBODY, SecuredBroker
from tests.kafka.workload import Message, annotation, gold, project, task

NONE: frozenset[str] = frozenset()
LOGS = {f"{side}-changelog" for side in SIDES}
READS: Mapping[Role, frozenset[str]] = {
    "administrator": frozenset({"dead-letters", "quality-events", "agreement", "erasures.done", "globals.t"}),
    "operator": frozenset({"dead-letters"}),
    "producer": NONE,
    "gold-keeper": NONE,
    "reviewer": NONE,
    "gateway": frozenset({"projects", "tasks"}),
    "worker": frozenset(
        {"projects", "tasks", "gold", "reviews", "annotators", "annotations", "annotations.scored", "outcomes"}
        | {"retractions", "project-deltas", "globals.a", "globals.t", "ticks.a", "ticks.t"}
        | {"erasures.a", "erasures.t"}
        | LOGS
    ),
    "reader": frozenset({"labels", "labels.latest"}),
    "auditor": frozenset(
        {"projects", "tasks", "gold", "reviews", "annotators", "annotations.scored", "outcomes", "labels"}
        | {"labels.latest", "quality-events", "dead-letters", "globals.t", "tasks-changelog"}
    ),
}
WRITES: Mapping[Role, frozenset[str]] = {
    "administrator": frozenset({"projects", "annotators", "erasures.a", "erasures.t", "dead-letters"}),
    "operator": frozenset(
        {"dead-letters", "projects", "annotators", "tasks", "annotations", "annotations.scored", "outcomes"}
        | {"retractions"}
        | {"project-deltas", "globals.a", "globals.t", "erasures.a", "erasures.t"}
    ),
    "producer": frozenset({"tasks"}),
    "gold-keeper": frozenset({"gold"}),
    "reviewer": frozenset({"reviews"}),
    "gateway": frozenset({"annotations"}),
    "worker": frozenset(
        {
            "annotations.scored",
            "outcomes",
            "retractions",
            "project-deltas",
            "agreement",
            "globals.a",
            "globals.t",
            "ticks.a",
            "ticks.t",
        }
        | {"agreement", "labels", "labels.latest", "quality-events", "dead-letters", "erasures.done"}
        | LOGS
    ),
    "reader": NONE,
    "auditor": NONE,
}
EVERY_TOPIC = frozenset(TOPICS) | LOGS
DENIED = (
    kafka.TopicAuthorizationFailedError,
    kafka.GroupAuthorizationFailedError,
    kafka.ClusterAuthorizationFailedError,
    kafka.TransactionalIdAuthorizationFailed,
)


def client(settings: Mapping[str, object]) -> dict[str, Any]:
    """Return aiokafka's arguments for one who logs in so."""
    made = Settings(**settings)  # type: ignore[arg-type]  # validated by it
    return {"bootstrap_servers": made.broker, **client_security(made)}


async def send(who: Mapping[str, Any], namespace: str, *messages: Message) -> None:
    async with AIOKafkaProducer(**who, enable_idempotence=True) as producer:
        for topic, key, value in messages:
            await producer.send_and_wait(full_name(namespace, topic), value, key)


async def records(who: Mapping[str, Any], namespace: str, topic: str, group: str) -> list[Any]:
    """Return what a consumer of this group finds within half a minute, at least one record, and commit it."""
    consumer = AIOKafkaConsumer(
        full_name(namespace, topic),
        **who,
        group_id=group,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    async with consumer, asyncio.timeout(30):
        found: list[Any] = []
        while not found:
            for some in (await consumer.getmany(timeout_ms=200)).values():
                found += [json.loads(record.value) for record in some if record.value is not None]
        await consumer.commit()
        return found


@pytest.mark.parametrize("way", ["login", "identify"])
async def test_each_role_can_do_its_work(secured: SecuredBroker, namespace: str, tmp_path: Path, way: str) -> None:
    """With SCRAM over TLS, and with mutual TLS, from the topics' creation to the label that is read."""
    await secured.give_rights(namespace)

    def settings(role: Role) -> dict[str, object]:
        return getattr(secured, way)(role, namespace=namespace, partitions=2)  # type: ignore[no-any-return]  # as all do

    as_one = {role: client(settings(role)) for role in ROLES}
    administrators = Settings(**settings("administrator"))  # type: ignore[arg-type]  # validated by it
    assert not [each for each in await topics_admin.create(administrators) if each.error]
    assert await topics_admin.check(administrators) == []
    await send(as_one["administrator"], namespace, project("frozen"))
    await send(as_one["producer"], namespace, task("t1"), task("t2"))
    await send(as_one["gold-keeper"], namespace, gold("t2", "cat"))
    with workers(settings("worker"), tmp_path, 1) as (worker,):
        votes = [annotation(f"a{n}", "t1", f"w{n}", time_spent_s=2) for n in range(3)]
        await send(as_one["gateway"], namespace, *votes, votes[0])
        labels = await records(as_one["reader"], namespace, "labels", f"{namespace}.reader-export")
        assert {label["task_id"] for label in labels} == {"t1"}
        for topic in ("quality-events", "dead-letters"):
            assert await records(as_one["administrator"], namespace, topic, f"{namespace}.administrator")
        for topic in ("projects", "tasks"):
            assert await records(as_one["gateway"], namespace, topic, f"{namespace}.gateway-1")
        await until(worker.is_ready, seconds=30, what="ready")
    assert worker.exit_code == 0


def test_operators_replay_dead_letters_and_gold_only_with_its_right(
    secured: SecuredBroker, namespace: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(make_topics({"broker": secured.bootstrap, "namespace": namespace, "partitions": 1}))
    asyncio.run(secured.give_rights(namespace))

    def run(role: Role, command: str, *more: str) -> tuple[int, list[str]]:
        for name, value in secured.login(role, namespace=namespace).items():
            monkeypatch.setenv(f"GOLDSTREAM_{name.upper()}", str(value))
        capsys.readouterr()
        return cli.run(["dead-letters", command, *more]), capsys.readouterr().err.splitlines()

    async def bury() -> None:
        who = client(secured.login("worker"))
        async with AIOKafkaProducer(**who, transactional_id=f"{namespace}-tasks-0") as worker, worker.transaction():
            for topic in ("annotations", "tasks", "annotations.scored", "outcomes", "gold"):
                letter = undecodable(
                    topic=topic, partition=0, offset=0, timestamp=0, key=b"k", value=b"{}", reason="invalid", error="?"
                )
                name = full_name(namespace, "dead-letters")
                await worker.send_and_wait(name, letter.value, letter.key, headers=list(letter.headers))

    asyncio.run(bury())
    assert run("administrator", "list") == (0, [])
    assert run("administrator", "show", "gold/0/0") == (0, [])
    assert run("operator", "list") == (0, [])
    assert run("operator", "show", "gold/0/0") == (0, [])
    code, told = run("administrator", "replay", "--yes", "--topic", "annotations")
    assert code == 1
    assert told[0].startswith("goldstream: User:administrator may not ")
    others = [
        word for topic in ("annotations", "tasks", "annotations.scored", "outcomes") for word in ("--topic", topic)
    ]
    assert run("operator", "replay", "--yes", *others) == (0, [])
    code, told = run("operator", "replay", "--yes")
    assert code == 1
    assert told[0] == (
        f"goldstream: User:operator may not write {namespace}.gold (Write): give it its role's rights with "
        "goldstream topics acls; gold needs those of gold-keeper too, or leave it out with --topic"
    )
    assert told[1:] == ["goldstream: at least 0 of 1 were replayed; running it again sends what was not"]
    asyncio.run(secured.give_rights(namespace, ("gold-keeper", "operator")))
    assert run("operator", "replay", "--yes") == (0, [])
    for role in ("reader", "gateway", "gold-keeper", NOBODY):
        code, told = run(role, "list")  # type: ignore[arg-type]  # or nobody's
        assert code == 1
        assert len(told) == 1
        assert told[0].startswith(f"goldstream: User:{role} may not see {namespace}.")


async def may_read(who: Mapping[str, Any], namespace: str) -> frozenset[str]:
    """Return the topics of which this client is given a record; there is one in each."""
    consumer = AIOKafkaConsumer(**who, auto_offset_reset="earliest", metadata_max_age_ms=300_000)
    read = set()
    async with consumer:
        seen = await consumer.topics()
        for topic in EVERY_TOPIC:
            name = full_name(namespace, topic)
            if name not in seen:
                continue
            consumer.assign([TopicPartition(name, 0)])
            try:
                async with asyncio.timeout(20):
                    while not await consumer.getmany(timeout_ms=200):
                        pass
            except DENIED:
                continue
            read.add(topic)
    return frozenset(read)


async def may_write(who: Mapping[str, Any], namespace: str) -> frozenset[str]:
    written = set()
    async with AIOKafkaProducer(**who) as producer:
        for topic in EVERY_TOPIC:
            try:
                await producer.send_and_wait(full_name(namespace, topic), b"{}", b"k", partition=0)
            except DENIED:
                continue
            written.add(topic)
    return frozenset(written)


async def test_no_role_reads_or_writes_more_than_its_topics(secured: SecuredBroker, namespace: str) -> None:
    """So a gateway neither reads gold nor writes labels."""
    everybody = {"broker": secured.bootstrap, "namespace": namespace, "partitions": 1}
    await make_topics(everybody)
    await secured.give_rights(namespace)
    await send(client(everybody), namespace, *[(topic, b"k", b"{}") for topic in EVERY_TOPIC])
    for role in ROLES:
        who = client(secured.login(role))
        assert (role, await may_read(who, namespace)) == (role, READS[role])
        assert (role, await may_write(who, namespace)) == (role, WRITES[role])
    nobody = client(secured.login(NOBODY))
    assert not await may_read(nobody, namespace)
    assert not await may_write(nobody, namespace)


async def test_only_workers_move_their_group_and_use_their_transactions(secured: SecuredBroker, namespace: str) -> None:
    await make_topics({"broker": secured.bootstrap, "namespace": namespace, "partitions": 1})
    await secured.give_rights(namespace)
    for role in ROLES:
        who = client(secured.login(role))
        transactional = AIOKafkaProducer(**who, transactional_id=f"{namespace}-tasks-0")
        member = AIOKafkaConsumer(full_name(namespace, "tasks"), **who, group_id=namespace)
        for one in (transactional, member):
            if role == "worker":
                await one.start()
            else:
                with pytest.raises(DENIED):
                    await one.start()
            await one.stop()


async def test_topics_are_made_by_administrators_and_removed_by_nobody(secured: SecuredBroker, namespace: str) -> None:
    await make_topics({"broker": secured.bootstrap, "namespace": namespace, "partitions": 1})
    await secured.give_rights(namespace)
    labels, more = full_name(namespace, "labels"), full_name(namespace, "more")
    for role in ROLES:
        admin = AIOKafkaAdminClient(**client(secured.login(role)))
        await admin.start()
        try:
            removed = await admin.delete_topics([labels])
            assert (role, kafka.for_code(removed.topic_error_codes[0][1])) == (
                role,
                kafka.TopicAuthorizationFailedError,
            )
            created = await admin.create_topics([NewTopic(more, 1, 1)])
            allowed = kafka.NoError if role == "administrator" else kafka.TopicAuthorizationFailedError
            assert (role, kafka.for_code(created.topic_errors[0][1])) == (role, allowed)
        finally:
            await admin.close()


def acls(secured: SecuredBroker, namespace: str, *more: str) -> int:
    return cli.run(["topics", "acls", "--broker", secured.bootstrap, "--namespace", namespace, *more])


def test_what_is_applied_is_what_is_checked_and_another_time_changes_nothing(
    secured: SecuredBroker, namespace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = ("--principal", f"reader=User:{namespace}", "--principal", f"producer=User:{namespace}")
    assert acls(secured, namespace, "--check", *mine) == 1
    *missing, last = capsys.readouterr().out.splitlines()
    assert f"User:{namespace}: Write topic {namespace}.tasks: missing" in missing
    assert last == f"4 rights in {namespace}: 4 missing, 0 more"
    assert acls(secured, namespace, "--apply", *mine) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "4 given, 0 already there"
    assert acls(secured, namespace, "--apply", *mine) == 0
    assert capsys.readouterr().out == "0 given, 4 already there\n"
    assert acls(secured, namespace, "--check", *mine) == 0
    assert capsys.readouterr().out == f"4 rights in {namespace}: 0 missing, 0 more\n"


def test_check_names_what_somebody_may_beyond_the_roles(
    secured: SecuredBroker, namespace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    frontend, every = f"User:frontend-{namespace}", "User:*"
    to_gold = Right(Resource.TOPIC, full_name(namespace, "gold"), Pattern.LITERAL, Operation.READ)
    to_labels = Right(Resource.TOPIC, full_name(namespace, "lab"), Pattern.PREFIXED, Operation.WRITE)
    elsewhere = Right(Resource.TOPIC, f"{namespace}2.gold", Pattern.LITERAL, Operation.READ)
    open_settings = Settings(broker=secured.bootstrap, namespace=namespace)
    mine = ("--principal", f"gateway={frontend}")
    assert acls(secured, namespace, "--apply", *mine) == 0
    asyncio.run(apply(open_settings, {frontend: frozenset({to_gold, elsewhere}), every: frozenset({to_labels})}))
    capsys.readouterr()
    assert acls(secured, namespace, "--check", *mine) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{frontend}: Read topic {namespace}.gold: superfluous",
        f"{every}: Write topic {namespace}.lab*: superfluous",
        f"4 rights in {namespace}: 0 missing, 2 more",
    ]


def test_without_an_authorizer_it_says_so(bootstrap: str, namespace: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["topics", "acls", "--check", "--broker", bootstrap, "--namespace", namespace]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "everybody may do everything: set authorizer.class.name" in told


async def test_the_right_to_give_rights_is_in_no_role(secured: SecuredBroker, namespace: str) -> None:
    await secured.give_rights(namespace)
    for role in ROLES:
        own = Settings(**secured.login(role, namespace=namespace))  # type: ignore[arg-type]  # validated by it
        with pytest.raises(NotAllowed, match="may not see the access control lists"):
            await compare(own, grants(namespace, {role: (f"User:{role}",)}))


def test_the_table_here_knows_every_topic_and_role() -> None:
    assert set(READS) == set(WRITES) == set(ROLES)
    assert set().union(*READS.values(), *WRITES.values()) == EVERY_TOPIC
    assert {changelog(side).name for side in SIDES} == LOGS

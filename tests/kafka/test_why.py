"""`goldstream why` on a real broker: what a worker did is told, from what the login may read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from streams import cli
from streams.topics import Role, full_name
from streams.why import reading
from tests.kafka.cluster import make_topics, publish, read_topic, settings_for, until, workers
from tests.kafka.secured import NOBODY, SecuredBroker
from tests.kafka.workload import Message, annotation, encode, gold, project, task

BOTH = "img-1"
"""The id of a task, and of an annotator."""


def administered(annotator_id: str, **fields: object) -> Message:
    return "annotators", annotator_id.encode(), encode(annotator_id=annotator_id, actor="mara", **fields)


def why(settings: Mapping[str, object], *arguments: str) -> int:
    return cli.run(["why", "--broker", str(settings["broker"]), "--namespace", str(settings["namespace"]), *arguments])


async def campaign(bootstrap: str, namespace: str, folder: Path) -> dict[str, object]:
    """Let a worker settle a task, then take a vote back, learn its gold, and refuse something."""
    settings = settings_for(bootstrap, namespace)
    await make_topics(settings)
    with workers(settings, folder, 1) as (worker,):
        await until(worker.is_ready, seconds=60, what="ready")

        async def send(*messages: Message, labels: int) -> None:
            await publish(bootstrap, namespace, messages)
            await until(lambda: worker.metric("goldstream_labels_total") == labels, seconds=30, what=f"{labels} labels")

        votes = [
            annotation(f"a-{who}", "t1", who, "cat" if who != "bob" else "dog") for who in (BOTH, "bob", "cy", "dee")
        ]
        others = [annotation(f"b{n}", BOTH, f"w{n}") for n in range(4)]
        await publish(bootstrap, namespace, [administered(BOTH, tier="trained", reason="passed the test")])
        await send(project("frozen", redundancy=4), task("t1"), task(BOTH), *votes, *others, labels=2)
        await send(annotation("edit", "t1", BOTH, "dog", action="edit"), labels=3)
        await send(gold("t1", "dog"), votes[1], administered(BOTH, active=False, reason="left"), labels=4)
        letters = "goldstream_dead_letters_total"
        await until(lambda: worker.metric(letters) == 1, seconds=20, what="the duplicate")
    return settings


@pytest.fixture(scope="module")
def played(broker: object, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """A namespace in which all of it has happened."""
    bootstrap = broker.bootstrap  # type: ignore[attr-defined]  # a Broker
    return asyncio.run(campaign(bootstrap, "t-why", tmp_path_factory.mktemp("why")))


def test_a_task_is_told_with_what_changed_its_label(
    played: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert why(played, "task", "t1") == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "task t1"
    labels = [line for line in told if " labels/" in line]
    assert "label 1: settled as cat" in labels[0]
    assert f"after {BOTH} changed the answer to dog" in labels[1]
    assert "after gold was set to dog [" in labels[2]
    assert any("a-bob" in line and "was refused as duplicate" in line for line in told)
    paragraph = " ".join(told[told.index("", 2) :])
    assert paragraph.strip().startswith("Settled as dog, because its answer is known; ")
    assert "Superseded twice: version 1, cat" in paragraph


async def test_the_story_names_records_that_are_there(
    played: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    bootstrap, namespace = str(played["broker"]), str(played["namespace"])
    assert await asyncio.to_thread(why, played, "task", "t1", "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for topic in ("labels", "outcomes", "annotations.scored", "gold", "quality-events"):
        there = {(one.partition, one.offset): one.value for one in await read_topic(bootstrap, namespace, topic)}
        of_topic = [one for one in lines if one["topic"] == topic]
        assert of_topic, topic
        assert all(json.loads(there[one["partition"], one["offset"]]) == one["record"] for one in of_topic)
        named = {place for place, value in there.items() if json.loads(value).get("task_id") == "t1"}
        assert named == {(one["partition"], one["offset"]) for one in of_topic}, "none is left out"


def test_an_annotator_is_told_with_who_decided_what(
    played: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert why(played, "annotator", BOTH) == 0
    told = capsys.readouterr().out
    assert "entered as human, tier trained, active by mara: passed the test" in told
    assert "label of t1: version 1, cat" in told
    assert "after they changed the answer to dog" in told
    assert "tier trained -> crowd and made inactive by mara: left" in told
    assert "In frozen: right on gold 1 of 1 (1.00)" in " ".join(told.split())


def test_an_id_alone_may_be_of_both(played: dict[str, object], capsys: pytest.CaptureFixture[str]) -> None:
    assert why(played, BOTH) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line for line in told if line.startswith(("task ", "annotator "))] == [f"task {BOTH}", f"annotator {BOTH}"]
    assert why(played, "bob") == 0
    assert capsys.readouterr().out.startswith("annotator bob\n")
    assert why(played, "t1", "--json") == 0
    assert {json.loads(line)["story"] for line in capsys.readouterr().out.splitlines()} == {"task"}


def test_time_and_project_narrow_what_is_shown_and_no_count(
    played: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert why(played, "annotator", "cy", "--since", "2999-01-01") == 0
    told = capsys.readouterr().out
    assert "nothing in the time or the project that is asked for" in told
    assert "Answered once on 1 task" in told
    assert why(played, "annotator", "cy", "--until", "2000-01-01", "--json") == 0
    assert capsys.readouterr().out == ""
    assert why(played, "annotator", "cy", "--project", "elsewhere", "--json") == 0
    assert capsys.readouterr().out == ""


def test_whom_nothing_names_is_one_line_and_exit_code_1(
    played: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert why(played, "T1") == 1
    line = f"task or annotator 'T1': nothing in {played['namespace']} names it; ids are exact, upper and lower case too"
    assert capsys.readouterr() == ("", f"goldstream: {line}\n")
    assert why(played, "project", "t1") == 2
    assert capsys.readouterr().err == "goldstream: KIND: must be task or annotator, got 'project'\n"
    assert why({**played, "namespace": "no-such"}, "t1") == 1
    assert "none exists, or none may be read by this login; check --namespace" in capsys.readouterr().err


def test_long_topics_say_how_far_they_are(
    played: dict[str, object], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "STEP", 4)
    assert why(played, "task", "t1") == 0
    assert "looking through outcomes: 4 records" in capsys.readouterr().err


def test_what_is_no_longer_kept_is_said(bootstrap: str, namespace: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def shorten() -> dict[str, object]:
        settings = settings_for(bootstrap, namespace, partitions=1)
        await make_topics(settings)
        value = encode(task_id="t1", annotator_id="ann", label="cat")
        await publish(bootstrap, namespace, [("annotations.scored", b"t1", value)] * 2)
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        place = TopicPartition(full_name(namespace, "annotations.scored"), 0)
        await admin.delete_records({place: RecordsToDelete(before_offset=1)})
        await admin.close()
        return settings

    assert why(asyncio.run(shorten()), "task", "t1") == 0
    assert (
        "annotations.scored: its oldest records are no longer kept (retention.ms), so more may have happened"
        in capsys.readouterr().out
    )


def test_an_auditor_is_told_all_and_others_what_they_may_read(
    secured: SecuredBroker,
    namespace: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def prepare() -> None:
        settings = {"broker": secured.bootstrap, "namespace": namespace, "partitions": 1}
        await make_topics(settings)
        await secured.give_rights(namespace)
        event = encode(annotator_id="ann", task_id="t1", kind="too_fast", project="p")
        await publish(secured.bootstrap, namespace, [task("t1"), gold("t1", "cat"), ("quality-events", b"ann", event)])

    asyncio.run(prepare())

    def run(role: Role | str) -> tuple[int, str, str]:
        for name, value in secured.login(role, namespace=namespace).items():
            monkeypatch.setenv(f"GOLDSTREAM_{name.upper()}", str(value))
        capsys.readouterr()
        code = cli.run(["why", "task", "t1"])
        return code, *capsys.readouterr()

    code, told, err = run("auditor")
    assert (code, err) == (0, "")
    assert "may not" not in told
    assert "too fast on t1" in told
    code, told, _ = run("administrator")
    assert code == 0
    assert "too fast on t1" in told
    assert "gold: may not be read by this login (goldstream topics acls: the role auditor may)" in told.splitlines()
    code, told, err = run("reader")
    assert (code, told) == (1, "")
    assert "projects" not in err
    unread = "tasks, gold, reviews, annotations.scored, outcomes, quality-events, dead-letters"
    assert f"{unread} could not be read" in err
    code, told, err = run(NOBODY)
    assert (code, told, err.count("\n")) == (1, "", 1)
    assert "none may be read by this login" in err

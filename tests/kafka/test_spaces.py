"""`goldstream spaces change` on a real broker: what it counts is what comes, though the worker is killed on the way."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.kafka.cluster import make_topics, publish, read_topic, settings_for, until, workers
from tests.kafka.reconciling import latest_labels, read_outputs, replay_all, replay_faults
from tests.kafka.secured import SecuredBroker
from tests.kafka.test_acls import client, send
from tests.kafka.workload import Message, annotation, encode, gold

TASKS, PARTITIONS = 2_400, 2
SPACE = {"type": "classification", "classes": ["cat", "dog", "fox", "wolf", "owl"]}


def project() -> Message:
    policy = {"redundancy": 2, "max_redundancy": 2, "weighting": "uniform"}
    return "projects", b"frozen", encode(project="frozen", policy=policy, label_spaces={"animals": SPACE})


def task(task_id: str) -> Message:
    question = {"question_id": "q", "label_space": "animals"}
    value = encode(task_id=task_id, project="frozen", task_type="classification", prompt="which?", questions=[question])
    return "tasks", task_id.encode(), value


async def spaces(settings: Mapping[str, object], *arguments: str) -> tuple[int, str, str]:
    """Run `goldstream spaces change` as a process; return its exit code and what it said."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GOLDSTREAM_")}
    environment = kept | {f"GOLDSTREAM_{name.upper()}": str(value) for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "streams.cli", "spaces", "change", *arguments, "--reason", "not told apart"),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(150):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_what_is_counted_is_what_comes_though_the_worker_is_killed_half_way(
    bootstrap: str, namespace: str, tmp_path: Path
) -> None:
    settings = settings_for(bootstrap, namespace, partitions=PARTITIONS)
    await make_topics(settings)
    names = [f"t{number}" for number in range(TASKS)]
    truths = {name: ("fox", "owl", "dog", "wolf")[number % 4] for number, name in enumerate(names)}
    golden = ["g0", "g1"]
    votes = [annotation(f"{who}-{name}", name, who, truths[name]) for name in names for who in ("ann", "bob")]
    change = ("frozen", "animals", "--rename", "fox=canine", "--rename", "wolf=canine", "--retire", "owl", "--json")

    async def labels() -> list[dict[str, Any]]:
        return [json.loads(record.value) for record in await read_topic(bootstrap, namespace, "labels")]

    async def are_settled() -> bool:
        return len(await labels()) >= TASKS

    async def has_begun() -> bool:
        return "label_space_changed" in {label["reason"] for label in await labels()}

    with workers(settings, tmp_path, 1) as (worker,):
        await until(worker.is_ready, seconds=60, what="ready")
        await publish(bootstrap, namespace, [project()])
        await publish(bootstrap, namespace, [task(name) for name in (*names, *golden)])
        await publish(bootstrap, namespace, [gold("g0", "fox"), gold("g1", "owl")])
        await publish(bootstrap, namespace, [annotation(f"cy-{name}", name, "cy", "dog") for name in golden])
        await publish(bootstrap, namespace, votes)
        await until(are_settled, seconds=120, what="every label")
        code, out, err = await spaces(settings, *change)
        assert code == 0, err
        counted = json.loads(out)
        assert {label["reason"] for label in await labels()} == {"agreed"}  # nothing was written
        command = asyncio.create_task(spaces(settings, *change, "--yes", "--timeout", "100"))
        await until(has_begun, seconds=60, what="the first labels in the new names")
        worker.kill()
        worker.start()
        code, out, err = await command
        assert code == 0, err
        came = json.loads(out)
        # A class that is no more is refused, one that has another name is taken for it.
        late = [annotation(f"dan-{name}", name, "dan", truths[name]) for name in names[:2]]
        await publish(bootstrap, namespace, late)
        dead = 'goldstream_dead_letters_total{reason="label_outside_space"}'
        await until(lambda: worker.metric(dead) == 1, seconds=30, what="the late answer's dead letter")

    expected = {"tasks": TASKS + 2, "labels": TASKS, "reopened": TASKS // 4 + 1, "votes": TASKS * 3 // 2 + 2}
    expected |= {"votes_taken_back": TASKS // 2, "gold": 1, "gold_withdrawn": 1, "verdicts_withdrawn": 0}
    assert {name: counted[name] for name in expected} == expected
    assert {**came, "written": False} == {**counted, "missing": 0}
    assert (counted["gold_tasks"], counted["after"]["classes"]) == (["g1"], ["cat", "dog", "canine"])
    outputs = await read_outputs(bootstrap, namespace)
    replays = await replay_all(bootstrap, namespace, PARTITIONS)
    assert replay_faults(outputs, replays, PARTITIONS) == []
    newest = latest_labels(outputs["labels"])
    for name in names:
        label = newest[name]
        if truths[name] == "owl":
            assert (label["status"], label["answers"]) == ("provisional", {})
        else:
            said = {"fox": "canine", "wolf": "canine", "dog": "dog"}[truths[name]]
            assert (label["status"], label["answers"]["q"]["label"], label["supersedes"]) == ("settled", said, 1)


async def test_a_change_that_is_none_is_told_and_changes_nothing(
    bootstrap: str, namespace: str, tmp_path: Path
) -> None:
    settings = settings_for(bootstrap, namespace, partitions=PARTITIONS)
    await make_topics(settings)
    with workers(settings, tmp_path, 1) as (worker,):
        await until(worker.is_ready, seconds=60, what="ready")
        await publish(bootstrap, namespace, [project()])

        async def is_known() -> bool:
            return bool(await read_topic(bootstrap, namespace, "globals.t"))

        await until(is_known, seconds=30, what="the project's settings")
        refused = {
            ("other", "animals", "--retire", "owl"): (1, f"project 'other': not in {namespace}, or removed"),
            ("frozen", "birds", "--retire", "owl"): (
                2,
                "SPACE: project 'frozen' has no label space 'birds'; it has: animals",
            ),
            ("frozen", "animals", "--retire", "bee"): (
                2,
                "SPACE: mappings.animals: 'bee' is no class of the label space",
            ),
            ("frozen", "animals", "--split", "owl=cat,barn owl"): (
                2,
                "SPACE: mappings.animals.owl: it is split into new",
            ),
        }
        for arguments, (code, said) in refused.items():
            found, out, err = await spaces(settings, *arguments, "--yes")
            assert (found, out) == (code, "")
            assert err.startswith(f"goldstream: {said}"), err
    assert len(await read_topic(bootstrap, namespace, "projects")) == 1


async def test_auditors_count_and_administrators_change(secured: SecuredBroker, namespace: str, tmp_path: Path) -> None:
    everybody: dict[str, Any] = {"namespace": namespace, "partitions": 1, "tick_s": 1.0}
    await make_topics({"broker": secured.bootstrap, **everybody})
    await secured.give_rights(namespace)
    change = ("frozen", "animals", "--retire", "owl")
    with workers(secured.login("worker", **everybody), tmp_path, 1) as (worker,):
        await until(worker.is_ready, seconds=60, what="ready")
        await send(client(secured.login("administrator")), namespace, project())
        auditor, administrator = (secured.login(role, **everybody) for role in ("auditor", "administrator"))

        async def counted() -> tuple[int, str, str]:
            return await spaces(auditor, *change)

        async def is_known() -> bool:
            return (await counted())[0] == 0

        await until(is_known, seconds=60, what="the project's settings")
        assert (await counted())[1].splitlines()[-1] == "nothing was written; --yes does it"
        code, _, err = await spaces(administrator, *change)
        assert (code, f"{namespace}.tasks-changelog" in err, len(err.splitlines())) == (1, True, 1), err
        code, _, err = await spaces(auditor, *change, "--yes")
        assert (code, "User:auditor may not " in err) == (1, True), err
        code, out, err = await spaces(administrator, *change, "--yes")
        assert (code, out.splitlines()[-1]) == (0, "done"), err

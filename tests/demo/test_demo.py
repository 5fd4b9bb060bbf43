"""The whole demo as a process: it ends by itself, its figures agree, and it leaves nothing behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DEMO = [sys.executable, "-m", "streams.cli", "demo"]
SHORT = ["--tasks", "150", "--seconds", "30"]
LIMIT = 55.0
BROKERS = Path.home() / ".calfkit" / "bin"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc"),
]


def processes() -> Iterator[tuple[int, int, int, str]]:
    """Yield (pid, parent, group, command line) of every process that is no zombie."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            state, parent, group = (entry / "stat").read_text().rpartition(") ")[2].split()[:3]
            if state != "Z":
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                yield int(entry.name), int(parent), int(group), command


def groups_of(parent: int) -> set[int]:
    return {group for _, owner, group, _ in processes() if owner == parent} - {os.getpgrp(), parent}


def in_groups(groups: set[int]) -> dict[int, str]:
    return {pid: command for pid, _, group, command in processes() if group in groups}


def gone(groups: set[int], seconds: float = 0.0) -> bool:
    deadline = time.monotonic() + seconds
    while in_groups(groups) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not in_groups(groups)


class Demo:
    """A demo without a terminal, in an empty directory, and the process groups that it started."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.output = ""
        self.groups: set[int] = set()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GOLDSTREAM_")}
        self.process = subprocess.Popen(
            [*DEMO, *arguments],
            cwd=folder,
            env={**environment, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def read(self, until: str | None = None) -> None:
        """Read to the line that has `until` in it, or to the end."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            self.groups |= groups_of(self.process.pid)
            if until is not None and until in line:
                return
        assert until is None, self.output

    def end(self) -> int:
        self.read()
        return self.process.wait(10)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    started: list[Demo] = []

    def start(*arguments: str) -> Demo:
        started.append(Demo(tmp_path, *arguments))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


def figures(pattern: str, text: str) -> tuple[int, ...]:
    match = re.search(pattern, text)
    assert match is not None, text
    return tuple(int(figure.replace(",", "")) for figure in match.groups())


def test_it_plays_and_sums_up_and_leaves_nothing(demo: Callable[..., Demo], tmp_path: Path) -> None:
    started = time.monotonic()
    brokers = set(BROKERS.glob("*"))
    run = demo(*SHORT, "--seed", "4")
    assert run.end() == 0, run.output
    assert time.monotonic() - started < LIMIT
    assert "\x1b" not in run.output
    assert "\r" not in run.output

    figure = r"([\d,]+)"
    sent, annotators, gold, taken_in, dead = figures(
        rf"{figure} sent in .* by {figure} annotators, {figure} on gold; {figure} taken in, {figure} dead", run.output
    )
    labels, tasks, settled, undecided = figures(
        rf"{figure} of {figure} tasks: {figure} settled, {figure} undecided", run.output
    )
    (right_of,) = figures(rf"goldstream +[\d.]+% of the {figure} settled", run.output)
    caught, wanted, missed = figures(rf"caught +{figure} of {figure} who .*; {figure} missed", run.output)
    wronged, honest = figures(rf"flagged wrongly +{figure} of {figure} honest", run.output)

    assert sent == taken_in
    assert 3 * tasks <= sent - gold <= 5 * tasks
    assert dead == 0
    assert tasks == labels == settled + undecided == 150
    assert right_of == settled
    assert caught + missed == wanted
    assert wanted + honest == annotators == 60
    assert wronged <= honest
    (accuracy,) = re.findall(r"goldstream +([\d.]+)% of", run.output)
    assert 75 < float(accuracy) <= 100

    lines = [line for line in run.output.splitlines() if "annotations/s" in line]
    assert len(lines) >= 2
    assert figures(rf"{figure} in +{figure} labels +{figure} open", lines[-1]) == (sent, labels, 0)
    assert re.search(r"metrics +http://127\.0\.0\.1:\d+/metrics while it ran", run.output)

    assert len(run.groups) == 2
    assert gone(run.groups)
    assert list(tmp_path.iterdir()) == []
    if brokers:
        assert set(BROKERS.glob("*")) == brokers


def test_it_says_when_time_was_up(demo: Callable[..., Demo]) -> None:
    run = demo("--tasks", "20000", "--seconds", "5")
    assert run.end() == 0, run.output
    (open_tasks,) = figures(r"cut short +time was up; ([\d,]+) tasks were still open", run.output)
    labels, tasks = figures(r"labels +([\d,]+) of ([\d,]+) tasks", run.output)
    assert labels + open_tasks == tasks == 20_000
    assert gone(run.groups)


@pytest.mark.parametrize(
    ("moment", "how"),
    [
        ("broker at", signal.SIGINT),
        ("topics created", signal.SIGTERM),
        ("annotations/s", signal.SIGINT),
        ("annotations/s", signal.SIGTERM),
    ],
)
def test_an_interrupt_is_clean(demo: Callable[..., Demo], tmp_path: Path, moment: str, how: signal.Signals) -> None:
    run = demo()
    run.read(until=moment)
    run.groups |= groups_of(run.process.pid)
    run.process.send_signal(how)
    started = time.monotonic()
    assert run.end() == 130, run.output
    assert time.monotonic() - started < 10
    assert run.output.endswith("goldstream: interrupted; everything that was started is stopped\n")
    assert "Traceback" not in run.output
    assert run.groups
    assert gone(run.groups)
    assert list(tmp_path.iterdir()) == []


def test_a_second_interrupt_does_not_disturb_the_clearing_up(demo: Callable[..., Demo]) -> None:
    run = demo()
    run.read(until="annotations/s")
    for _ in range(3):
        run.process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    assert run.end() == 130, run.output
    assert gone(run.groups)


def test_nothing_survives_it(demo: Callable[..., Demo], tmp_path: Path) -> None:
    run = demo()
    run.read(until="annotations/s")
    run.process.kill()
    assert gone(run.groups, seconds=15), in_groups(run.groups)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("victim", "line"),
    [
        ("streams.cli worker", "goldstream: the worker ended; the last lines of its log:"),
        ("memory://tansu", "goldstream: the embedded broker has ended by itself"),
    ],
)
def test_it_says_what_ended_too_early(demo: Callable[..., Demo], victim: str, line: str) -> None:
    run = demo()
    run.read(until="annotations/s")
    (pid,) = (
        pid for pid, command in in_groups(run.groups).items() if victim in command and not command.startswith("/bin/sh")
    )
    os.kill(pid, signal.SIGKILL)
    started = time.monotonic()
    assert run.end() == 1, run.output
    assert time.monotonic() - started < 10
    assert line in run.output.splitlines()
    assert gone(run.groups)


class Terminal:
    """A demo in a terminal of 100 columns and 40 lines, as the session's foreground process."""

    def __init__(self, *arguments: str) -> None:
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.environ["TERM"] = "xterm-256color"
            os.execv(sys.executable, [*DEMO, *arguments])  # noqa: S606 - as for S603
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.before = termios.tcgetattr(self.master)
        self.output = ""

    def read(self, until: str | None, seconds: float = LIMIT) -> None:
        deadline = time.monotonic() + seconds
        while until is None or until not in self.output:
            ready, _, _ = select.select([self.master], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"nothing more after {seconds} s: {self.output[-500:]}"
            try:
                got = os.read(self.master, 65536)
            except OSError:  # how a terminal says that nobody has it open any more
                got = b""
            if not got:
                assert until is None, self.output[-500:]
                return
            self.output += got.decode(errors="replace")


def test_in_a_terminal_it_draws_and_keeps_running_until_ctrl_c() -> None:
    terminal = Terminal(*SHORT, "--keep")
    try:
        terminal.read(until="the topics")
        groups = groups_of(terminal.pid)
        assert len(groups) == 2
        os.write(terminal.master, b"\x03")
        after = termios.tcgetattr(terminal.master)
        terminal.read(until=None, seconds=15)
        _, status = os.waitpid(terminal.pid, 0)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(terminal.pid, signal.SIGKILL)
        os.close(terminal.master)
    assert os.waitstatus_to_exitcode(status) == 0, terminal.output[-500:]
    for drawn in ("annotations/s", "labels out", "open tasks", "plain majority", "caught", "what came of it"):
        assert drawn in terminal.output
    hidden, shown = "\x1b[?25l", "\x1b[?25h"
    assert hidden in terminal.output
    assert terminal.output.rindex(shown) > terminal.output.rindex(hidden)
    assert "\x1b[?1049h" not in terminal.output
    assert after == terminal.before
    assert gone(groups)

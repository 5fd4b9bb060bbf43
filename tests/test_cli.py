"""The command line as its users meet it: a process, its exit code, its lines."""

from __future__ import annotations

import os
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams import brokers, cli
from streams.settings import Settings
from streams.settings_sources import SECRETS, flag_of

ROOT = Path(__file__).parent.parent
DEAD_LETTERS = ("dead-letters list", "dead-letters show", "dead-letters replay")
COMMANDS = (
    *("worker", "demo", "topics", "topics create", "topics list", "topics check", "settings"),
    *("dead-letters", *DEAD_LETTERS),
    *("replay", "simulate"),
    *("why", "snapshot", "snapshot diff", "spaces", "spaces change", "ranking"),
)


def goldstream(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.upper().startswith("GOLDSTREAM_")}
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", *command.split()],
        env={**clean, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def refusal(run: subprocess.CompletedProcess[str], code: int) -> str:
    """Return the only line of a command that failed as it should."""
    assert run.returncode == code, run.stderr
    assert run.stdout == ""
    (line,) = run.stderr.splitlines()
    assert line.startswith("goldstream: ")
    return line.removeprefix("goldstream: ")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    run = goldstream(f"{command} --help")
    assert run.returncode == 0, run.stderr
    assert re.search(rf"Example.*goldstream {command}|Commands:", run.stdout, re.DOTALL)


def test_the_workers_flags_are_the_settings() -> None:
    text = goldstream("worker --help").stdout
    for name in Settings.model_fields:
        flagged = f"{flag_of(name)} " in text
        assert flagged == (name not in SECRETS), name


def test_help_is_there_at_once() -> None:
    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        goldstream("worker --help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # The processor's seconds, not the clock's: what else the machine does is not our slowness.
    assert min(seconds() for _ in range(3)) < 0.3


@pytest.mark.parametrize(
    "command", ["--help", "worker --help", "dead-letters list --help", "why --help", "snapshot --help", "--version"]
)
def test_help_loads_no_kafka_client(command: str) -> None:
    code = f"import sys; from streams import cli; cli.run({command.split()!r}); print('aiokafka' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "False"


def test_version() -> None:
    run = goldstream("--version")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("goldstream ")


def test_without_a_command_the_help_is_shown() -> None:
    run = goldstream("")
    assert run.returncode == 2
    assert run.stderr.startswith("Usage: goldstream")


def test_a_wrong_setting_is_one_line_and_exit_code_2() -> None:
    line = refusal(goldstream("worker", GOLDSTREAM_WEB_PORT="x"), 2)
    assert line == "setting web_port (GOLDSTREAM_WEB_PORT): must be a valid integer, got 'x'"
    line = refusal(goldstream("topics check --partitions 0"), 2)
    assert line == "setting partitions (--partitions): must be greater than or equal to 1, got '0'"
    line = refusal(goldstream("demo --broker kafka://h:1"), 2)
    assert line == "setting broker (--broker): must be host:port[,host:port] without a scheme, got 'kafka://h:1'"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("worker --web-prt 1", "No such option: --web-prt"),
        ("worker --sasl-password x", "No such option: --sasl-password"),
        ("nonsense", "No such command 'nonsense'."),
        ("demo --seconds nan", "Invalid value for '--seconds'"),
        ("worker --broker", "Option '--broker' requires an argument."),
        ("topics list extra", "Got unexpected extra argument (extra)"),
        ("dead-letters list --limit 0", "Invalid value for '--limit'"),
        ("dead-letters show", "Missing argument 'ID'."),
        ("why", "Missing argument"),
        ("snapshot --out x", "Missing option '--as-of'."),
        ("snapshot diff x", "Missing argument 'B'."),
        ("snapshot differ x y", "Missing option '--as-of'."),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(command: str, message: str) -> None:
    line = refusal(goldstream(command), 2)
    assert line.startswith(message)
    assert line.endswith("--help)")


@pytest.mark.parametrize(
    "command",
    [
        *("topics create", "topics list", "topics check"),
        *("dead-letters list", "dead-letters show tasks/0/1", "dead-letters replay --yes"),
        *("why t1", "snapshot --as-of 1d --out /tmp/never-made", "ranking p"),
    ],
)
def test_no_broker_is_one_line_and_exit_code_3(command: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: it refuses
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        start = time.monotonic()
        line = refusal(goldstream(f"{command} --broker {address}"), 3)
    assert time.monotonic() - start < 10
    assert line == f"broker {address}: cannot be reached; is it running? (security_protocol is PLAINTEXT)"


@pytest.fixture
def silent() -> Iterator[str]:
    """Address of something that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_a_broker_that_does_not_answer_is_given_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], silent: str
) -> None:
    monkeypatch.setattr(brokers, "CONNECT_SECONDS", 0.3)
    assert cli.run(["topics", "check", "--broker", silent]) == 3
    assert capsys.readouterr().err == f"goldstream: broker {silent}: does not answer in time\n"


def test_the_wait_for_a_broker_is_about_ten_seconds() -> None:
    assert 5 <= brokers.CONNECT_SECONDS <= 10


def test_a_defect_is_one_line_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> str:
        raise ZeroDivisionError("a\nb")

    monkeypatch.setattr(cli, "markdown", broken)
    assert cli.run(["settings"]) == 70
    line = capsys.readouterr().err
    assert re.fullmatch(r"goldstream: a defect, please report it: ZeroDivisionError at test_cli\.py:\d+: a b\n", line)


def test_ctrl_c_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "markdown", interrupted)
    assert cli.run(["settings"]) == 130
    assert capsys.readouterr().err.strip() == ""


def test_a_reader_that_leaves_early_is_no_failure() -> None:
    command = f"{sys.executable} -m streams.cli settings | head -n 1"
    run = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.startswith("| flag |")
    assert run.stderr == ""

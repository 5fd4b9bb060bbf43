"""The compose file is one Docker would accept, runs commands that exist, and exposes no more than it must."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from streams.cli import commands
from streams.settings import ENV_PREFIX, Settings

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
WORKERS = {name: service for name, service in OURS.items() if service["command"] == ["worker"]}


def validate(file: Path) -> subprocess.CompletedProcess[str]:
    """Check `file` against the Compose specification's own schema, as check-jsonschema ships it."""
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", file],
        capture_output=True,
        text=True,
        check=False,
    )


def settings_of(service: dict[str, Any]) -> dict[str, str]:
    environment: dict[str, str] = service["environment"]
    return {
        name.removeprefix(ENV_PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(ENV_PREFIX)
    }


def test_the_file_follows_the_compose_specification() -> None:
    checked = validate(FILE)
    assert checked.returncode == 0, checked.stdout


def test_the_schema_would_notice(tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(FILE.read_text().replace("restart: unless-stopped", "restarts: unless-stopped"))
    assert validate(wrong).returncode == 1


@pytest.mark.parametrize("name", OURS)
def test_commands_exist(name: str) -> None:
    """Each word leads from a group to one of its commands, and the last command takes what follows."""
    command: click.Command = commands
    words = list(OURS[name]["command"])
    context = click.Context(command)
    while isinstance(command, click.Group):
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        command = found
    command.make_parser(click.Context(command)).parse_args(words)


@pytest.mark.parametrize("name", OURS)
def test_settings_are_known_and_valid(name: str) -> None:
    settings = Settings(**settings_of(OURS[name]))  # type: ignore[arg-type]  # strings, as the environment gives
    assert settings.broker == "kafka:19092"


def test_services_agree_on_what_must_be_equal() -> None:
    shared = ("broker", "namespace", "partitions", "replication")
    assert len({tuple(settings_of(service)[name] for name in shared) for service in OURS.values()}) == 1


def test_workers_have_names_of_their_own() -> None:
    assert len(WORKERS) == 2
    assert len({settings_of(service)["instance_id"] for service in WORKERS.values()}) == 2


@pytest.mark.parametrize("name", WORKERS)
def test_workers_are_healthy_when_ready(name: str) -> None:
    service = WORKERS[name]
    port = settings_of(service)["web_port"]
    assert f"http://127.0.0.1:{port}/ready" in " ".join(service["healthcheck"]["test"])
    assert [published.rpartition(":")[2] for published in service["ports"]] == [port]


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_loopback_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", SERVICES)
def test_services_have_no_rights_to_spare(name: str) -> None:
    service = SERVICES[name]
    user, _, group = service["user"].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_the_image_runs_as_the_same_user() -> None:
    assert {f"USER {service['user']}" for service in OURS.values()} == {
        line for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("USER ")
    }

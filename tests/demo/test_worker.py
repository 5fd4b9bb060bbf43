"""The demo's worker is told its settings, all of them and no others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from streams.demo.worker import environment
from streams.settings import Settings
from streams.settings_sources import load


def test_the_worker_loads_what_it_was_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOLDSTREAM_TICK_S", "7")
    monkeypatch.setenv("GOLDSTREAM_INSTANCE_ID", "somebody-else")
    told = Settings(
        broker="127.0.0.1:1",
        partitions=3,
        guarantee="effectively_once",
        web_port=1234,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_username="ann",
        sasl_password=SecretStr("hidden"),
    )
    for name, value in environment(told).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GOLDSTREAM_INSTANCE_ID")
    assert "GOLDSTREAM_INSTANCE_ID" not in environment(told)
    assert load() == told


def test_a_password_file_is_named_and_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = Settings(
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_username="ann",
        sasl_password=SecretStr("hidden"),
        sasl_password_file="password",  # noqa: S106 - the file's name
    )
    passed = environment(told)
    assert "GOLDSTREAM_SASL_PASSWORD" not in passed
    assert passed["GOLDSTREAM_SASL_PASSWORD_FILE"] == str(tmp_path / "password")


def test_the_rest_of_the_environment_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    passed = environment(Settings())
    assert passed["PATH"] == os.environ["PATH"]
    assert passed["PYTHONPATH"].endswith(os.pathsep + "/somewhere")

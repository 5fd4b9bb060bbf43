"""The client's own certificate, and what is kept out of logs."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from aiokafka.protocol.admin import SaslAuthenticateRequest_v0

from streams.security import client_security
from streams.settings import Settings, SettingsError
from streams.worker import start_logging
from tests.kafka.certificates import Authority, Certificate

SECRET, OTHER = "hunter2", "hunter3"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


def settings(shown: Certificate, **more: object) -> Settings:
    files = {"ssl_cert_file": str(shown.certificate), "ssl_key_file": str(shown.key)}
    return Settings(**{"security_protocol": "SSL", **files, **more})  # type: ignore[arg-type]  # validated by it


def test_an_encrypted_key_is_opened_with_its_password(authority: Authority) -> None:
    shown = authority.sign("client", name="worker", password=SECRET)
    made = settings(shown, ssl_key_password=SECRET)
    assert client_security(made)["ssl_context"].check_hostname
    assert SECRET not in repr(made)


def test_a_certificate_that_cannot_be_used_is_one_line_that_names_the_setting(
    authority: Authority, tmp_path: Path
) -> None:
    plain, locked = authority.sign("plain", name="worker"), authority.sign("locked", name="worker", password=SECRET)
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing")
    for made, line in (
        (settings(authority.sign("old", name="worker", expired=True)), "ssl_cert_file: has expired on Jan  2"),
        (settings(plain, ssl_cert_file=str(nothing)), "ssl_cert_file: must be a PEM file with a certificate"),
        (settings(plain, ssl_key_file=str(nothing)), "ssl_key_file: must be a PEM file with a private key"),
        (settings(plain, ssl_key_file=str(locked.key)), "ssl_key_password: must be given to open the key"),
        (settings(plain, ssl_key_file=str(tmp_path / "gone")), "ssl_key_file: must be a PEM file with a private key"),
        (settings(locked, ssl_key_password=OTHER), "ssl_key_password: does not open the key"),
        (settings(plain, ssl_key_file=str(authority.sign("b", name="b").key)), "ssl_key_file: is not the key of"),
    ):
        with pytest.raises(SettingsError, match=f"^setting {line}") as told:
            client_security(made)
        assert "hunter" not in str(told.value)
        assert "\n" not in str(told.value)


def test_what_aiokafka_sends_to_log_in_is_never_logged(capsys: pytest.CaptureFixture[str]) -> None:
    before = (logging.getLogger().handlers[:], logging.getLogger().level)
    try:
        start_logging("debug")
        login = SaslAuthenticateRequest_v0(b"\0worker\0" + SECRET.encode())
        logging.getLogger("aiokafka.conn").debug("%s Request %d: %s", "connection", 1, login)
        logging.getLogger("aiokafka.conn").debug("%s Request %d: %s", "connection", 2, "Metadata")
    finally:
        logging.getLogger().handlers[:], level = before
        logging.getLogger().setLevel(level)
    told = capsys.readouterr().err
    assert "Request 2: Metadata" in told
    assert SECRET not in told

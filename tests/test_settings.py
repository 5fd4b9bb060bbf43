"""Settings: where they come from, which are refused, and that no refusal shows a secret."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from streams.security import client_security
from streams.settings import GROUPS, Settings, SettingsError, group_of
from streams.settings_sources import flag_of, load, variable_of
from streams.settings_table import BEGIN, END, markdown

README = Path(__file__).parent.parent / "README.md"
SECRET = "hunter2-hunter2"  # noqa: S105 - of nothing; it must not appear
LOGIN = {"security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512", "sasl_username": "worker"}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.upper().startswith("GOLDSTREAM_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def refused(flags: dict[str, str] | None = None, config: Path | None = None) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as raised:
        load(flags, config=config)
    return raised.value.lines


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_are_what_the_design_says() -> None:
    settings = load()
    assert settings == Settings()
    assert (settings.broker, settings.namespace, settings.guarantee) == (
        "127.0.0.1:9092",
        "goldstream",
        "exactly_once",
    )
    timing = (settings.session_timeout_s, settings.rebalance_timeout_s, settings.heartbeat_s)
    assert (*timing, settings.transaction_timeout_s) == (6, 3, 1, 10)


def test_flags_win_over_environment_over_file_over_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = write(tmp_path / "x.toml", 'namespace = "file"\npartitions = 7\nweb_port = 1\n')
    monkeypatch.setenv("GOLDSTREAM_NAMESPACE", "environment")
    monkeypatch.setenv("GOLDSTREAM_WEB_PORT", "2")
    settings = load({"web_port": "3"}, config=config)
    assert (settings.web_port, settings.namespace, settings.partitions) == (3, "environment", 7)
    assert settings.replication == 1


def test_the_file_is_the_flags_or_the_variables_or_the_one_that_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(tmp_path / "goldstream.toml", 'namespace = "there"')
    assert load().namespace == "there"
    monkeypatch.setenv("GOLDSTREAM_CONFIG", str(write(tmp_path / "v.toml", 'namespace = "variable"')))
    assert load().namespace == "variable"
    assert load(config=write(tmp_path / "f.toml", 'namespace = "flag"')).namespace == "flag"


def test_constructing_settings_reads_no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOLDSTREAM_PARTITIONS", "9")
    write(tmp_path / "goldstream.toml", "partitions = 8")
    assert Settings().partitions == 4


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Settings().partitions = 5  # type: ignore[misc] # that it is refused is what is tested


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDSTREAM_INSTANCE_ID", "")
    assert load().instance_id is None


@pytest.mark.parametrize(
    ("name", "value", "expectation"),
    [
        ("broker", "kafka://h:9092", "must be host:port[,host:port] without a scheme"),
        ("broker", "h", "must be host:port[,host:port] without a scheme"),
        ("broker", "h:0", "must be host:port[,host:port] without a scheme"),
        ("broker", "h:65536", "must be host:port[,host:port] without a scheme"),
        ("broker", "h:9092,", "must be host:port[,host:port] without a scheme"),
        ("namespace", "Gold_Stream", "must match ^[a-z0-9-]{1,64}$"),
        ("namespace", "n" * 65, "must match ^[a-z0-9-]{1,64}$"),
        ("partitions", "0", "must be greater than or equal to 1"),
        ("partitions", "257", "must be less than or equal to 256"),
        ("partitions", "four", "must be a valid integer"),
        ("guarantee", "at_most_once", "must be 'exactly_once' or 'effectively_once'"),
        ("instance_id", "a b", "must match ^[A-Za-z0-9._-]{1,200}$"),
        ("web_port", "65536", "must be less than or equal to 65535"),
        ("web_port", "-1", "must be greater than or equal to 0"),
        ("log_level", "loud", "must be 'debug', 'info', 'warning' or 'error'"),
        ("tick_s", "nan", "must be a finite number"),
        ("held_days", "inf", "must be a finite number"),
        ("retention_days", "0", "must be greater than 0"),
        ("max_value_bytes", "400001", "must be less than or equal to 400000"),
        ("fetch_records", "5001", "must be at most batch_records (5000)"),
        ("heartbeat_s", "2.5", "must be at most a third of session_timeout_s (6)"),
        ("transaction_timeout_s", "5", "must be at least session_timeout_s (6)"),
        ("ssl_ca_file", "ca.pem", "may only be given with security_protocol SSL or SASL_SSL"),
    ],
)
def test_a_wrong_value_is_one_line_that_says_where_it_came_from(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expectation: str
) -> None:
    monkeypatch.setenv(variable_of(name), value)
    assert refused() == (f"setting {name} ({variable_of(name)}): {expectation}, got {value!r}",)
    monkeypatch.delenv(variable_of(name))
    assert refused({name: value}) == (f"setting {name} ({flag_of(name)}): {expectation}, got {value!r}",)


def test_each_wrong_value_has_its_line() -> None:
    assert refused({"web_port": "x", "partitions": "0"}) == (
        "setting partitions (--partitions): must be greater than or equal to 1, got '0'",
        "setting web_port (--web-port): must be a valid integer, got 'x'",
    )


def test_a_heartbeat_must_tell_of_a_rebalance_in_time() -> None:
    line = "setting heartbeat_s (default): must be less than rebalance_timeout_s (0.5), got 1.0"
    assert refused({"rebalance_timeout_s": "0.5"}) == (line,)


def test_a_wrong_value_in_the_file_names_the_file(tmp_path: Path) -> None:
    config = write(tmp_path / "my.toml", "web_port = true")
    assert refused(config=config) == (f"setting web_port (web_port in {config}): must not be a boolean, got True",)


def test_a_long_value_is_cut() -> None:
    assert len(refused({"namespace": "n" * 10_000})[0]) < 250


@pytest.mark.parametrize("value", ["h:9092", "a.b-c:1,10.0.0.1:65535", "[::1]:9092"])
def test_addresses_that_are_accepted(value: str) -> None:
    assert load({"broker": value}).broker == value


def test_spaces_around_addresses_do_not_matter() -> None:
    assert load({"broker": " a:1, b:2 "}).broker == "a:1,b:2"


def test_unknown_variables_and_keys_name_the_nearest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    unknown = write(tmp_path / "x.toml", "webport = 1\n[brokers]\na = 1\n")
    assert refused(config=unknown) == (
        f"unknown setting webport in {unknown}; the nearest is web_port",
        f"unknown setting brokers in {unknown}; the nearest is broker",
    )
    monkeypatch.setenv("GOLDSTREAM_WEB_PROT", "1")
    line = "unknown variable GOLDSTREAM_WEB_PROT in the environment; the nearest is GOLDSTREAM_WEB_PORT"
    assert refused() == (line,)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no such file"),
        (b"web_port = = 1", "Invalid value (at line 1, column 12)"),
        (b"\xff\xfe", "not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, content: bytes | None, reason: str) -> None:
    config = tmp_path / "x.toml"
    if content is not None:
        config.write_bytes(content)
    assert refused(config=config) == (f"settings file {config}: {reason}",)


def test_a_folder_is_no_settings_file(tmp_path: Path) -> None:
    assert refused(config=tmp_path) == (f"settings file {tmp_path}: no such file",)


def test_a_password_comes_from_the_environment_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDSTREAM_SASL_PASSWORD", f" {SECRET} ")
    settings = load(LOGIN)
    assert settings.sasl_password is not None
    assert settings.sasl_password.get_secret_value() == f" {SECRET} "
    assert SECRET not in f"{settings} {settings!r} {settings.model_dump_json()}"


def test_a_password_comes_from_its_file_without_the_line_end(tmp_path: Path) -> None:
    path = write(tmp_path / "password", f"{SECRET}\n")
    security = client_security(load({**LOGIN, "sasl_password_file": str(path)}))
    assert security["sasl_plain_password"] == SECRET
    assert security["sasl_mechanism"] == "SCRAM-SHA-512"
    assert security["ssl_context"].check_hostname


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff"])
def test_a_password_file_that_gives_none_is_one_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
    (line,) = refused({**LOGIN, "sasl_password_file": str(path)})
    assert line.startswith("setting sasl_password_file (--sasl-password-file): ")


def test_a_password_does_not_stand_in_the_settings_file(tmp_path: Path) -> None:
    config = write(tmp_path / "x.toml", f'sasl_password = "{SECRET}"')
    (line,) = refused(LOGIN, config)
    assert line.startswith(
        f"setting sasl_password (sasl_password in {config}): must come from GOLDSTREAM_SASL_PASSWORD"
    )
    assert SECRET not in line


def test_there_is_one_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOLDSTREAM_SASL_PASSWORD", SECRET)
    (line,) = refused({**LOGIN, "sasl_password_file": str(write(tmp_path / "p", SECRET))})
    assert "must not be given together with GOLDSTREAM_SASL_PASSWORD" in line
    assert SECRET not in line


@pytest.mark.parametrize("missing", ["sasl_mechanism", "sasl_username", "sasl_password"])
def test_a_login_is_complete(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setenv("GOLDSTREAM_SASL_PASSWORD", "" if missing == "sasl_password" else SECRET)
    (line,) = refused({name: value for name, value in LOGIN.items() if name != missing})
    assert line.startswith(f"setting {missing} (default): must be given with security_protocol SASL_PLAINTEXT")


def test_a_password_needs_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDSTREAM_SASL_PASSWORD", SECRET)
    (line,) = refused()
    assert "may only be given with security_protocol SASL_PLAINTEXT or SASL_SSL" in line
    assert SECRET not in line


def test_credentials_pasted_into_an_address_are_not_shown() -> None:
    (line,) = refused({"broker": f"kafka://me:{SECRET}@h:9092"})
    assert SECRET not in line


def test_not_even_a_validation_error_shows_a_password() -> None:
    with pytest.raises(ValidationError) as raised:
        Settings(sasl_password=SECRET, web_port=-1)
    assert SECRET not in str(raised.value)


def test_an_authority_that_is_no_certificate_is_refused_before_anything_connects(tmp_path: Path) -> None:
    for path in (
        tmp_path / "missing.pem",
        write(tmp_path / "empty.pem", ""),
        write(tmp_path / "x.pem", "no PEM"),
    ):
        with pytest.raises(SettingsError, match="ssl_ca_file: must be a PEM file with a certificate"):
            client_security(Settings(security_protocol="SSL", ssl_ca_file=str(path)))


@given(st.text(max_size=30))
def test_any_text_is_accepted_or_refused_in_one_line(text: str) -> None:
    for name in ("broker", "namespace", "partitions", "tick_s", "web_host", "log_level"):
        problems: tuple[str, ...] = ()
        try:
            load({name: text})
        except SettingsError as error:
            problems = error.lines
        assert all(line.splitlines() == [line] for line in problems)


def test_every_setting_is_described_and_in_the_table() -> None:
    table = markdown()
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert group_of(field) in GROUPS
        assert table.count(f"| `{variable_of(name)}` |") == 1
    assert "`--sasl-password`" not in table


def test_the_readme_has_the_table_of_settings() -> None:
    text = README.read_text(encoding="utf-8")
    between = text.partition(f"{BEGIN}\n")[2].partition(END)[0]
    assert between.strip() == markdown().strip(), "print the current one with: goldstream settings"

"""Every setting of goldstream, each declared once: its default, its limits and what it is for.

A `Settings` value reads nothing but its arguments; `streams.settings_sources.load` fills one from flags,
environment and file. The module is long because the declarations are.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from streams.failures import Failure

ENV_PREFIX = "GOLDSTREAM_"

Group = Literal["Kafka", "Worker", "Batches", "Timing", "Retention", "Security"]
GROUPS: tuple[Group, ...] = get_args(Group)
CLIENT_GROUPS: tuple[Group, ...] = ("Kafka", "Security")
"""What a command needs that only talks to the brokers."""

Guarantee = Literal["exactly_once", "effectively_once"]
LogLevel = Literal["debug", "info", "warning", "error"]
SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]"
_ADDRESS = re.compile(rf"(?:{_HOST}):(?P<port>[0-9]{{1,5}})")


class SettingsError(Failure):
    """Settings are wrong: a line for each, none of which holds a secret. Nothing has been connected yet."""

    exit_code = 2


def _setting(group: Group, about: str, default: Any, *, flag: bool = True, **limits: Any) -> Any:
    return Field(default=default, description=about, json_schema_extra={"group": group, "flag": flag}, **limits)


def group_of(field: FieldInfo) -> str:
    """Return the heading under which help and README show the field."""
    extra = field.json_schema_extra
    return str(extra["group"]) if isinstance(extra, dict) else ""


def has_flag(field: FieldInfo) -> bool:
    """Return whether the field may be given on the command line, which everyone on the machine can read."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra["flag"])


def _addresses(value: str) -> str:
    parts = [part.strip() for part in value.split(",")]
    for part in parts:
        match = _ADDRESS.fullmatch(part)
        if match is None or not 1 <= int(match["port"]) <= 65535:
            raise ValueError("must be host:port[,host:port] without a scheme")
    return ",".join(parts)


Addresses = Annotated[str, AfterValidator(_addresses)]


class Settings(BaseSettings):
    """What a worker, the demo and the topics commands need to know.

    Frozen, compared by value; secrets are masked when it is printed.

    Raises
    ------
    pydantic.ValidationError
        A value is outside its limits, two values contradict each other, or a name is unknown.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )

    broker: Addresses = _setting(
        "Kafka",
        "Kafka brokers to start from: host:port, several separated by commas.",
        "127.0.0.1:9092",
    )
    namespace: str = _setting(
        "Kafka",
        "Prefix of every topic, of the consumer group and of the transactional ids: "
        "lower-case letters, digits and hyphens, at most 64. Two namespaces may share a cluster.",
        "goldstream",
        pattern=r"^[a-z0-9-]{1,64}$",
    )
    partitions: int = _setting(
        "Kafka",
        "Partitions of every topic, fixed once a namespace is created; at most so many workers share them.",
        4,
        ge=1,
        le=256,
    )
    replication: int = _setting(
        "Kafka",
        "Copies the brokers keep of every topic; with 3, a write is acknowledged by at least 2.",
        1,
        ge=1,
        le=16,
    )

    guarantee: Guarantee = _setting(
        "Worker",
        "exactly_once needs a broker with transactions; effectively_once is for the embedded broker.",
        "exactly_once",
    )
    instance_id: str | None = _setting(
        "Worker",
        "Stable name of this worker, unique in its namespace: it may restart within the session timeout "
        "without a rebalance. Letters, digits, dot, underscore and hyphen.",
        None,
        pattern=r"^[A-Za-z0-9._-]{1,200}$",
    )
    web_host: str = _setting(
        "Worker",
        "Address that serves /metrics and readiness.",
        "127.0.0.1",
        min_length=1,
        max_length=255,
    )
    web_port: int = _setting(
        "Worker",
        "Port that serves /metrics and readiness; 0 takes a free one and logs it.",
        6066,
        ge=0,
        le=65535,
    )
    log_level: LogLevel = _setting("Worker", "Least severe message that is logged.", "info")

    batch_records: int = _setting(
        "Batches",
        "Most source records in one transaction: more is faster, less is sooner visible.",
        5000,
        ge=1,
        le=1_000_000,
    )
    fetch_records: int = _setting(
        "Batches",
        "Most records taken from one partition at once; at most batch_records.",
        2000,
        ge=1,
        le=1_000_000,
    )
    max_value_bytes: int = _setting(
        "Batches",
        "Largest value that is processed, in bytes; a larger one becomes a dead letter.",
        262_144,
        ge=1024,
        le=400_000,
    )
    tick_s: float = _setting(
        "Batches",
        "Seconds between two ticks, the only clock that state sees.",
        1.0,
        ge=0.1,
        le=60,
    )

    session_timeout_s: float = _setting(
        "Timing",
        "Seconds of silence after which the group takes a worker for dead; brokers accept no less than 6.",
        6.0,
        ge=1,
        le=1800,
    )
    rebalance_timeout_s: float = _setting(
        "Timing",
        "Seconds a worker has to finish its transactions and join again when the group rebalances.",
        3.0,
        gt=0,
        le=1800,
    )
    heartbeat_s: float = _setting(
        "Timing",
        "Seconds between heartbeats: at most a third of session_timeout_s, less than rebalance_timeout_s.",
        1.0,
        ge=0.05,
        le=600,
    )
    transaction_timeout_s: float = _setting(
        "Timing",
        "Seconds after which the broker aborts an open transaction and fences its worker; at least session_timeout_s.",
        10.0,
        ge=1,
        le=900,
    )

    retention_days: float = _setting(
        "Retention",
        "Days a closed task keeps its votes; after that a correction is only reported.",
        30.0,
        gt=0,
        le=3650,
    )
    held_days: float = _setting(
        "Retention",
        "Days an annotation waits for its task before it becomes a dead letter.",
        7.0,
        gt=0,
        le=3650,
    )

    security_protocol: SecurityProtocol = _setting("Security", "How brokers are spoken to.", "PLAINTEXT")
    sasl_mechanism: SaslMechanism | None = _setting(
        "Security",
        "How to log in; needed with SASL_PLAINTEXT and SASL_SSL.",
        None,
    )
    sasl_username: str | None = _setting("Security", "Name to log in with.", None, min_length=1)
    sasl_password: SecretStr | None = _setting(
        "Security",
        "Password to log in with; only from the environment, or use sasl_password_file.",
        None,
        flag=False,
        min_length=1,
    )
    sasl_password_file: str | None = _setting(
        "Security",
        "File that holds the password and nothing else.",
        None,
        min_length=1,
    )
    ssl_ca_file: str | None = _setting(
        "Security",
        "PEM file of the authority that signed the brokers' certificates; without it the system's.",
        None,
        min_length=1,
    )
    ssl_cert_file: str | None = _setting(
        "Security",
        "PEM file with this client's certificate and what leads to its authority, for mutual TLS.",
        None,
        min_length=1,
    )
    ssl_key_file: str | None = _setting(
        "Security",
        "PEM file with the private key of ssl_cert_file.",
        None,
        min_length=1,
    )
    ssl_key_password: SecretStr | None = _setting(
        "Security",
        "Password of an encrypted ssl_key_file; only from the environment, or use ssl_key_password_file.",
        None,
        flag=False,
        min_length=1,
    )
    ssl_key_password_file: str | None = _setting(
        "Security",
        "File that holds the key's password and nothing else.",
        None,
        min_length=1,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings passes it by this name
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing but the arguments: a test or a caller gets what it wrote."""
        return (init_settings,)

    @field_validator("*", mode="before")
    @classmethod
    def _no_booleans(cls, value: object) -> object:
        if isinstance(value, bool):  # pydantic would read `web_port = true` as port 1
            raise ValueError("must not be a boolean")  # noqa: TRY004 - pydantic collects ValueErrors only
        return value

    @model_validator(mode="after")
    def _agree(self) -> Self:
        sasl = self.security_protocol.startswith("SASL_")
        login = f"{'must' if sasl else 'may only'} be given with security_protocol SASL_PLAINTEXT or SASL_SSL"
        tls = self.security_protocol.endswith("SSL")
        with_tls = "may only be given with security_protocol SSL or SASL_SSL"
        session, rebalance = self.session_timeout_s, self.rebalance_timeout_s
        for setting, holds, must in (
            (
                "fetch_records",
                self.fetch_records <= self.batch_records,
                f"must be at most batch_records ({self.batch_records})",
            ),
            (
                "heartbeat_s",
                self.heartbeat_s * 3 <= session,
                f"must be at most a third of session_timeout_s ({session:g})",
            ),
            (
                "heartbeat_s",
                self.heartbeat_s < rebalance,
                f"must be less than rebalance_timeout_s ({rebalance:g})",
            ),
            (
                "transaction_timeout_s",
                self.transaction_timeout_s >= session,
                f"must be at least session_timeout_s ({session:g})",
            ),
            ("sasl_mechanism", sasl == (self.sasl_mechanism is not None), login),
            ("sasl_username", sasl == (self.sasl_username is not None), login),
            ("sasl_password", sasl == (self.sasl_password is not None), login),
            ("ssl_ca_file", tls or self.ssl_ca_file is None, with_tls),
            ("ssl_cert_file", tls or self.ssl_cert_file is None, with_tls),
            (
                "ssl_key_file",
                (self.ssl_key_file is None) == (self.ssl_cert_file is None),
                "must be given together with ssl_cert_file, and only then",
            ),
            (
                "ssl_key_password",
                self.ssl_key_password is None or self.ssl_key_file is not None,
                "may only be given with ssl_key_file",
            ),
        ):
            if not holds:
                raise PydanticCustomError("disagreement", "{must}", {"setting": setting, "must": must})
        return self

"""How Kafka clients log in and whom they trust: the security settings as aiokafka's arguments."""

from __future__ import annotations

import ssl
from typing import Any

from faust.auth import SASLCredentials, SSLCredentials
from faust.types.auth import SASLMechanism

from streams.settings import Settings, SettingsError


def client_security(settings: Settings) -> dict[str, Any]:
    """Return aiokafka's security arguments, the same for producers, consumers and administration.

    Raises
    ------
    SettingsError
        `ssl_ca_file` is not a readable PEM file with a certificate.
    """
    options: dict[str, Any] = {"security_protocol": settings.security_protocol}
    if settings.security_protocol.endswith("SSL"):
        options["ssl_context"] = _trust(settings.ssl_ca_file)
    if settings.sasl_password is not None:
        options["sasl_mechanism"] = settings.sasl_mechanism
        options["sasl_plain_username"] = settings.sasl_username
        options["sasl_plain_password"] = settings.sasl_password.get_secret_value()
    return options


def faust_credentials(settings: Settings) -> SASLCredentials | SSLCredentials | None:
    """Return what `client_security` says in Faust's words, for its consumer and producer.

    Raises
    ------
    SettingsError
        As `client_security`.
    """
    options = client_security(settings)
    trust = options.get("ssl_context")
    if "sasl_mechanism" in options:
        return SASLCredentials(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            mechanism=SASLMechanism(options["sasl_mechanism"]),
            ssl_context=trust,
        )
    return None if trust is None else SSLCredentials(trust)


def _trust(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        reason = error.strerror or str(error) if not isinstance(error, ssl.SSLError) else "no certificate in it"
        raise SettingsError(
            f"setting ssl_ca_file: must be a PEM file with a certificate ({reason.lower()}), got {ca_file!r}"
        ) from None

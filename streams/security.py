"""How Kafka clients log in, whom they trust and who they are: the security settings as aiokafka's arguments."""

from __future__ import annotations

import ssl
import time
from typing import Any

from faust.auth import SASLCredentials, SSLCredentials
from faust.types.auth import SASLMechanism

from streams.settings import Settings, SettingsError


def client_security(settings: Settings) -> dict[str, Any]:
    """Return aiokafka's security arguments, the same for producers, consumers and administration.

    Raises
    ------
    SettingsError
        `ssl_ca_file`, `ssl_cert_file` or `ssl_key_file` is not what it should be.
    """
    options: dict[str, Any] = {"security_protocol": settings.security_protocol}
    if settings.security_protocol.endswith("SSL"):
        context = options["ssl_context"] = _trust(settings.ssl_ca_file)
        if settings.ssl_cert_file is not None:
            _identify(context, settings.ssl_cert_file, settings)
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
        raise SettingsError(
            f"setting ssl_ca_file: must be a PEM file with a certificate ({_reason(error)}), got {ca_file!r}"
        ) from None


def _identify(context: ssl.SSLContext, certificate: str, settings: Settings) -> None:
    """Make `context` show the client's certificate."""
    key, secret = settings.ssl_key_file, settings.ssl_key_password
    was_asked = False

    def password() -> str:  # without a function OpenSSL would ask on the terminal
        nonlocal was_asked
        was_asked = True
        return secret.get_secret_value() if secret is not None else ""

    try:
        ssl.create_default_context().load_verify_locations(certificate)
    except OSError as error:
        raise SettingsError(
            f"setting ssl_cert_file: must be a PEM file with a certificate ({_reason(error)}), got {certificate!r}"
        ) from None
    # Told before anything connects: a broker that refuses it need not say why.
    ends = ssl._ssl._test_decode_cert(certificate)["notAfter"]  # type: ignore[attr-defined]  # `ssl` has no public way
    if ssl.cert_time_to_seconds(ends) < time.time():
        raise SettingsError(f"setting ssl_cert_file: has expired on {ends}: renew it, got {certificate!r}")
    try:
        context.load_cert_chain(certificate, key, password)
    except OSError as error:
        if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
            raise SettingsError(f"setting ssl_key_file: is not the key of ssl_cert_file, got {key!r}") from None
        if was_asked:
            must = "does not open" if secret is not None else "must be given to open"
            raise SettingsError(f"setting ssl_key_password: {must} the key in ssl_key_file {key!r}") from None
        raise SettingsError(
            f"setting ssl_key_file: must be a PEM file with a private key ({_reason(error)}), got {key!r}"
        ) from None


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return "nothing of the kind in it"
    return (error.strerror or str(error)).lower()

"""Why the brokers do not let this program in, or do not do what it asks: one line with the setting and the remedy.

aiokafka tells of a failed connection only that it failed. So that it need not be guessed, the connection is tried once
more here, step by step.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from aiokafka import errors as kafka
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.protocol.admin import SaslHandShakeRequest
from aiokafka.protocol.metadata import MetadataRequest

ATTEMPT_SECONDS = 4.0

_EXPIRED, _NOT_YET_VALID, _OTHER_HOST, _OTHER_ADDRESS = 10, 9, 62, 64
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})
"""OpenSSL's reasons to refuse a certificate, X509_V_ERR_*."""

_CLOSED = (OSError, EOFError, kafka.KafkaConnectionError, TimeoutError)


async def refusal(bootstrap: str, security: Mapping[str, Any], *more: tuple[str, int]) -> str | None:
    """Return why the first broker that refuses us does; None when none that is there does.

    Parameters
    ----------
    bootstrap : str
        ``host:port[,host:port]``.
    security : mapping
        aiokafka's security arguments.
    more : pairs of host and port
        Brokers that were heard of since.
    """
    async for broker, reason in _answers(bootstrap, security, *more):
        if reason is not None:
            return f"broker {broker}: {reason}"
    return None


async def refusal_by_all(bootstrap: str, security: Mapping[str, Any]) -> str | None:
    """Return why the first broker refuses us when all that are there do; None when one lets us in, or none is there.

    Where logins or certificates are changed broker by broker, some refuse for a while.
    """
    refused = None
    async for broker, reason in _answers(bootstrap, security):
        if reason is None:
            return None
        refused = refused or f"broker {broker}: {reason}"
    return refused


async def _answers(
    bootstrap: str, security: Mapping[str, Any], *more: tuple[str, int]
) -> AsyncIterator[tuple[str, str | None]]:
    """Yield each broker that is there, as host and port, with why it refuses us or None."""
    known = [(host, port) for host, port, _ in AIOKafkaClient(bootstrap_servers=bootstrap).hosts]
    for host, port in dict.fromkeys((*known, *more)):
        try:
            yield f"{host}:{port}", await _reason(host, port, security)
        except _Away:
            continue


class _Away(Exception):
    """No broker is there, or what is there does not say why it refuses us."""


def missing_right(error: BaseException, security: Mapping[str, Any]) -> str | None:
    """Return what the brokers did not allow and who must be given it; None when `error` is something else."""
    for cause in _causes(error):
        for kind, (what, operations) in _RIGHTS.items():
            if isinstance(cause, kind):
                name = ", ".join(sorted(_names(cause)))
                return not_allowed(f"use {what}{f' {name}' if name else ''}", operations, security)
    return None


def not_allowed(action: str, operations: str, security: Mapping[str, Any]) -> str:
    """Return the line for a right that is missing: `action` as in "may not ...", `operations` by Kafka's names."""
    name = security.get("sasl_plain_username")
    who = f"User:{name}" if name else "this client's principal"
    return f"{who} may not {action} ({operations}): give it its role's rights with goldstream topics acls"


_RIGHTS: Mapping[type[BaseException], tuple[str, str]] = {
    kafka.TopicAuthorizationFailedError: ("topic", "Read, Write or Describe"),
    kafka.GroupAuthorizationFailedError: ("group", "Read"),
    kafka.TransactionalIdAuthorizationFailed: ("transactional id", "Write"),
    kafka.ClusterAuthorizationFailedError: ("the cluster", "IdempotentWrite or Alter"),
}


def _names(error: BaseException) -> Iterator[str]:
    for argument in error.args:
        yield from [argument] if isinstance(argument, str) else map(str, argument)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


async def _reason(host: str, port: int, security: Mapping[str, Any]) -> str | None:
    """Return why a broker refuses us; None when it lets us in."""
    try:
        link = await _connect(host, port, security)
    except (OSError, kafka.KafkaError, TimeoutError) as error:
        reason = await _why_not_connected(error, host, port, security)
    else:
        try:
            await link.send(MetadataRequest([]))
        except _CLOSED:
            reason = await _why_no_answer(host, port, security)
        else:
            return None
        finally:
            link.close()
    if reason is None:
        raise _Away
    return reason


async def _connect(host: str, port: int, security: Mapping[str, Any]) -> AIOKafkaConnection:
    return await create_conn(host, port, request_timeout_ms=int(ATTEMPT_SECONDS * 1000), **security)


async def _why_not_connected(error: BaseException, host: str, port: int, security: Mapping[str, Any]) -> str | None:
    for cause in _causes(error):
        reason = _about_tls(cause) or await _about_login(cause, host, port, security)
        if reason is not None:
            return reason
    if isinstance(error, ConnectionRefusedError):
        return None
    return await _about_protocol(host, port, security["security_protocol"])


def _about_tls(error: BaseException) -> str | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error)
    if isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or ""):
        return _alert(error.reason)
    return None


async def _about_login(error: BaseException, host: str, port: int, security: Mapping[str, Any]) -> str | None:
    if isinstance(error, kafka.SaslAuthenticationFailed):
        return (
            f"refused the login of {security['sasl_plain_username']}: check sasl_username, the password "
            "(sasl_password or sasl_password_file) and sasl_mechanism"
        )
    if isinstance(error, kafka.UnsupportedSaslMechanismError):
        offered = await _mechanisms(host, port, security)
        return f"does not know sasl_mechanism {security['sasl_mechanism']}: set one it knows ({offered})"
    if isinstance(error, kafka.IllegalSaslStateError):
        protocol = security["security_protocol"].removeprefix("SASL_")
        return f"takes no login: set security_protocol to {protocol}, without the sasl settings"
    return None


async def _about_protocol(host: str, port: int, protocol: str) -> str | None:
    if protocol.endswith("PLAINTEXT"):
        other = protocol.replace("PLAINTEXT", "SSL")
        return f"speaks TLS at this port: set security_protocol to {other}" if await _speaks_tls(host, port) else None
    if not await _speaks_plainly(host, port):
        return None
    other = "SASL_PLAINTEXT" if protocol == "SASL_SSL" else "PLAINTEXT"
    return f"speaks without TLS at this port: set broker to its TLS port, or security_protocol to {other}"


async def _why_no_answer(host: str, port: int, security: Mapping[str, Any]) -> str | None:
    """Say whether a broker that hung up wanted a login first."""
    protocol = security["security_protocol"]
    mechanisms = "" if protocol.startswith("SASL_") else await _mechanisms(host, port, security)
    if not mechanisms:
        return None
    return (
        f"asks for a login: set security_protocol to SASL_{protocol}, sasl_mechanism ({mechanisms}), sasl_username "
        "and the password"
    )


async def _mechanisms(host: str, port: int, security: Mapping[str, Any]) -> str:
    """Return the ways to log in that a broker offers, separated by commas; empty where it offers none."""
    protocol = security["security_protocol"].removeprefix("SASL_")
    try:
        link = await _connect(host, port, {"security_protocol": protocol, "ssl_context": security.get("ssl_context")})
        try:
            # An answer to a mechanism that does not exist lists those that do.
            answer = await link.send(SaslHandShakeRequest("NONE"))
        finally:
            link.close()
    except _CLOSED:
        return ""
    return ", ".join(sorted(answer.enabled_mechanisms))


async def _speaks_plainly(host: str, port: int) -> bool:
    try:
        link = await _connect(host, port, {"security_protocol": "PLAINTEXT"})
    except (OSError, kafka.KafkaError, TimeoutError):
        return False
    link.close()
    return True


async def _speaks_tls(host: str, port: int) -> bool:
    # Nothing is sent but the greeting: whom it meets does not matter.
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    try:
        async with asyncio.timeout(ATTEMPT_SECONDS):
            _, writer = await asyncio.open_connection(host, port, ssl=anyone)
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True


def _certificate(error: ssl.SSLCertVerificationError) -> str:
    code = error.verify_code
    if code == _EXPIRED:
        return "its certificate has expired: renew it there, or check the clock here"
    if code == _NOT_YET_VALID:
        return "its certificate is not yet valid: check the clocks there and here"
    if code in {_OTHER_HOST, _OTHER_ADDRESS}:
        return "its certificate is for another host name: set broker to a name that is in it, or add this one to it"
    if code in _UNKNOWN_AUTHORITY:
        return (
            "its certificate is from an authority that is not known here: set ssl_ca_file to that authority's PEM file"
        )
    return f"its certificate is not accepted ({error.verify_message}): check ssl_ca_file"


def _alert(reason: str) -> str:
    # Java's brokers say "bad certificate" where there is none, and "certificate unknown" whatever is wrong with it.
    words = reason.partition("ALERT_")[2].replace("_", " ").lower()
    if "certificate" in words or words == "unknown ca":
        return (
            f"wants a certificate from us, and not this one if one was given ({words}): set ssl_cert_file and "
            "ssl_key_file to one that has not expired, from an authority it trusts"
        )
    return f"ended the TLS handshake ({words}): check security_protocol, ssl_ca_file and ssl_cert_file"

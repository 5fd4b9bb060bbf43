"""Whoever is not let in, or may not do what it must, is told why in one line, at once; no secret is told to anybody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from streams import cli
from streams.acls import Operation, Resource, rights
from streams.acls_admin import apply
from streams.settings import Settings
from streams.settings_sources import variable_of
from tests.kafka.cluster import Worker, make_topics, until, workers
from tests.kafka.secured import LEAVER, MECHANISM, NOBODY, TELLTALE, SecuredBroker, password_of

FEW = 3
"""Connections that a refused program may have made: one, and one to find out why it was refused."""

MANY = 60
"""Those of a worker's clients, six of them or so, until it has ended: not hundreds."""

Login = Callable[[SecuredBroker], dict[str, object]]


def run(monkeypatch: pytest.MonkeyPatch, settings: Mapping[str, object], *command: str) -> int:
    """Run `goldstream` in this process, with the settings in its environment."""
    for name, value in settings.items():
        monkeypatch.setenv(variable_of(name), str(value))
    return cli.run(list(command))


def without_login(secured: SecuredBroker, listener: str, protocol: str) -> dict[str, object]:
    trust = {"ssl_ca_file": secured.authority.file} if protocol == "SSL" else {}
    return {"broker": secured.at(listener), "security_protocol": protocol, **trust}


def with_certificate(secured: SecuredBroker, *, stranger: bool = False, expired: bool = False) -> dict[str, object]:
    authority = secured.stranger if stranger else secured.authority
    shown = authority.sign("shown", name="administrator", expired=expired)
    return secured.identify("administrator", ssl_cert_file=shown.certificate, ssl_key_file=shown.key)


REFUSED: Mapping[str, tuple[Login, int, str]] = {
    "wrong password": (
        lambda broker: broker.login("administrator", sasl_password=f"not-{TELLTALE}"),
        3,
        "refused the login of administrator: check sasl_username, the password",
    ),
    "unknown user": (lambda broker: broker.login("mallory"), 3, "refused the login of mallory"),
    "unknown mechanism": (
        lambda broker: broker.login("administrator", sasl_mechanism="PLAIN"),
        3,
        f"does not know sasl_mechanism PLAIN: set one it knows ({MECHANISM})",
    ),
    "expired certificate": (
        lambda broker: broker.login("administrator", "EXPIRED"),
        3,
        "its certificate has expired: renew it there",
    ),
    "wrong host name": (
        lambda broker: broker.login("administrator", "ELSEWHERE"),
        3,
        "its certificate is for another host name: set broker to a name that is in it",
    ),
    "unknown authority": (
        lambda broker: broker.login("administrator", ssl_ca_file=broker.stranger.file),
        3,
        "from an authority that is not known here: set ssl_ca_file",
    ),
    "no certificate of our own": (
        lambda broker: without_login(broker, "MUTUAL", "SSL"),
        3,
        "wants a certificate from us",
    ),
    "a stranger's certificate": (
        lambda broker: with_certificate(broker, stranger=True),
        3,
        "wants a certificate from us, and not this one",
    ),
    "our own has expired": (
        lambda broker: with_certificate(broker, expired=True),
        2,
        "setting ssl_cert_file: has expired on Jan  2 00:00:00 2020 GMT",
    ),
    "no login": (
        lambda broker: without_login(broker, "OPEN", "PLAINTEXT"),
        3,
        f"asks for a login: set security_protocol to SASL_PLAINTEXT, sasl_mechanism ({MECHANISM})",
    ),
    "a login too many": (
        lambda broker: broker.login("administrator", "OPEN", broker=broker.bootstrap),
        3,
        "takes no login: set security_protocol to PLAINTEXT",
    ),
    "TLS where there is none": (
        lambda broker: without_login(broker, "OPEN", "SSL"),
        3,
        "speaks without TLS at this port",
    ),
    "no TLS where there is some": (
        lambda broker: broker.login("administrator", "OPEN", broker=broker.at("SCRAM")),
        3,
        "speaks TLS at this port: set security_protocol to SASL_SSL",
    ),
    "missing right": (
        lambda broker: broker.login(NOBODY),
        1,
        f"User:{NOBODY} may not see goldstream.agreement, goldstream.annotations, ",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_who_is_refused_is_told_why_in_one_line(
    secured: SecuredBroker, case: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    login, code, line = REFUSED[case]
    before = secured.failed_logins()
    assert run(monkeypatch, login(secured), "topics", "check") == code
    out, told = capfd.readouterr()
    assert out == ""
    assert told.startswith("goldstream: ")
    assert line in told
    assert told.count("\n") == 1
    assert TELLTALE not in told
    assert secured.failed_logins() - before <= FEW


async def end_of(worker: Worker) -> tuple[int | None, str]:
    """Return a worker's exit code and all it said."""
    await until(lambda: not worker.running, seconds=60, what=f"{worker.name} ended")
    return worker.exit_code, worker.log_text()


async def test_a_worker_that_is_refused_ends_at_once_with_that_line(secured: SecuredBroker, tmp_path: Path) -> None:
    cases = ("wrong password", "expired certificate", "wrong host name", "missing right")
    before = secured.failed_logins()
    started = {
        case: Worker({**REFUSED[case][0](secured), "log_level": "debug"}, tmp_path, case.replace(" ", "-"))
        for case in cases
    }
    for worker in started.values():
        worker.start()
    for case, worker in started.items():
        code, said = await end_of(worker)
        assert (case, code) == (case, REFUSED[case][1])
        lines = [line for line in said.splitlines() if line.startswith("goldstream: ")]
        assert len(lines) == 1
        assert REFUSED[case][2] in lines[0]
        assert "Traceback" not in said
        assert TELLTALE not in said
    assert secured.failed_logins() - before <= len(cases) * FEW
    assert TELLTALE not in secured.log.read_text(errors="replace")


WITHOUT: Mapping[str, tuple[Resource, Operation, str, str]] = {
    "writing": (Resource.TOPIC, Operation.WRITE, "{0}.ticks.t", "may not use topic {0}.ticks.t"),
    "reading": (Resource.TOPIC, Operation.READ, "{0}.outcomes", "may not use topic {0}.outcomes"),
    "group": (Resource.GROUP, Operation.READ, "{0}", "may not use group {0}"),
    "transactions": (Resource.TRANSACTIONAL_ID, Operation.WRITE, "{0}-tasks-", "may not use transactional id"),
}


@pytest.mark.parametrize("what", WITHOUT)
async def test_a_worker_without_one_of_its_rights_ends_and_names_it(
    secured: SecuredBroker, namespace: str, tmp_path: Path, what: str
) -> None:
    resource, operation, template, line = WITHOUT[what]
    settings = secured.login("worker", namespace=namespace, partitions=1)
    await make_topics({"broker": secured.bootstrap, "namespace": namespace, "partitions": 1})
    every = frozenset(rights(namespace, "worker"))
    name = template.format(namespace)
    some = frozenset(
        each for each in every if (each.resource, each.operation, each.name) != (resource, operation, name)
    )
    assert len(some) == len(every) - 1
    await apply(Settings(broker=secured.bootstrap, namespace=namespace), {"User:worker": some})
    worker = Worker(settings, tmp_path, "worker")
    worker.start()
    code, said = await end_of(worker)
    assert code == 1, said
    lines = [each for each in said.splitlines() if each.startswith("goldstream: ")]
    assert len(lines) == 1, said
    assert f"User:worker {line.format(namespace)}" in lines[0]
    assert "goldstream topics acls" in lines[0]
    assert "Traceback" not in said
    assert len(said.splitlines()) < 30, said


async def test_after_an_outage_a_worker_whose_password_was_changed_ends_and_another_goes_on(
    secured: SecuredBroker, namespace: str, tmp_path: Path
) -> None:
    other = f"{namespace}-other"
    for each in (namespace, other):
        await make_topics({"broker": secured.bootstrap, "namespace": each, "partitions": 1})
        await secured.give_rights(each, ("worker", LEAVER))
    leaver = Worker(secured.login(LEAVER, namespace=other, partitions=1), tmp_path, "leaver")
    with workers(secured.login("worker", namespace=namespace, partitions=1), tmp_path, 1) as (worker,):
        leaver.start()
        try:
            await until(lambda: leaver.is_ready() and worker.is_ready(), seconds=60, what="ready")
            await asyncio.to_thread(secured.change_password, LEAVER, f"another-{TELLTALE}")
            before = secured.failed_logins()
            await asyncio.to_thread(secured.restart)
            code, said = await end_of(leaver)
        finally:
            leaver.stop()
            await asyncio.to_thread(secured.change_password, LEAVER, password_of(LEAVER))
        batches = worker.metric("goldstream_batch_records_count")
        await until(
            lambda: worker.metric("goldstream_batch_records_count") > batches + 2, seconds=60, what="at work again"
        )
    assert code == 1, said
    lines = [line for line in said.splitlines() if line.startswith("goldstream: ")]
    assert len(lines) == 1, said
    assert f"refused the login of {LEAVER}" in lines[0]
    assert "Traceback" not in said
    assert TELLTALE not in said
    assert secured.failed_logins() - before < MANY

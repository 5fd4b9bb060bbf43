"""Brokers for tests: one that all share, and one of its own for a test that kills it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.kafka import distribution
from tests.kafka.broker import Broker

HERE = Path(__file__).parent
FIXTURES = frozenset({"broker", "own_broker"})
OWNED = pytest.StashKey[list[Broker]]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch Kafka before the first test, so that a download does not count against a test's time."""
    wanted = any(FIXTURES.intersection(getattr(item, "fixturenames", ())) for item in session.items)
    if wanted and not session.config.option.collectonly:
        try:
            distribution.java()
            distribution.jars()
        except RuntimeError:
            # The fixtures meet it again, and report it where it belongs.
            return


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lives here, so that `-m "not kafka"` leaves it out."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.kafka)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the broker said beside a failure of a test that used it."""
    report = yield
    if report.failed:
        shared = getattr(item, "funcargs", {}).get("broker")
        for broker in [*([shared] if shared else []), *item.stash.get(OWNED, [])]:
            report.sections.append((f"Kafka's log at {broker.bootstrap}", broker.log_tail()))
    return report


def _broker_or_skip(**options: object) -> Broker:
    try:
        return Broker(**options)  # type: ignore[arg-type]
    except distribution.Missing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """The session's broker: topics and groups on it are told apart by `namespace`."""
    with _broker_or_skip() as running:
        yield running


@pytest.fixture
def bootstrap(broker: Broker) -> str:
    """Address of the session's broker."""
    return broker.bootstrap


@pytest.fixture
def namespace() -> str:
    """Prefix that no other test has used."""
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture
def own_broker(request: pytest.FixtureRequest) -> Iterator[Callable[..., Broker]]:
    """Start a broker for this test alone, to be killed and restarted: ``own_broker(settings={...})``.

    It takes the arguments of `Broker`, and is closed when the test ends.
    """
    started: list[Broker] = []
    request.node.stash[OWNED] = started

    def start(**options: object) -> Broker:
        node = _broker_or_skip(**options)
        started.append(node)
        node.start()
        return node

    yield start
    for node in started:
        node.close()

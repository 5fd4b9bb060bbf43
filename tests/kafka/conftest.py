"""Brokers for tests: one that all share, and those of its own for a test that kills them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.kafka import distribution
from tests.kafka.broker import Broker
from tests.kafka.brokers import Brokers
from tests.kafka.secured import SecuredBroker

HERE = Path(__file__).parent
FIXTURES = frozenset({"broker", "own_broker", "own_brokers", "secured"})
Needed = TypeVar("Needed")
OWNED = pytest.StashKey[list[Broker | Brokers]]()


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
        used = getattr(item, "funcargs", {})
        shared = [used[name] for name in ("broker", "secured") if name in used]
        for broker in [*shared, *item.stash.get(OWNED, [])]:
            report.sections.append((f"Kafka's log at {broker.bootstrap}", broker.log_tail()))
    return report


def or_skip(make: Callable[..., Needed], **options: object) -> Needed:
    """Return what `make` does; skip the test where Kafka cannot be had, which in CI is a failure."""
    try:
        return make(**options)
    except distribution.Missing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """The session's broker: topics and groups on it are told apart by `namespace`."""
    with or_skip(Broker) as running:
        yield running


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    """The session's broker that asks who one is, and lets nobody do what no right says."""
    with or_skip(SecuredBroker, folder=tmp_path_factory.mktemp("certificates")) as running:
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
    started: list[Broker | Brokers] = []
    request.node.stash[OWNED] = started

    def start(**options: object) -> Broker:
        node = or_skip(Broker, **options)
        started.append(node)
        node.start()
        return node

    yield start
    for node in started:
        node.close()


@pytest.fixture
def own_brokers(request: pytest.FixtureRequest) -> Iterator[Brokers]:
    """Three brokers that replicate to each other, for this test alone."""
    nodes = or_skip(Brokers)
    request.node.stash[OWNED] = [nodes]
    with nodes:
        yield nodes

"""The implementations that `make bench` compares do the reference job, on a real broker."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from rich.console import Console

from benchmarks import workload
from benchmarks.contestants import (
    Contestant,
    Engine,
    Goldstream,
    KafkaStreamsExactlyOnce,
    Quix,
    QuixExactlyOnce,
    Raw,
    TunedFaust,
)
from benchmarks.display import Display
from benchmarks.labels import LabelReader
from benchmarks.publishing import publish
from benchmarks.side_by_side import Extent, side_by_side
from benchmarks.throughput import PARTITIONS, Backlog, measure_round
from streams.topics import full_name
from tests.kafka.broker import Broker
from tests.kafka.cluster import settings_for

# The first use installs Quix Streams, or compiles the Java.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

VOTES = list(workload.votes(2000, block=50))
# The others differ from these in a setting, and aiokafka by hand is measured below.
ONE_OF_EACH = (Goldstream, Engine, KafkaStreamsExactlyOnce, QuixExactlyOnce, TunedFaust)


@pytest.fixture
def display() -> Display:
    """Shows nothing but notes."""
    return Display(Console())


async def topics(bootstrap: str) -> set[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return set(await admin.list_topics())
    finally:
        await admin.close()


@pytest.mark.parametrize("kind", ONE_OF_EACH, ids=lambda kind: kind.key)
async def test_it_labels_every_task_as_the_serial_answer_does_and_leaves_no_topic(
    kind: type[Contestant], broker: Broker, tmp_path: Path, display: Display
) -> None:
    before = await topics(broker.bootstrap)
    result = await measure_round(kind, broker, tmp_path, 1, Backlog.of(50, 100, VOTES), display, limit_s=60)
    assert result.faults == ()
    assert result.annotations == 100 * workload.VOTES
    assert min(result.seconds, result.cpu_s, result.broker_cpu_s, result.peak_rss_bytes) > 0
    assert {topic for topic in await topics(broker.bootstrap) - before if not topic.startswith("__")} == set()


class Broken(Quix):
    """Does not start."""

    def command(self) -> list[str]:
        raise RuntimeError("nothing to start")


async def test_one_that_fails_is_void_and_the_others_are_measured(
    broker: Broker, tmp_path: Path, display: Display
) -> None:
    extent = Extent(1, {"fast": (1, 1), "slow": (1, 1)}, limit_s=60)
    found = await side_by_side(broker, tmp_path, extent, display, [Broken, Raw])
    assert found.faults == ["Quix Streams, at least once, round 1: nothing to start"]
    (measured,) = found.rounds["raw_eos"]
    assert measured.faults == ()
    assert measured.per_second > 0


async def test_one_that_takes_too_long_is_given_up(broker: Broker, tmp_path: Path, display: Display) -> None:
    with pytest.raises(RuntimeError, match="of 50 labels to warm up with"):
        await measure_round(Raw, broker, tmp_path, 2, Backlog.of(50, 100, VOTES), display, limit_s=0)


async def test_the_one_by_hand_goes_on_exactly_where_its_transactions_ended_when_killed(
    broker: Broker, tmp_path: Path
) -> None:
    namespace = "killed"
    worker = Raw(settings_for(broker.bootstrap, namespace, partitions=PARTITIONS), tmp_path, namespace)
    await worker.make_topics()
    await publish(broker.bootstrap, partial(full_name, namespace), PARTITIONS, VOTES)
    expected = workload.serial_answer(VOTES)
    async with LabelReader(broker.bootstrap, full_name(namespace, "labels"), PARTITIONS, worker.answer) as reader:
        try:
            await worker.started()
            await reader.read(1, lambda: worker.running, lambda _: None)
            worker.kill()
            await worker.started()
            await reader.read(len(expected), lambda: worker.running, lambda _: None)
            await reader.linger()
        finally:
            await worker.gone()
    assert reader.faults(expected) == []

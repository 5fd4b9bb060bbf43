"""A record batch that is damaged on the broker's disk: the worker ends with a line, and loses nothing beside it."""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.topics import full_name
from tests.kafka.broker import Broker
from tests.kafka.cluster import Worker, make_topics, producing, read_topic, settings_for, until, workers
from tests.kafka.workload import annotation

BATCHES, IN_EACH = 60, 40


def batches(log: Path) -> Iterator[tuple[int, int]]:
    """Yield where each record batch of a segment begins and ends."""
    raw, place = log.read_bytes(), 0
    while place < len(raw):
        (length,) = struct.unpack_from(">8xi", raw, place)
        yield place, place + 12 + length
        place += 12 + length


def flip(log: Path, place: int) -> None:
    raw = bytearray(log.read_bytes())
    raw[place] ^= 0xFF
    log.write_bytes(raw)


async def fill(bootstrap: str, namespace: str) -> set[str]:
    """Send annotations in many batches to both partitions; return their ids."""
    sent = set()
    async with producing(bootstrap) as producer:
        for batch in range(BATCHES):
            waiting = []
            for number in range(IN_EACH):
                identity = f"a-{batch}-{number}"
                _, key, value = annotation(identity, f"t-{batch}-{number}", f"ann-{number}")
                waiting.append(await producer.send(full_name(namespace, "annotations"), value, key))
                sent.add(identity)
            for delivery in waiting:
                await delivery
    return sent


@pytest.mark.slow
async def test_a_damaged_batch_ends_the_worker_and_nothing_fetched_beside_it_is_lost(
    own_broker: Callable[..., Broker], namespace: str, tmp_path: Path
) -> None:
    broker = own_broker()
    settings = settings_for(broker.bootstrap, namespace)
    await make_topics(settings)
    sent = await fill(broker.bootstrap, namespace)

    broker.stop()
    log = broker.folder / "data" / f"{full_name(namespace, 'annotations')}-0" / f"{0:020}.log"
    found = list(batches(log))
    _, end = found[len(found) // 2]
    flip(log, end - 2)
    broker.start()

    worker = Worker(settings, tmp_path, "worker")
    worker.start()
    try:
        await until(lambda: not worker.running, seconds=60, what="the worker ended")
    finally:
        worker.stop()
    assert worker.exit_code == 1, worker.log_text()
    (line,) = [line for line in worker.log_text().splitlines() if line.startswith("goldstream: ")]
    assert f"{full_name(namespace, 'annotations')} partition 0: a record batch at offset " in line
    assert "let another replica lead" in line

    broker.stop()
    flip(log, end - 2)
    broker.start()
    with workers(settings, tmp_path, 1):

        async def scored() -> Counter[str]:
            records = await read_topic(broker.bootstrap, namespace, "annotations.scored")
            return Counter(json.loads(record.value)["annotation_id"] for record in records)

        async def all_are_there() -> bool:
            return sum((await scored()).values()) >= len(sent)

        await until(all_are_there, seconds=60, what="all annotations scored")
        assert await scored() == Counter(sent)

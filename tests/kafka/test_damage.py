"""A record batch that is damaged on the broker's disk: the worker ends with a line, and loses nothing beside it."""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiokafka import AIOKafkaConsumer
from faust.types import TP

from streams.engine.errors import Damaged
from streams.engine.transport import ConsumerThread
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


def damage(broker: Broker, topic: str, partition: int) -> Callable[[], None]:
    """Flip a byte in the middle of a partition's log; return what flips it back."""
    log = broker.folder / "data" / f"{topic}-{partition}" / f"{0:020}.log"
    found = list(batches(log))
    _, end = found[len(found) // 2]

    def flip() -> None:
        broker.stop()
        raw = bytearray(log.read_bytes())
        raw[end - 2] ^= 0xFF
        log.write_bytes(raw)
        broker.start()

    flip()
    return flip


@pytest.mark.parametrize("partition", [0, 1])
async def test_what_was_fetched_beside_a_damaged_batch_is_delivered(
    own_broker: Callable[..., Broker], namespace: str, partition: int
) -> None:
    broker = own_broker()
    topic = full_name(namespace, "annotations")
    await make_topics(settings_for(broker.bootstrap, namespace))
    await fill(broker.bootstrap, namespace)
    damage(broker, topic, partition)

    places = {TP(topic, number) for number in range(2)}
    thread = ConsumerThread.__new__(ConsumerThread)  # the part that fetches needs no app and no thread
    thread.consumer = SimpleNamespace(flow_active=True)  # type: ignore[assignment]  # all that is asked of it
    thread._next, thread._seek_counts, thread._damaged = dict.fromkeys(places, 0), dict.fromkeys(places, 0), set()
    delivered: list[int] = []
    async with AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="none") as consumer:
        consumer.assign(places)
        for place in places:
            consumer.seek(place, 0)
        ends = await consumer.end_offsets(places)
        good = TP(topic, 1 - partition)

        async def fetch(wanted: set[TP]) -> None:
            for batch in (await thread._fetch_records(consumer, wanted, timeout=1.0, max_records=2000)).values():
                delivered.extend(record.offset for record in batch[0].records if batch[0].tp == good)

        async def fetch_for_ever() -> None:
            while True:
                await fetch(places)

        with pytest.raises(Damaged, match=f"partition {partition}: a record batch"):
            await fetch_for_ever()
        while thread._next[good] < ends[good]:
            await fetch({good})
    assert delivered == list(range(ends[good]))


@pytest.mark.slow
@pytest.mark.parametrize("partition", [0, 1])
async def test_a_damaged_batch_ends_the_worker_and_nothing_fetched_beside_it_is_lost(
    own_broker: Callable[..., Broker], namespace: str, tmp_path: Path, partition: int
) -> None:
    broker = own_broker()
    settings = settings_for(broker.bootstrap, namespace)
    await make_topics(settings)
    sent = await fill(broker.bootstrap, namespace)

    repair = damage(broker, full_name(namespace, "annotations"), partition)

    worker = Worker(settings, tmp_path, "worker")
    worker.start()
    try:
        await until(lambda: not worker.running, seconds=60, what="the worker ended")
    finally:
        worker.stop()
    assert worker.exit_code == 1, worker.log_text()
    (line,) = [line for line in worker.log_text().splitlines() if line.startswith("goldstream: ")]
    assert f"{full_name(namespace, 'annotations')} partition {partition}: a record batch at offset " in line
    assert "let another replica lead" in line

    repair()
    with workers(settings, tmp_path, 1):

        async def scored() -> Counter[str]:
            records = await read_topic(broker.bootstrap, namespace, "annotations.scored")
            return Counter(json.loads(record.value)["annotation_id"] for record in records)

        async def all_are_there() -> bool:
            return sum((await scored()).values()) >= len(sent)

        await until(all_are_there, seconds=60, what="all annotations scored")
        assert await scored() == Counter(sent)

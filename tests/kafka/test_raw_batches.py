"""Record batches as no client library makes them, on a real broker: work goes on, and each has its fate."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiokafka.codec import gzip_encode, lz4_encode, zstd_encode

from schemas import DeadLetter
from streams.engine.routing import partition_of
from streams.topics import full_name
from tests.kafka.cluster import make_topics, publish, read_topic, settings_for, until, workers
from tests.kafka.raw_batches import GZIP, LZ4, ZSTD, batch, record, send, sized, varint
from tests.kafka.reconciling import PARTITIONS
from tests.kafka.workload import annotation, project, task

ANNOTATOR = b"worker-1"
BOMB = record(ANNOTATOR, bytes(200 << 20))
CRAFTED = sized(b"\x80" + varint(0) + varint(0) + varint(100) + b"x" * 100 + sized(b"v") + varint(0))


def vote(number: int) -> bytes:
    value = annotation(f"vote-{number}", f"task-{number}", ANNOTATOR.decode(), "cat")[2]
    assert value is not None
    return value


READABLE = {
    0: batch([record(ANNOTATOR, vote(0), headers=[(b"\xff\xfe", b"x")])]),
    1: batch([record(ANNOTATOR, vote(1), attributes=0x80)]),
    2: batch([record(ANNOTATOR, vote(2), place=2**30)]),
    3: batch([record(ANNOTATOR, vote(3), place=-5)]),
}
"""By the task that is voted on; aiokafka alone stops at these, skips them, or goes on from an offset that is none."""

UNREADABLE: Sequence[tuple[str, bytes]] = [
    ("unreadable", batch([BOMB], attributes=ZSTD, payload=bytes(zstd_encode(BOMB)))),
    ("unreadable", batch([BOMB], attributes=GZIP, payload=gzip_encode(BOMB))),
    (
        "unreadable",
        batch([record(ANNOTATOR, b"")], attributes=LZ4, payload=bytes(lz4_encode(record(ANNOTATOR, b""))) + b"more"),
    ),
    ("misrouted", batch([CRAFTED])),
]


@pytest.mark.slow
async def test_batches_of_any_make_stop_nobody(bootstrap: str, namespace: str, tmp_path: Path) -> None:
    settings = settings_for(bootstrap, namespace)
    await make_topics(settings)
    await publish(bootstrap, namespace, [project("frozen", weighting="uniform", redundancy=1)])
    await publish(bootstrap, namespace, [task(f"task-{number}") for number in range(len(READABLE) + 1)])
    topic, partition = full_name(namespace, "annotations"), partition_of(ANNOTATOR, PARTITIONS)
    with workers(settings, tmp_path, 1) as (worker,):
        await until(worker.is_ready, seconds=60, what="the worker ready")
        for raw in [*READABLE.values(), *(raw for _, raw in UNREADABLE)]:
            assert await send(bootstrap, topic, partition, raw) == "NoError"
        await publish(bootstrap, namespace, [annotation("last", f"task-{len(READABLE)}", ANNOTATOR.decode(), "cat")])

        async def all_labelled() -> bool:
            return len(await read_topic(bootstrap, namespace, "labels")) == len(READABLE) + 1

        await until(all_labelled, seconds=60, what="every readable vote labelled")
        assert worker.metric("goldstream_partition_reopens_total") == 0
    labelled = {json.loads(label.value)["task_id"] for label in await read_topic(bootstrap, namespace, "labels")}
    assert labelled == {f"task-{number}" for number in range(len(READABLE) + 1)}
    dead = await read_topic(bootstrap, namespace, "dead-letters")
    dead.sort(key=lambda one: DeadLetter.from_headers(one.headers).offset)
    letters = [DeadLetter.from_headers(one.headers) for one in dead]
    assert [(letter.reason, letter.offset) for letter in letters] == [
        (reason, len(READABLE) + place) for place, (reason, _) in enumerate(UNREADABLE)
    ]
    # The broker stamps a batch that it takes: all but its header is as it was sent.
    kept = [one.value[61:] for one in dead if DeadLetter.from_headers(one.headers).reason == "unreadable"]
    assert kept == [raw[61:] for reason, raw in UNREADABLE if reason == "unreadable"]

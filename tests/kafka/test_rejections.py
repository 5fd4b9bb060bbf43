"""Whatever arrives, good work goes on: every bad record is a dead letter with its coordinates, reason and bytes."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas import DeadLetter
from streams.engine.routing import partition_of
from streams.events import coordinates
from streams.topics import full_name
from tests.kafka.cluster import make_topics, producing, publish, read_topic, settings_for, until, workers
from tests.kafka.reconciling import PARTITIONS
from tests.kafka.workload import CLASSES, annotation, encode, project, task

BAD = 5_000
GOOD_TASKS = 1_000

Bad = tuple[bytes | None, bytes | None, int | None, str]
"""Key, value, partition (None: where the key belongs), and the reason it must be refused for."""


def good(number: int) -> tuple[bytes, dict[str, object]]:
    _, key, value = annotation(f"bad-{number}", f"task-{number % GOOD_TASKS}", f"worker-{number % 30}")
    assert value is not None
    return key, json.loads(value)


def truncated(number: int, rng: random.Random) -> Bad:
    key, fields = good(number)
    value = encode(**fields)
    return key, value[: rng.randrange(1, len(value))], None, "malformed_json"


def noise(number: int, rng: random.Random) -> Bad:
    return good(number)[0], b"\xff" + rng.randbytes(rng.randrange(0, 200)), None, "malformed_json"


def two_values(number: int, _: random.Random) -> Bad:
    key, fields = good(number)
    return key, encode(**fields) + b"," + encode(**fields), None, "malformed_json"


def too_deep(number: int, _: random.Random) -> Bad:
    key, fields = good(number)
    return key, encode(**fields)[:-1] + b',"label":' + b"[" * 5_000 + b"]" * 5_000 + b"}", None, "malformed_json"


def not_an_object(number: int, rng: random.Random) -> Bad:
    return good(number)[0], rng.choice([b"[]", b"1", b'"text"', b"null", b"true"]), None, "invalid"


def missing_field(number: int, rng: random.Random) -> Bad:
    key, fields = good(number)
    del fields[rng.choice(["annotation_id", "task_id", "annotator_id", "project", "time_spent_s", "submitted_at"])]
    return key, encode(**fields), None, "invalid"


def wrong_type(number: int, rng: random.Random) -> Bad:
    key, fields = good(number)
    wrong: dict[str, object] = {
        "annotation_id": 7,
        "task_id": ["t"],
        "project": None,
        "time_spent_s": rng.choice(["12", -1, True, 1e9]),
        "submitted_at": rng.choice(["yesterday", "2026-01-01T00:00:00", {}]),
        "action": "erase",
        "non_answer": "bored",
        "confidence": rng.choice([1.5, "high", True]),
        "presented_order": "a,b",
        "schema_version": 0,
    }
    field = rng.choice(list(wrong))
    return key, encode(**(fields | {field: wrong[field]})), None, "invalid"


def contradictory(number: int, rng: random.Random) -> Bad:
    key, fields = good(number)
    more: dict[str, object] = rng.choice([{"non_answer": "cannot_decide"}, {"label": None}, {"action": "withdraw"}])
    return key, encode(**fields | more), None, "invalid"


def control_characters(number: int, _: random.Random) -> Bad:
    key, fields = good(number)
    return key, encode(**fields | {"task_id": "task\x1f1"}), None, "invalid"


def oversized(number: int, _: random.Random) -> Bad:
    key, fields = good(number)
    return key, encode(**fields | {"label": "x" * 300_000}), None, "oversized"


def no_value(number: int, _: random.Random) -> Bad:
    return good(number)[0], None, None, "null_value"


def no_key(number: int, rng: random.Random) -> Bad:
    return None, encode(**good(number)[1]), rng.randrange(PARTITIONS), "null_key"


def garbled_key(number: int, _: random.Random) -> Bad:
    return b"\xff\xfe", encode(**good(number)[1]), None, "invalid_key"


def other_key(number: int, _: random.Random) -> Bad:
    return b"somebody-else", encode(**good(number)[1]), None, "misrouted"


def other_partition(number: int, _: random.Random) -> Bad:
    key, fields = good(number)
    return key, encode(**fields), 1 - partition_of(key, PARTITIONS), "misrouted"


MUTATIONS: list[Callable[[int, random.Random], Bad]] = [
    truncated,
    noise,
    two_values,
    too_deep,
    not_an_object,
    missing_field,
    wrong_type,
    contradictory,
    control_characters,
    no_value,
    no_key,
    garbled_key,
    other_key,
    other_partition,
]


@pytest.mark.slow
async def test_bad_records_among_good_ones_become_dead_letters(bootstrap: str, namespace: str, tmp_path: Path) -> None:
    settings = settings_for(bootstrap, namespace)
    await make_topics(settings)
    rng = random.Random(3)
    await publish(bootstrap, namespace, [project("frozen", weighting="uniform")])
    await publish(bootstrap, namespace, [task(f"task-{number}") for number in range(GOOD_TASKS)])
    with workers(settings, tmp_path, 1) as (worker,):
        await until(worker.is_ready, seconds=60, what="the worker ready")
        expected, labels = await _interleave(bootstrap, namespace, rng)

        async def all_labelled() -> bool:
            return len(await read_topic(bootstrap, namespace, "labels")) == GOOD_TASKS

        async def all_refused() -> bool:
            return len(await read_topic(bootstrap, namespace, "dead-letters")) >= len(expected)

        await until(all_labelled, seconds=60, what="every good task labelled")
        await until(all_refused, seconds=60, what="every bad record in dead-letters")
        counted = worker.metric("goldstream_dead_letters_total")
        reopened = worker.metric("goldstream_partition_reopens_total")
    dead = await read_topic(bootstrap, namespace, "dead-letters")
    found = {}
    for record in dead:
        letter = DeadLetter.from_headers(record.headers)
        place = (letter.topic, letter.partition, letter.offset)
        assert record.key == coordinates(*place).encode()
        assert record.partition == partition_of(record.key, PARTITIONS)
        found[place] = (letter.reason, letter.key, None if letter.null_value else record.value)
        assert letter.error
        assert "\n" not in letter.error
    assert found == expected
    assert len(dead) == len(expected) == counted
    assert reopened == 0
    assert Counter(reason for reason, _, _ in found.values()).keys() >= {"oversized", "misrouted", "null_key"}
    published = [json.loads(record.value) for record in await read_topic(bootstrap, namespace, "labels")]
    assert {label["task_id"]: label["answers"]["q"]["label"] for label in published} == labels


async def _interleave(
    bootstrap: str, namespace: str, rng: random.Random
) -> tuple[dict[tuple[str, int, int], tuple[str, bytes | None, bytes | None]], dict[str, str]]:
    """Send the bad among the good; return what must be refused, and what must be labelled."""
    labels = {f"task-{number}": rng.choice(CLASSES) for number in range(GOOD_TASKS)}
    sequence: list[int | None] = [*range(3 * GOOD_TASKS), *[None] * BAD]
    rng.shuffle(sequence)
    name = full_name(namespace, "annotations")
    pending = []
    async with producing(bootstrap) as producer:
        for place, number in enumerate(sequence):
            if number is not None:
                task_id = f"task-{number // 3}"
                _, key, value = annotation(f"good-{number}", task_id, f"worker-{number % 30}", labels[task_id])
                await producer.send(name, value, key)
                continue
            mutate = oversized if place % 250 == 0 else rng.choice(MUTATIONS)
            bad_key, bad_value, partition, reason = mutate(place, rng)
            sent = await producer.send(name, bad_value, bad_key, partition=partition)
            pending.append((sent, reason, bad_key, bad_value))
        expected = {}
        for sent, reason, bad_key, bad_value in pending:
            where = await asyncio.wait_for(sent, 60)
            expected["annotations", where.partition, where.offset] = (reason, bad_key, bad_value)
    return expected, labels

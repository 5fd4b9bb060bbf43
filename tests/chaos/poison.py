"""Messages that nobody should send, each with the reason its dead letter must give."""

from __future__ import annotations

import random
from typing import NamedTuple

from streams.engine.routing import partition_of
from tests.chaos.stage import PARTITIONS
from tests.kafka.reconciling import MAX_VALUE_BYTES
from tests.kafka.workload import annotation, encode

EXPECTED = "expected"
"""The header that says which reason a dead letter must give; goldstream looks at no header."""

OUTSIDE = "label_outside_space"
"""The one that passes the annotator side: it is scored, and refused as a vote."""


class Poison(NamedTuple):
    """A message, the reason it must be refused for, and where it goes when that is not for its key to say."""

    topic: str
    key: bytes | None
    value: bytes | None
    reason: str
    partition: int | None = None


def brew(rng: random.Random, identity: str, known_task: str) -> Poison:
    """Return one of them; `known_task` was published."""
    who = f"poisoner-{rng.randrange(5)}"
    name = known_task.split("-", maxsplit=1)[0]
    topic, key, value = annotation(identity, known_task, who, name=name)
    assert value is not None
    other = (partition_of(key, PARTITIONS) + 1) % PARTITIONS
    choices = [
        Poison(topic, key, value[: len(value) // 2], "malformed_json"),
        Poison(topic, key, b"\x00\xff\xfe", "malformed_json"),
        Poison(topic, key, encode(annotation_id=identity), "invalid"),
        Poison(topic, key, annotation(identity, known_task, who, name=name, time_spent_s=-1)[2], "invalid"),
        Poison(topic, key, None, "null_value"),
        Poison(topic, None, value, "null_key"),
        Poison(topic, b"\xff\xfe", value, "invalid_key"),
        Poison(topic, b"somebody-else", value, "misrouted"),
        Poison(topic, key, value, "misrouted", other),
        Poison(topic, key, annotation(identity, known_task, who, "unicorn", name=name)[2], OUTSIDE),
        Poison("tasks", identity.encode(), b"[" * 50, "malformed_json"),
        Poison("tasks", identity.encode(), encode(task_id=identity, project="frozen"), "invalid"),
        Poison("gold", b"", encode(task_id=identity, project="frozen", answer="cat"), "invalid_key"),
        Poison("projects", b"frozen", b"not json", "malformed_json"),
    ]
    if rng.random() < 0.02:
        return Poison(topic, key, value + b" " * MAX_VALUE_BYTES, "oversized")
    return rng.choice(choices)

"""Which annotation ids an annotator has used: exactly the last `remembered` accepted ones.

Ids are spread over buckets by a hash, so that an annotation reads and writes a few dozen of them and not all.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

import msgspec

from streams.events import State
from streams.quality.keys import key

BUCKETS: Final = 1024


class Accepted(msgspec.Struct, array_like=True):
    """How many annotations of an annotator were accepted."""

    count: int = 0


class Bucket(msgspec.Struct, array_like=True):
    """Annotation id to its sequence number, the first accepted annotation being 1; oldest first."""

    numbers: dict[str, int]


def is_known(state: State, annotator_id: str, annotation_id: str, remembered: int) -> bool:
    """Tell whether `annotation_id` is among the annotator's last `remembered` accepted ones."""
    bucket = state.get(_bucket_key(annotator_id, annotation_id), Bucket)
    if bucket is None:
        return False
    number = bucket.numbers.get(annotation_id)
    if number is None:
        return False
    accepted = state.get(key("i", annotator_id), Accepted)
    return accepted is not None and accepted.count - number < remembered


def remember(state: State, annotator_id: str, annotation_id: str, remembered: int) -> None:
    """Record an accepted annotation, and drop from its bucket what is no longer known."""
    counter = key("i", annotator_id)
    accepted = state.get(counter, Accepted) or Accepted()
    accepted.count += 1
    state.put(counter, accepted)

    place = _bucket_key(annotator_id, annotation_id)
    bucket = state.get(place, Bucket) or Bucket({})
    numbers, forgotten = bucket.numbers, accepted.count - remembered
    while numbers and numbers[oldest := next(iter(numbers))] <= forgotten:
        del numbers[oldest]
    numbers[annotation_id] = accepted.count
    state.put(place, bucket)


def _bucket_key(annotator_id: str, annotation_id: str) -> str:
    return key("i", annotator_id, str(crc32(annotation_id.encode()) % BUCKETS))

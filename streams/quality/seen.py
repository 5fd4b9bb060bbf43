"""Which annotation ids an annotator has used: exactly the last `remembered` accepted ones.

Ids are spread over buckets by a hash, so that an annotation reads and writes a few dozen of them and not all.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import msgspec

from streams.events import State
from streams.quality.keys import key

BUCKETS: Final = 1024


class Accepted(msgspec.Struct, array_like=True):
    """How many annotations of an annotator were accepted."""

    count: int = 0


class Bucket(msgspec.Struct, array_like=True):
    """Digest of an annotation id to its sequence number, the first accepted one being 1; oldest first."""

    numbers: dict[str, int]


def is_known(state: State, annotator_id: str, annotation_id: str, remembered: int) -> bool:
    """Tell whether `annotation_id` is among the annotator's last `remembered` accepted ones."""
    digest = _digest(annotation_id)
    bucket = state.get(_bucket_key(annotator_id, digest), Bucket)
    if bucket is None:
        return False
    number = bucket.numbers.get(digest)
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

    digest = _digest(annotation_id)
    place = _bucket_key(annotator_id, digest)
    bucket = state.get(place, Bucket) or Bucket({})
    numbers, forgotten = bucket.numbers, accepted.count - remembered
    while numbers and numbers[oldest := next(iter(numbers))] <= forgotten:
        del numbers[oldest]
    numbers[digest] = accepted.count
    state.put(place, bucket)


def _digest(annotation_id: str) -> str:
    """Return 80 bits, in hex: ids may be long, and an annotator chooses them."""
    return blake2b(annotation_id.encode(), digest_size=10).hexdigest()


def _bucket_key(annotator_id: str, digest: str) -> str:
    return key("i", annotator_id, str(int(digest[:3], 16) % BUCKETS))

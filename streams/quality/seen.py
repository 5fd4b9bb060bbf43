"""Which annotation ids an annotator has used: exactly the last `remembered` accepted ones.

Ids are spread over buckets by a hash, so that an annotation reads and writes a few dozen of them and not all.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Final

import msgspec

from streams.events import State
from streams.quality.keys import key

BUCKETS: Final = 1024
_BUCKET: Final = {f"{start:03x}": str(start % BUCKETS) for start in range(16**3)}
"""A digest's first three digits to its bucket."""


class Accepted(msgspec.Struct, array_like=True):
    """How many annotations of an annotator were accepted."""

    count: int = 0


class Bucket(msgspec.Struct, array_like=True):
    """Digest of an annotation id to its sequence number, the first accepted one being 1; oldest first."""

    numbers: dict[str, int]


def is_known(state: State, annotator_id: str, annotation_id: str, remembered: int) -> bool:
    """Tell whether `annotation_id` is among the annotator's last `remembered` accepted ones."""
    digest, place = _place(annotator_id, annotation_id)
    bucket = state.get(place, Bucket)
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

    digest, place = _place(annotator_id, annotation_id)
    bucket = state.get(place, Bucket) or Bucket({})
    numbers, forgotten = bucket.numbers, accepted.count - remembered
    while numbers and numbers[oldest := next(iter(numbers))] <= forgotten:
        del numbers[oldest]
    numbers[digest] = accepted.count
    state.put(place, bucket)


@lru_cache(maxsize=16)  # an annotation asks twice, in a row
def _place(annotator_id: str, annotation_id: str) -> tuple[str, str]:
    """Return the id's digest, and the key of the bucket it belongs to.

    The digest is 80 bits, in hex: ids may be long, and an annotator chooses them.
    """
    digest = blake2b(annotation_id.encode(), digest_size=10).hexdigest()
    return digest, key("i", annotator_id, _BUCKET[digest[:3]])

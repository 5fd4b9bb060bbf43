"""erasures.a, erasures.t: whose identity, or which task's content, is to go; a copy to each partition.

The key is a digest of kind and id: who asks again replaces what was asked before. A null value takes the request, which
names the id, out of the log again.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.common import Contract, Count, Id


class ErasureKind(StrEnum):
    """What is erased."""

    annotator = "annotator"
    task = "task"


class Erasure(Contract):
    """A request to erase `id`.

    `pseudonym` is random and takes the place of an annotator's id in what stays. `at` is in milliseconds since the
    epoch, by the brokers' clocks: what was written until then is erased, what comes later is new; without it, and at
    the latest, it is the record's own time.
    """

    erasure_id: Id
    kind: ErasureKind
    id: Id
    pseudonym: Id
    actor: Id
    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    at: Count | None = None

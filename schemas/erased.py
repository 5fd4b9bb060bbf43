"""erasures.done: how far an erasure has come in each partition, key pseudonym. Nothing here names what was erased."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.common import Contract, Count, Id, Moment
from schemas.erasures import ErasureKind


class ErasureSide(StrEnum):
    """Whose table it is about."""

    annotators = "annotators"
    tasks = "tasks"


class ErasureProgress(StrEnum):
    """More to do; done; or a record from before the erasure came only after it, and was dropped."""

    running = "running"
    done = "done"
    late = "late"


class Erased(Contract):
    """What one partition has erased so far.

    `rows` counts the table's entries that were removed or emptied, `votes` those that now stand under the pseudonym
    or went with their task, `dropped` the events that waited, or came late. `left` are the topics that still hold what
    others wrote of a task, until they send a null value; null where it is not told.
    """

    erasure_id: Id
    kind: ErasureKind
    pseudonym: Id
    actor: Id
    reason: Annotated[str, Field(max_length=2000)]
    side: ErasureSide
    partition: Count
    progress: ErasureProgress
    rows: Count
    votes: Count
    dropped: Count
    left: list[str] | None = None
    at: Moment

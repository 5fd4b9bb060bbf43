"""Dead letters, and the records that their log has of them."""

from __future__ import annotations

from typing import Any, TypeAlias

from aiokafka import ConsumerRecord

from streams.dead_letters.letters import Letter, Standing, Wanted
from streams.events import undecodable

Record: TypeAlias = Any
"""A ConsumerRecord of bytes; aiokafka has no types."""


def record(offset: int, key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes], ...] = ()) -> Record:
    sizes = [-1 if part is None else len(part) for part in (key, value)]
    return ConsumerRecord("dead-letters", 0, offset, 77, 0, key, value, None, *sizes, headers)


def died(
    number: int,
    offset: int = 0,
    *,
    key: bytes | None = b"ann",
    value: bytes | None = b"{}",
    reason: str = "invalid",
    error: str = "time_spent_s: no number",
) -> Record:
    """Return the record of the dead letter of annotations/0/`number`, at `offset` of the log."""
    told = undecodable(
        topic="annotations",
        partition=0,
        offset=number,
        timestamp=1_000 + number,
        key=key,
        value=value,
        reason=reason,
        error=error,
    )
    return record(offset, told.key, told.value, told.headers)


def mark(number: int, offset: int = 0) -> Record:
    """Return the record that says that annotations/0/`number` was replayed."""
    marks = {"replayed-at": b"2026-03-02T08:15:00Z", "replayed-by": b"eve", "replayed-as": b"annotations/1/9"}
    before = died(number)
    return record(offset, before.key, b"", (*before.headers, *marks.items()))


def letters(*records: Record, wanted: Wanted = Wanted()) -> list[Letter]:  # noqa: B008 - immutable
    standing = Standing(wanted)
    for one in records:
        standing.take(0, one)
    return list(standing.letters.values())


def letter(**more: Any) -> Letter:
    (one,) = letters(died(7, **more))
    return one

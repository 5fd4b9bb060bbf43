"""Dead letters sent through the normal path again: each once, with the mark that it was, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka import errors as kafka

from streams.acls import replaying_id
from streams.brokers import NotAllowed
from streams.dead_letters.letters import Letter, Standing, Wanted, target
from streams.dead_letters.log import DeadLetterLog, opened
from streams.engine.records import SourceRecord
from streams.events import coordinates
from streams.failures import Failure
from streams.namespace import Namespace, TakenOver, transaction
from streams.reading import Ends
from streams.refusals import not_allowed
from streams.settings import Settings, SettingsError
from streams.topics import DEAD, GOLD

BATCH_RECORDS = 500
BATCH_BYTES = 4_000_000
"""Bounds on one transaction, and on what is held of it in memory."""

Told = Callable[[Letter, str | None], None]
"""Takes each letter with the coordinates that it was sent as, once that is committed; None where it was not sent."""


def refuse_without_transactions(settings: Settings) -> None:
    """Raise `SettingsError` where a replay could not be made exactly once."""
    if settings.guarantee != "exactly_once":
        raise SettingsError(
            f"setting guarantee: a replay needs a broker with transactions, got {settings.guarantee!r}: "
            "without them a record could be sent and not be marked"
        )


async def replay(settings: Settings, letters: Sequence[Letter], since: Ends, by: str, at: str, told: Told) -> None:
    """Send `letters` to where they belong.

    What was erased or replayed by somebody else after `letters` were read is left out. A replay or an erasure that
    starts while this one runs fences it: of two replays one sends each letter, and nothing is sent any more that an
    erasure looks for.

    Parameters
    ----------
    since : mapping of int to int
        Where reading ended when `letters` were read.
    by, at : str
        Who replays, and when, as the marks will say.

    Raises
    ------
    Failure
        Another replay or an erasure was started; or one of `opened`.
    """
    refuse_without_transactions(settings)
    async with opened(settings) as log:
        there = log.namespace
        for topic in {letter.topic for letter in letters}:
            if topic not in there.partitions:
                raise Failure(f"topic {there.full(topic)}: does not exist, or may not be seen by us")
        try:
            async with there.producing(replaying_id(there.name)) as producer:
                # Whoever replayed before has committed or is fenced by now: what they did is in the log.
                still = await _still(log, letters, since, told)
                for batch in _batches(still):
                    await _send(log, producer, batch, (by, at), told)
                # A commit is answered a moment before readers see it; the next command is to see all of it.
                with suppress(Failure):
                    await log.read_on(Standing(Wanted()), since)
        except kafka.TopicAuthorizationFailedError as error:
            refused = there.full(GOLD.name)
            if refused not in str(error):
                raise
            who = not_allowed(f"write {refused}", "Write", there.clients.security)
            raise NotAllowed(f"{who}; gold needs those of gold-keeper too, or leave it out with --topic") from None
        except TakenOver as error:
            raise Failure(f"replay in {there.name}: {error}; what was sent is marked, the rest can be sent") from None


async def _still(log: DeadLetterLog, letters: Sequence[Letter], since: Ends, told: Told) -> list[Letter]:
    """Return those of `letters` that are as they were, in the order of each source partition."""
    now = Standing(Wanted(ids=frozenset(letter.id for letter in letters)), letters)
    await log.read_on(now, since)
    for letter in letters:
        if now.letters.get(letter.id) is not letter:
            told(letter, None)
    same = (letter for letter in letters if now.letters.get(letter.id) is letter)
    return sorted(same, key=lambda letter: (letter.topic, letter.partition, letter.offset))


def _batches(letters: Sequence[Letter]) -> Iterator[list[Letter]]:
    batch: list[Letter] = []
    size = 0
    for letter in letters:
        if batch and (len(batch) >= BATCH_RECORDS or size + letter.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(letter)
        size += letter.size
    if batch:
        yield batch


async def _send(
    log: DeadLetterLog,
    producer: AIOKafkaProducer,
    batch: Sequence[Letter],
    mark: tuple[str, str],
    told: Told,
) -> None:
    found = await log.records(letter.place for letter in batch if letter.place is not None)
    bodies = [(letter, found[letter.place]) for letter in batch if letter.place is not None and letter.place in found]
    if bodies:
        async with transaction(producer):
            sent = [await _again(log.namespace, producer, letter, body) for letter, body in bodies]
            as_ones = [
                coordinates(letter.topic, where.partition, where.offset)
                for (letter, _), where in zip(bodies, await asyncio.gather(*sent), strict=True)
            ]
            marks = [
                await producer.send(
                    log.namespace.full(DEAD.name),
                    b"",
                    body.key,
                    partition=letter.place[0] if letter.place else None,
                    timestamp_ms=letter.stamp,
                    headers=_marked(body, as_one, *mark),
                )
                for (letter, body), as_one in zip(bodies, as_ones, strict=True)
            ]
            await asyncio.gather(*marks)
        for (letter, _), as_one in zip(bodies, as_ones, strict=True):
            told(letter, as_one)
    for letter in batch:
        if letter.place not in found:
            told(letter, None)


async def _again(
    namespace: Namespace, producer: AIOKafkaProducer, letter: Letter, body: SourceRecord
) -> asyncio.Future[Any]:
    partition = target(letter, namespace.partitions[letter.topic])
    value = None if letter.null_value else body.value
    sent: asyncio.Future[Any] = await producer.send(
        namespace.full(letter.topic), value, letter.key, partition=partition
    )
    return sent


def _marked(body: SourceRecord, as_one: str, by: str, at: str) -> list[tuple[str, bytes]]:
    """Return the dead letter's headers, and when, by whom and as what it was replayed."""
    marks = {"replayed-at": at, "replayed-by": by, "replayed-as": as_one}
    kept = [(name, value) for name, value in body.headers if name not in marks]
    return [*kept, *((name, value.encode()) for name, value in marks.items())]

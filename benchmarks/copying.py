"""Many open tasks for a restore: what a worker has logged for some, written again under other ids.

A table's bytes for a task do not hold the task's id, so a copy is what the worker would have written for a task of
that id with the same content and votes, byte for byte; only the totals of a partition, which count its tasks, are
counted anew. Copies go out as the worker writes:
state and its commit record in one transaction, in the order and with the repetitions that were logged.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.engine.changelog import COMMIT_KEY, decode_commit, encode_commit
from streams.engine.clients import Clients
from streams.engine.routing import partition_of
from streams.engine.writer import Message, TransactionalWriter
from streams.quality.task_state import TOTALS, Totals, task_key
from streams.topics import full_name

_PREFIX = task_key("").encode()
_TOTALS = TOTALS.encode()
_decode_totals = msgspec.json.Decoder(Totals).decode

Transaction = Sequence[tuple[bytes, bytes]]


class Copier:
    """Copies the tasks of a task table whose worker does not run.

    Parameters
    ----------
    clients : Clients
        Their group is the namespace.
    changelog : str
        The table's changelog, by its full name.

    Attributes
    ----------
    copies : dict of str to list of str
        A task to the ids of its copies.
    """

    def __init__(self, clients: Clients, changelog: str, partitions: int) -> None:
        self._clients = clients
        self._changelog = changelog
        self._fresh: list[list[str]] = [[] for _ in range(partitions)]
        self._made = 0
        self.copies: dict[str, list[str]] = {}

    async def copy(self, times: int, advance: Callable[[int], None]) -> None:
        """Write every task `times` more times; `advance` is told how many more there are."""
        reader = self._clients.reader(committed_only=True)
        await reader.start()
        try:
            for partition in range(len(self._fresh)):
                place = TopicPartition(self._changelog, partition)
                logged = [transaction async for transaction in _transactions(reader, place)]
                writer = TransactionalWriter(self._clients, f"{self._changelog}-copies-{partition}", partition)
                await writer.open()
                try:
                    for number in range(1, times + 1):
                        await self._copy(writer, place, logged, number, advance)
                    # A commit returns before its marker is written; a producer that takes over waits for the marker.
                    await writer.open()
                finally:
                    await writer.close()
        finally:
            await reader.stop()

    async def _copy(
        self,
        writer: TransactionalWriter,
        place: TopicPartition,
        logged: Sequence[Transaction],
        number: int,
        advance: Callable[[int], None],
    ) -> None:
        last = decode_commit(logged[-1][-1][1])
        whole = next(value for each in reversed(logged) for key, value in reversed(each) if key == _TOTALS)
        offsets = {full_name(self._clients.group, topic): offset for topic, offset in last.positions.items()}
        names: dict[bytes, bytes] = {}
        now = int(time.time() * 1000)
        for count, records in enumerate(logged, 1):
            state, before = [], len(names)
            for key, value in records:
                if key == _TOTALS:
                    state.append(Message(key, counted_anew(value, whole, number), now))
                elif key.startswith(_PREFIX):
                    name = names.get(key)
                    if name is None:
                        name = names[key] = self._name(key, place.partition)
                    state.append(Message(name, value, now))
            commit = decode_commit(records[-1][1])
            commit.sequence = last.sequence + (number - 1) * len(logged) + count
            commit.positions = last.positions
            state.append(Message(COMMIT_KEY, encode_commit(commit), now))
            await writer.commit({}, place, state, offsets)
            advance(len(names) - before)

    def _name(self, key: bytes, partition: int) -> bytes:
        """Return the key of a task that no one has, in the same partition."""
        waiting = self._fresh[partition]
        while not waiting:
            fresh = str(uuid.uuid5(uuid.NAMESPACE_URL, f"goldstream/copy/{self._made}"))
            self._made += 1
            self._fresh[partition_of(fresh.encode(), len(self._fresh))].append(fresh)
        self.copies.setdefault(key.removeprefix(_PREFIX).decode(), []).append(waiting[-1])
        return _PREFIX + waiting.pop().encode()


def counted_anew(some: bytes, whole: bytes, times: int) -> bytes:
    """Return the totals `some` with `times` times the totals `whole` added; each is a version byte and JSON."""
    both = (msgspec.structs.astuple(_decode_totals(each[1:])) for each in (some, whole))
    return some[:1] + msgspec.json.encode(Totals(*(mine + times * its for mine, its in zip(*both, strict=True))))


async def _transactions(reader: AIOKafkaConsumer, place: TopicPartition) -> AsyncIterator[Transaction]:
    """Yield what each transaction wrote, as far as compaction has left it; the last record of each is its commit."""
    reader.assign([place])
    await reader.seek_to_beginning(place)
    end = (await reader.end_offsets([place]))[place]
    records: list[tuple[bytes, bytes]] = []
    while await reader.position(place) < end:
        for record in (await reader.getmany(place, timeout_ms=200)).get(place, ()):
            records.append((record.key, record.value))
            if record.key == COMMIT_KEY:
                yield records
                records = []

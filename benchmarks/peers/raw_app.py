"""The reference job by hand: aiokafka, dicts and transactions. About what Python allows, and no more than it must do.

``python -m benchmarks.peers.raw_app`` runs it. Exactly-once: a stage's outputs, its changelog and its offsets are one
transaction; on start its producer fences an older one, its state is read back from the changelog, and it goes on at
the committed offsets. Any error ends the process, so that what was not committed is not in the state either.

Everything an expert would do for speed is done: one transactional producer a stage, so that one computes while the
other commits; up to `RECORDS` records a transaction; record batches built per partition and sent whole; the partition
of a key remembered; msgspec's structs, and no validation beyond them; state as objects, encoded once a transaction
for the changelog; uvloop; a rare garbage collection. What is left out: groups and rebalancing (it is the only process
and takes all partitions), bad records, retries, metrics.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.partitioner import murmur2

from benchmarks.reference import VOTES, Annotation, Annotator, Scored, Task, count, score

RECORDS = 5000

_encode = msgspec.json.Encoder().encode
Row = tuple[int, bytes, bytes]
"""Timestamp, key and value of a record to be written."""


class Stage:
    """Reads a topic, keeps a table, writes a topic; all of it in transactions.

    Parameters
    ----------
    source, target, table : str
        Logical names.
    state : type
        What the table holds.
    """

    def __init__(
        self, broker: str, namespace: str, partitions: int, *, source: str, target: str, table: str, state: type
    ) -> None:
        self.partitions = partitions
        self.target = f"{namespace}.{target}"
        self.table: dict[bytes, Any] = {}
        self._broker = broker
        self._state: msgspec.json.Decoder[Any] = msgspec.json.Decoder(state)
        self._group = f"{namespace}-{table}"
        self._changelog = f"{namespace}.{table}-changelog"
        self._sources = [TopicPartition(f"{namespace}.{source}", number) for number in range(partitions)]
        self._consumer = self._reader(self._group)
        self._producer = AIOKafkaProducer(
            bootstrap_servers=broker,
            transactional_id=self._group,
            transaction_timeout_ms=10_000,
            max_batch_size=900_000,
            max_request_size=4_000_000,
            retry_backoff_ms=10,
        )

    def _reader(self, group: str | None) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self._broker,
            group_id=group,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=4_000_000,
            check_crcs=False,
        )

    def step(self, record: Any, outputs: dict[int, list[Row]]) -> bool:
        """Apply a record to the table; append to `outputs` by partition. Return whether its key's state changed."""
        raise NotImplementedError

    async def open(self) -> None:
        """Take over: fence, restore, and stand at the committed offsets."""
        await self._producer.start()
        await self._restore()
        await self._consumer.start()
        self._consumer.assign(self._sources)

    async def _restore(self) -> None:
        places = [TopicPartition(self._changelog, number) for number in range(self.partitions)]
        async with self._reader(None) as reader:
            reader.assign(places)
            ends = await reader.end_offsets(places)
            while any([await reader.position(place) < ends[place] for place in places]):
                for records in (await reader.getmany(timeout_ms=100)).values():
                    self.table.update((record.key, self._state.decode(record.value)) for record in records)

    async def run(self) -> None:
        """Work for ever."""
        while True:
            fetched = await self._consumer.getmany(timeout_ms=500, max_records=RECORDS)
            if fetched:
                await self._transact(fetched)

    async def _transact(self, fetched: dict[TopicPartition, list[Any]]) -> None:
        outputs: dict[int, list[Row]] = defaultdict(list)
        changes: dict[int, list[Row]] = {}
        step, table = self.step, self.table
        for place, records in fetched.items():
            changed = {record.key: record.timestamp for record in records if step(record, outputs)}
            changes[place.partition] = [(at, key, _encode(table[key])) for key, at in changed.items()]
        offsets = {place: records[-1].offset + 1 for place, records in fetched.items()}
        producer = self._producer
        await producer.begin_transaction()
        sent: list[asyncio.Future[Any]] = []
        for topic, rows_by_partition in ((self.target, outputs), (self._changelog, changes)):
            for partition, rows in rows_by_partition.items():
                sent += await self._send(topic, partition, rows)
        await asyncio.gather(producer.send_offsets_to_transaction(offsets, self._group), *sent)
        await producer.commit_transaction()

    async def _send(self, topic: str, partition: int, rows: Iterable[Row]) -> list[asyncio.Future[Any]]:
        producer = self._producer
        batch = producer.create_batch()
        sent = []
        for at, key, value in rows:
            if batch.append(timestamp=at, key=key, value=value) is None:
                sent.append(await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
                batch.append(timestamp=at, key=key, value=value)
        if batch.record_count():
            sent.append(await producer.send_batch(batch, topic, partition=partition))
        return sent

    async def close(self) -> None:
        """Leave; an open transaction is aborted by whoever comes next."""
        await self._consumer.stop()
        await self._producer.stop()


class ScoreAnnotations(Stage):
    """Stage one, by annotator."""

    _decode = msgspec.json.Decoder(Annotation).decode

    def step(self, record: Any, outputs: dict[int, list[Row]]) -> bool:
        annotator = self.table.get(record.key)
        if annotator is None:
            annotator = self.table[record.key] = Annotator()
        scored = score(annotator, self._decode(record.value))
        key = scored.task_id.encode()
        outputs[_partition(key, self.partitions)].append((record.timestamp, key, _encode(scored)))
        return True


class LabelTasks(Stage):
    """Stage two, by task: a label goes to the partition its votes came from, for they have the same key."""

    _decode = msgspec.json.Decoder(Scored).decode

    def step(self, record: Any, outputs: dict[int, list[Row]]) -> bool:
        task = self.table.get(record.key)
        if task is None:
            task = self.table[record.key] = Task()
        if len(task.votes) == VOTES:
            return False
        label = count(task, self._decode(record.value))
        if label is not None:
            outputs[record.partition].append((record.timestamp, record.key, _encode(label)))
        return True


@lru_cache(maxsize=1 << 17)
def _partition(key: bytes, partitions: int) -> int:
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


async def run(broker: str, namespace: str, partitions: int) -> None:
    """Run both stages until a signal, or until one fails."""
    scoring = ScoreAnnotations(
        broker, namespace, partitions, source="annotations", target="scored", table="annotators", state=Annotator
    )
    labelling = LabelTasks(broker, namespace, partitions, source="scored", target="labels", table="tasks", state=Task)
    stages = (scoring, labelling)
    await asyncio.gather(*(stage.open() for stage in stages))
    print("ready", flush=True)
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, told.set)
    working = [asyncio.create_task(stage.run()) for stage in stages]
    stopping = asyncio.create_task(told.wait())
    await asyncio.wait([*working, stopping], return_when=asyncio.FIRST_COMPLETED)
    for task in (*working, stopping):
        task.cancel()
    ended = await asyncio.gather(*working, return_exceptions=True)
    await asyncio.gather(*(stage.close() for stage in stages), return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error


if __name__ == "__main__":
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    uvloop.run(run(os.environ["PEER_BROKER"], os.environ["PEER_NAMESPACE"], int(os.environ["PEER_PARTITIONS"])))

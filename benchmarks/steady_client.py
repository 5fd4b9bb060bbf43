"""The process that sends at an even pace and reads the labels; `benchmarks.steady` starts it and speaks to it.

The load is open-loop: every annotation has its time, and is sent then whether or not earlier ones have been answered.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import time
from pathlib import Path

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.partitioner import murmur2

from benchmarks.reference import VOTES
from benchmarks.steady import Outcome, Plan, Seen, steady_votes

STALL_SECONDS = 30.0
AFTERMATH_SECONDS = 1.0


class Client:
    """Sends at an even pace and reads all the while, on one loop."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._votes = steady_votes(plan.tasks)
        self._read: list[tuple[float, int, bytes, bytes]] = []
        self._due: dict[str, list[float]] = {}
        self._behind = 0.0
        self._failed = 0
        self._ending = asyncio.Event()

    async def run(self, stdin: asyncio.StreamReader) -> Outcome:
        plan = self._plan
        places = [(murmur2(key) & 0x7FFFFFFF) % plan.partitions for _, (_, key, _) in self._votes]
        producer = AIOKafkaProducer(bootstrap_servers=plan.bootstrap, enable_idempotence=True)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=plan.bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
        )
        await producer.start()
        await consumer.start()
        try:
            await producer.partitions_for(plan.annotations)
            consumer.assign([TopicPartition(plan.labels, number) for number in range(plan.partitions)])
            reading = asyncio.create_task(self._read_on(consumer))
            print("ready", flush=True)
            await stdin.readline()
            listening = asyncio.create_task(self._listen(stdin))
            began = await self._send(producer, places)
            complete = [task_id for task_id, due in self._due.items() if len(due) == VOTES]
            await self._settle(len(complete))
            for task in (reading, listening):
                task.cancel()
            await asyncio.wait([reading, listening])
        finally:
            await producer.stop()
            await consumer.stop()
        labels = [self._seen(*each) for each in self._read]
        return Outcome(began, self._behind, self._failed, complete, labels)

    def _seen(self, read: float, partition: int, key: bytes, value: bytes) -> Seen:
        task_id = key.decode()
        due = self._due.get(task_id)
        return Seen(task_id, partition, due[-1] if due else None, read, value)

    async def _send(self, producer: AIOKafkaProducer, places: list[int]) -> float:
        pause = 1 / self._plan.per_second
        topic = self._plan.annotations
        due = began = time.monotonic()
        for (task_id, (_, key, value)), partition in zip(self._votes, places, strict=True):
            now = time.monotonic()
            if now < due:
                await asyncio.sleep(due - now)
                now = time.monotonic()
            if self._ending.is_set():
                break
            self._behind = max(self._behind, now - due)
            delivery = await producer.send(topic, value, key, partition=partition)
            delivery.add_done_callback(self._delivered)
            self._due.setdefault(task_id, []).append(due)
            due += pause
        return began

    def _delivered(self, delivery: asyncio.Future[object]) -> None:
        self._failed += delivery.cancelled() or delivery.exception() is not None

    async def _listen(self, stdin: asyncio.StreamReader) -> None:
        await stdin.readline()
        self._ending.set()

    async def _read_on(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            fetched = await consumer.getmany(timeout_ms=1000)
            now = time.monotonic()
            for place, records in fetched.items():
                self._read += [(now, place.partition, record.key, record.value) for record in records]

    async def _settle(self, count: int) -> None:
        """Wait for the labels, and a moment longer for those that should not be there."""
        seen, moved = 0, time.monotonic()
        while len(self._read) < count and time.monotonic() - moved < STALL_SECONDS:
            if len(self._read) > seen:
                seen, moved = len(self._read), time.monotonic()
            await asyncio.sleep(0.05)
        await asyncio.sleep(AFTERMATH_SECONDS)


async def _run() -> Outcome:
    stdin = asyncio.StreamReader(limit=2**20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    plan = msgspec.json.decode(await stdin.readline(), type=Plan)
    return await Client(plan).run(stdin)


if __name__ == "__main__":
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    # A collection's pause would be counted as latency, and nothing here is part of a cycle.
    gc.disable()
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    Path(sys.argv[1]).write_bytes(msgspec.msgpack.encode(asyncio.run(_run())))
    print("done", flush=True)

"""A seeded campaign without an end, sent at a steady rate through whatever happens to the broker."""

from __future__ import annotations

import asyncio
import json
import random
import time
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.engine.clients import close_producer
from streams.topics import full_name
from tests.chaos.poison import EXPECTED, Poison, brew
from tests.kafka.workload import Message, make

PART_S = 10
"""The campaign is made in parts of so many seconds: the tasks of a part are published, then answered."""

POISON_SHARE = 0.01
RETRY_S = 0.5


class Load:
    """Sends until it is told to stop.

    What of it was appended, and how often, the input topics say: a producer that gave up on a batch cannot know.

    Attributes
    ----------
    days_off : float
        How wrong the producer's clock is: the records' own timestamps, and what annotations say of when they were made.
    poison_due : int
        How many poison messages go out at once.
    sent : int
        Annotations handed to the producer, poison left out.
    unsure : int
        Messages that the producer gave up on.
    """

    def __init__(self, bootstrap: str, namespace: str, seed: int, rate: int) -> None:
        self.days_off = 0.0
        self.poison_due = 0
        self.sent = 0
        self.unsure = 0
        self._bootstrap = bootstrap
        self._namespace = namespace
        self._seed = seed
        self._rate = rate
        self._rng = random.Random(seed)
        self._stopping = False
        self._poisoned = 0
        self._producer: AIOKafkaProducer | None = None
        self._is_broken = False
        self._flying: set[asyncio.Future[object]] = set()

    def stop(self) -> None:
        """Let `run` come to its end."""
        self._stopping = True

    async def run(self) -> None:
        """Send; after `stop`, wait until all that was sent is acknowledged or given up."""
        started = time.monotonic()
        part = 0
        try:
            while not self._stopping:
                await self._play(part, started)
                part += 1
            while self._flying:
                await asyncio.wait(self._flying)
        finally:
            await self._drop()

    async def _play(self, part: int, started: float) -> None:
        tasks = PART_S * self._rate // 3
        made = make(self._seed * 10_000 + part, annotations=3 * tasks, first=part * tasks)
        for message in made.setup if part == 0 else made.setup[2:]:  # both projects come first
            await self._send(*message)
        known = list(made.votes)
        step = max(1, self._rate // 10)
        for first in range(0, len(made.annotations), step):
            if self._stopping:
                return
            for message in made.annotations[first : first + step]:
                await self._send(*self._mistimed(message))
                self.sent += 1
                self.poison_due += self._rng.random() < POISON_SHARE
            while self.poison_due > 0:
                self.poison_due -= 1
                self._poisoned += 1
                await self._poison(brew(self._rng, f"poison-{self._poisoned}", self._rng.choice(known)))
            await asyncio.sleep(max(0.0, started + self.sent / self._rate - time.monotonic()))

    def _mistimed(self, message: Message) -> Message:
        if not self.days_off:
            return message
        topic, key, value = message
        fields = json.loads(value or b"")
        fields["submitted_at"] = (datetime.now(UTC) + timedelta(days=self.days_off)).isoformat()
        return topic, key, json.dumps(fields, separators=(",", ":")).encode()

    async def _poison(self, poison: Poison) -> None:
        headers = [(EXPECTED, poison.reason.encode())]
        await self._send(poison.topic, poison.key, poison.value, partition=poison.partition, headers=headers)

    async def _send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        partition: int | None = None,
        headers: list[tuple[str, bytes]] | None = None,
    ) -> None:
        while True:
            try:
                producer = await self._made()
                delivery = await producer.send(
                    full_name(self._namespace, topic),
                    value,
                    key,
                    partition=partition,
                    timestamp_ms=int((time.time() + self.days_off * 86_400) * 1000),
                    headers=headers,
                )
            except (KafkaError, OSError):
                self._is_broken = True
                await asyncio.sleep(RETRY_S)
                continue
            self._flying.add(delivery)
            delivery.add_done_callback(self._landed)
            return

    def _landed(self, delivery: asyncio.Future[object]) -> None:
        self._flying.discard(delivery)
        if delivery.cancelled() or delivery.exception() is not None:
            # An idempotent producer cannot go on after a batch that it gave up on.
            self.unsure += 1
            self._is_broken = True

    async def _made(self) -> AIOKafkaProducer:
        if self._is_broken:
            await self._drop()
            self._is_broken = False
        if self._producer is None:
            self._producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap,
                enable_idempotence=True,
                acks="all",
                linger_ms=2,
                max_request_size=4_000_000,
                request_timeout_ms=120_000,
            )
            try:
                await self._producer.start()
            except BaseException:
                await self._drop()
                raise
        return self._producer

    async def _drop(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await close_producer(producer)

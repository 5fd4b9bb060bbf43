"""Worker processes on a real broker, and what a test puts in and reads back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.loopback import free_port
from streams.settings import Settings
from streams.topics import full_name
from streams.topics_admin import create

Record: TypeAlias = Any
"""A ConsumerRecord of bytes; aiokafka has no types."""


class Worker:
    """A `goldstream worker` in a process of its own, logging to a file."""

    def __init__(self, settings: Mapping[str, object], folder: Path, name: str) -> None:
        self.name = name
        self.port = free_port()
        self.log = folder / f"{name}.log"
        self._settings = {**settings, "web_port": self.port}
        self._process: subprocess.Popen[bytes] | None = None

    def choose_port(self, port: int) -> None:
        self.port = port
        self._settings["web_port"] = port

    def start(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GOLDSTREAM_")}
        environment = kept | {f"GOLDSTREAM_{name.upper()}": str(value) for name, value in self._settings.items()}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "streams.cli", "worker"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return None if self._process is None else self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self, timeout_s: float = 40) -> int:
        assert self._process is not None
        if self.running:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            try:
                self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.kill()
        return self._process.returncode

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return str(answer.read().decode())

    def is_ready(self) -> bool:
        try:
            self.get("/ready")
        except (urllib.error.URLError, OSError):
            return False
        return True

    def metric(self, name: str) -> float:
        """Return the sum of a metric's samples whose line starts with `name`."""
        lines = (line for line in self.get("/metrics").splitlines() if line.startswith(name))
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def log_text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def settings_for(bootstrap: str, namespace: str, **more: object) -> dict[str, object]:
    return {"broker": bootstrap, "namespace": namespace, "partitions": 2, "tick_s": 1.0, **more}


async def make_topics(settings: Mapping[str, object]) -> None:
    failed = [each for each in await create(Settings(**settings)) if each.error]  # type: ignore[arg-type]  # validated
    assert not failed, failed


@contextlib.contextmanager
def workers(settings: Mapping[str, object], folder: Path, count: int) -> Iterator[list[Worker]]:
    """Start workers; stop them at the end, and fail when one crashed."""
    group = [Worker(settings, folder, f"worker-{number}") for number in range(1, count + 1)]
    try:
        for worker in group:
            worker.start()
        yield group
    finally:
        codes = [worker.stop() for worker in group if worker.running]
    said = [f"{worker.name}:\n{worker.log_text()[-4000:]}" for worker in group]
    assert not any("CRITICAL" in text or "never retrieved" in text for text in said), "\n".join(said)
    assert not any(codes), "\n".join(said)


async def until(condition: object, *, seconds: float, what: str) -> None:
    """Poll `condition` (a function, plain or async) until it holds."""
    deadline = time.monotonic() + seconds
    while True:
        held = condition()  # type: ignore[operator]  # a function
        if asyncio.iscoroutine(held):
            held = await held
        if held:
            return
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def producing(bootstrap: str, *, idempotent: bool = True) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=idempotent,
        acks="all",
        linger_ms=2,
        max_request_size=4_000_000,
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def publish(bootstrap: str, namespace: str, messages: Iterable[tuple[str, bytes | None, bytes | None]]) -> None:
    """Send (logical topic, key, value) messages in order and wait for all of them."""
    async with producing(bootstrap) as producer:
        sent = [await producer.send(full_name(namespace, topic), value, key) for topic, key, value in messages]
        await asyncio.gather(*sent)


async def read_all(
    bootstrap: str, names: Sequence[str], *, committed_only: bool = True
) -> dict[TopicPartition, list[Record]]:
    """Read whole topics (full names), by partition."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed" if committed_only else "read_uncommitted",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=8_000_000,
    )
    await consumer.start()
    try:
        await consumer._client.set_topics(names)
        places = [TopicPartition(name, part) for name in names for part in consumer.partitions_for_topic(name) or ()]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        found: dict[TopicPartition, list[Record]] = {place: [] for place in places}
        while any([await consumer.position(place) < ends[place] for place in places]):
            for place, records in (await consumer.getmany(timeout_ms=200)).items():
                found[place] += records
        return found
    finally:
        await consumer.stop()


async def read_topic(bootstrap: str, namespace: str, topic: str) -> list[Record]:
    """Read one topic (logical name), partition after partition."""
    found = await read_all(bootstrap, [full_name(namespace, topic)])
    return [record for place in sorted(found) for record in found[place]]

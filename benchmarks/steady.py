"""A steady load, and when each label could be read: by a process of its own, the same for every contestant."""

from __future__ import annotations

import asyncio
import math
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from benchmarks import workload
from benchmarks.contestants import ROOT, Contestant
from benchmarks.display import Display
from benchmarks.labels import compare
from benchmarks.publishing import publish
from benchmarks.reference import VOTES, Label
from benchmarks.waiting import until_stored
from benchmarks.workload import Message
from streams.topics import full_name

APART = 600
"""The votes of a task lie at most so many annotations apart."""


class Plan(msgspec.Struct, frozen=True):
    """What to send and where; `annotations` and `labels` are topics by their full names."""

    bootstrap: str
    annotations: str
    labels: str
    partitions: int
    tasks: int
    per_second: float


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """A label as it was read; times are of the machine's monotonic clock, `due` None for a task that was not sent."""

    task_id: str
    partition: int
    due: float | None
    read: float
    value: bytes


class Outcome(msgspec.Struct, frozen=True):
    """What became of a plan.

    Attributes
    ----------
    began : float
        When the first annotation was due.
    behind_s : float
        How long after its time the latest annotation was sent.
    complete : list of str
        Tasks whose votes were all sent.
    """

    began: float
    behind_s: float
    failed: int
    complete: list[str]
    labels: list[Seen]


class _TaskId(msgspec.Struct):
    task_id: str


def steady_votes(tasks: int) -> list[tuple[str, Message]]:
    """Return the workload's votes with their tasks, in an order in which tasks are completed at an even pace."""
    rng = random.Random(2)
    decode = msgspec.json.Decoder(_TaskId).decode
    places: dict[str, int] = {}
    ordered: list[tuple[float, str, Message]] = []
    for message in workload.votes(tasks):
        task_id = decode(message[2]).task_id
        place = places.setdefault(task_id, len(places) * VOTES)
        ordered.append((place + rng.random() * APART, task_id, message))
    return [(task_id, message) for _, task_id, message in sorted(ordered)]


class Load:
    """A running plan.

    Parameters
    ----------
    folder : Path
        Takes what the process reports.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._report = folder / f"{plan.labels}.steady"
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.steady_client", str(self._report)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        await self._say(msgspec.json.encode(self._plan))
        await self._hear()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def begin(self) -> None:
        """Let the first annotation go."""
        await self._say(b"begin")

    async def whole(self, text: str, display: Display) -> Outcome:
        """Send all of it, read every label, and return what came."""
        await self.begin()
        hearing = asyncio.create_task(self._outcome())
        await show_seconds(text, self._plan.tasks * VOTES / self._plan.per_second, display, hearing)
        return await hearing

    async def end(self) -> Outcome:
        """Send no more, read the labels of what was sent, and return what came."""
        await self._say(b"end")
        return await self._outcome()

    async def _outcome(self) -> Outcome:
        await self._hear()
        return msgspec.msgpack.decode(self._report.read_bytes(), type=Outcome)

    async def _say(self, line: bytes) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(line + b"\n")
        await self._process.stdin.drain()

    async def _hear(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        if not await self._process.stdout.readline():
            raise RuntimeError("the process that sends and reads ended; what it said stands above")


def judged(outcome: Outcome, expected: Mapping[str, Label], contestant: Contestant) -> list[str]:
    """Return what is wrong with a load's labels: anything but the expected one for each task that was sent."""
    labels = [(seen.task_id, contestant.answer(msgspec.json.decode(seen.value))) for seen in outcome.labels]
    faults = compare(labels, {task_id: expected[task_id] for task_id in outcome.complete})
    if outcome.failed:
        faults.append(f"{outcome.failed:,} annotations could not be sent")
    return faults


def unrest(contestant: Contestant) -> list[str]:
    """Return what its log tells of errors that nobody handled."""
    text = contestant.log_text()
    return [f"a traceback in the log of {contestant.name}:\n{text[-2000:]}"] if "Traceback" in text else []


async def publish_tasks(
    workers: Sequence[Contestant], bootstrap: str, partitions: int, tasks: int, advance: Callable[[int], None]
) -> None:
    """Publish `tasks` tasks of one project, and return when the workers have them."""
    names = partial(full_name, workers[0].namespace)
    await publish(bootstrap, names, partitions, [workload.project(), *workload.tasks(tasks)])
    await until_stored(workers, "open", tasks, advance)


async def show_seconds(text: str, seconds: float, display: Display, ending: asyncio.Future[Any] | None = None) -> None:
    """Show a step for `seconds`, or until `ending` is done."""
    whole = math.ceil(seconds)
    with display.step(text, whole) as advance:
        for number in range(whole):
            if ending is not None and ending.done():
                return
            await asyncio.sleep(min(1.0, seconds - number))
            advance(1)
        if ending is not None:
            await asyncio.wait([ending])

"""Plays a campaign through a broker, in real messages at a steady rate, and follows what comes of it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Final

from schemas import LabelStatus, Project
from streams.demo.campaign import Campaign
from streams.demo.scoreboard import Accuracy
from streams.demo.standing import Standing, Verdicts
from streams.demo.traffic import Traffic
from streams.demo.worker import Worker
from streams.failures import Failure

RATE: Final = 600.0
"""Annotations a second; a larger campaign is played faster when it would not fit its time."""
MOST_RATE: Final = 3000.0
ANNOTATIONS_PER_TASK: Final = 3.6
"""About so many it takes, votes on extended tasks and gold included."""

TICK_S: Final = 0.05
BURST_S: Final = 0.25
BEHIND_S: Final = 5.0
DRAIN_S: Final = 4.0
ASK_S: Final = 0.5
RATE_OVER_S: Final = 3.0
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Frame:
    """What the screen shows of a campaign at one moment.

    Attributes
    ----------
    elapsed_s : float
        Since the first annotation was sent.
    taken_in : int
        Annotations that the worker has scored, by its metrics; `rate` of them a second lately.
    dead : int
        Events that the worker could not apply.
    undecided_right : int
        The undecided tasks that plain majority would have labelled rightly.
    min_gold : int
        Gold answers that a verdict on an annotator needs; `gold_accuracy` is the share that must be right.
    finished : bool
        Whether the campaign was played to its end.
    """

    elapsed_s: float
    sent: int
    gold_sent: int
    taken_in: int
    rate: float
    dead: int
    tasks: int
    unlabelled: int
    settled: int
    undecided: int
    undecided_right: int
    accuracy: Accuracy
    accuracy_of_first_votes: float | None
    annotators: int
    min_gold: int
    gold_accuracy: float
    verdicts: Verdicts
    finished: bool

    @property
    def gold_each(self) -> float:
        """How many gold answers an annotator has given, on average."""
        return self.gold_sent / self.annotators


class Play:
    """One campaign on its way through the broker.

    Parameters
    ----------
    seconds : float
        How long the playing may take; it decides the rate.
    check : callable
        Raises `Failure` when broker or worker are gone.
    """

    def __init__(
        self, campaign: Campaign, traffic: Traffic, worker: Worker, seconds: float, check: Callable[[], None]
    ) -> None:
        self._campaign = campaign
        self._traffic = traffic
        self._worker = worker
        self._check = check
        self._standing = Standing(campaign)
        self._tasks = len(campaign.tasks) - len(campaign.gold)
        self._rate = min(MOST_RATE, max(RATE, self._tasks * ANNOTATIONS_PER_TASK / seconds))
        self._thresholds = Project.model_validate(campaign.project).thresholds
        self._dead = 0
        self._taken_in = deque([(time.monotonic(), 0)])
        self._started: float | None = None
        self._ended: float | None = None

    async def publish(self, deadline: float) -> None:
        """Send what a campaign begins with; raises `Failure` when that takes too long (`time.monotonic()`)."""
        await self._traffic.send("projects", [self._campaign.project])
        await self._traffic.flush()
        await self._traffic.send("annotators", self._campaign.annotator_messages)
        await self._traffic.send("gold", self._campaign.gold)
        tasks = iter(self._campaign.tasks)
        while chunk := list(islice(tasks, _CHUNK)):
            self._check()
            if time.monotonic() > deadline:
                raise Failure(f"{self._tasks} tasks are too many to publish in the time given (--seconds)")
            await self._traffic.send("tasks", chunk)
            await self._traffic.flush()

    async def run(self, deadline: float, show: Callable[[Frame], None], every_s: float) -> None:
        """Play until the campaign is finished or the deadline (`time.monotonic()`) has come.

        Raises
        ------
        Failure
            Broker or worker are gone, or no label ever came.
        """
        self._started = time.monotonic()
        try:
            async with asyncio.TaskGroup() as group:
                aside = [
                    group.create_task(self._read()),
                    group.create_task(self._ask()),
                    group.create_task(self._show(show, every_s)),
                ]
                await self._annotate(deadline)
                self._ended = time.monotonic()
                await self._drain()
                for task in aside:
                    task.cancel()
        except BaseExceptionGroup as errors:
            failures = errors.subgroup(Failure)
            if failures is None:
                raise
            raise _first(failures) from None
        await self._traffic.flush()
        if not self._standing.statuses():
            raise self._worker.failure("no label came; the last lines of the worker's log:")

    def frame(self) -> Frame:
        """Return where the campaign stands now."""
        now = time.monotonic()
        statuses = self._standing.statuses()
        (since, before), (until, after) = self._taken_in[0], self._taken_in[-1]
        return Frame(
            elapsed_s=(self._ended or now) - (self._started or now),
            sent=self._campaign.annotations_sent,
            gold_sent=self._standing.gold_sent,
            taken_in=after,
            rate=(after - before) / (until - since) if until > since else 0.0,
            dead=self._dead,
            tasks=self._tasks,
            unlabelled=self._campaign.unlabelled,
            settled=statuses[LabelStatus.settled],
            undecided=statuses[LabelStatus.undecided],
            undecided_right=self._standing.undecided_right(),
            accuracy=self._standing.accuracy(),
            accuracy_of_first_votes=self._standing.accuracy_of_first_votes(),
            annotators=len(self._campaign.annotators),
            min_gold=self._thresholds.min_gold,
            gold_accuracy=self._thresholds.gold_accuracy,
            verdicts=self._standing.verdicts(),
            finished=self._campaign.finished,
        )

    async def _annotate(self, deadline: float) -> None:
        owed, last = 0.0, time.monotonic()
        while not self._campaign.finished and last < deadline:
            await asyncio.sleep(TICK_S)
            self._check()
            now = time.monotonic()
            owed = min(owed + (now - last) * self._rate, BURST_S * self._rate)
            last = now
            if self._campaign.annotations_sent - self._taken_in[-1][1] > BEHIND_S * self._rate:
                owed = 0.0  # the worker is behind: the campaign waits for it
            asks, owed = int(owed), owed % 1
            asked = [self._campaign.next_annotation() for _ in range(asks)]
            annotations = [annotation for annotation in asked if annotation is not None]
            for annotation in annotations:
                self._standing.sent(annotation["task_id"], annotation["label"])
            await self._traffic.send("annotations", annotations)

    async def _drain(self) -> None:
        """Wait for what is on its way: until everything is taken in and every task has its label."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                while self._taken_in[-1][1] < self._campaign.annotations_sent or (
                    self._campaign.unlabelled and self._campaign.finished
                ):
                    self._check()
                    await asyncio.sleep(TICK_S)

    async def _read(self) -> None:
        while True:
            for event in await self._traffic.arrivals():
                self._standing.arrived(event)

    async def _ask(self) -> None:
        while True:
            counted = await self._worker.counted()
            now = time.monotonic()
            if counted is not None:
                self._dead = int(counted["goldstream_dead_letters"])
                self._taken_in.append((now, int(counted["goldstream_annotations"])))
                while now - self._taken_in[0][0] > RATE_OVER_S and len(self._taken_in) > 2:
                    self._taken_in.popleft()
            await asyncio.sleep(ASK_S)

    async def _show(self, show: Callable[[Frame], None], every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            show(self.frame())


def _first(errors: BaseExceptionGroup[Failure]) -> Failure:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error

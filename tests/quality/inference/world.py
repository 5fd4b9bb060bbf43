"""The three sides over several partitions, in memory: records go round until nothing follows from them any more.

Between two partitions records keep their order; which of them is read next is up to the test.
"""

from __future__ import annotations

from collections import Counter, deque
from random import Random
from typing import Any

import msgspec

from streams.events import DEAD_LETTERS, Event, Output, Side
from streams.quality.annotators import AnnotatorSide
from streams.quality.keys import key, parts
from streams.quality.learning import Confusions
from streams.quality.project_sums import Sums
from streams.quality.projects import ProjectSide
from streams.quality.summing import Pending
from streams.quality.task_state import Task
from streams.quality.tasks import TaskSide
from streams.replay.state import apply
from tests.quality.campaign import AT, validate
from tests.quality.harness import MemoryState

PARTITIONS = 2
KINDS = ("tasks", "right", "given", "strengths", "losses", "gold")

Sent = dict[str, list[int]]


def partition_of(raw: bytes) -> int:
    """Return the partition that an id belongs to, of any side but the project side, which has one."""
    return sum(raw) % PARTITIONS


class World:
    """All partitions of all sides with what is on its way between them.

    Attributes
    ----------
    wrote : list of Output
        Everything in the order in which it was written; each was held against its contract.
    """

    def __init__(self, random: Random | None = None, **policy: Any) -> None:
        self.random = random
        self.wrote: list[Output] = []
        a_side = AnnotatorSide(partitions=PARTITIONS, partition_of=partition_of)
        self._sides: dict[str, tuple[Side, int]] = {
            source.topic: (side, count)
            for side, count in ((a_side, PARTITIONS), (TaskSide(), PARTITIONS), (ProjectSide(PARTITIONS), 1))
            for source in side.sources
        }
        self._sources = {source.topic: source for side, _ in self._sides.values() for source in side.sources}
        self.tables: dict[tuple[str, int], MemoryState] = {
            (side.name, place): MemoryState() for side, count in self._sides.values() for place in range(count)
        }
        self._offsets: Counter[tuple[str, int]] = Counter()
        self._queues: dict[tuple[str, int], deque[Output]] = {}
        self.now = AT
        self.send("projects", "p", {"project": "p", "policy": policy})

    def send(self, topic: str, key: str, body: dict[str, Any] | None, *, settle: bool = True) -> None:
        """Write a source record, and let all that follows happen unless told not to."""
        self.now += 1
        value = None if body is None else msgspec.json.encode(body)
        self._write(Output(topic, key.encode(), value, self.now))
        if settle:
            self.settle()

    def tick(self) -> None:
        """Tell every partition the time, twice: what is put off while there is work is done the second time."""
        for _ in range(2):
            for topic in ("ticks.a", "ticks.t"):
                for place in range(PARTITIONS):
                    body = msgspec.json.encode({"at": self.now})
                    self._write(Output(topic, str(place).encode(), body, self.now, partition=place))
            self.settle()

    def settle(self) -> None:
        """Read what is on its way, and what follows from it, to the end."""
        while waiting := [place for place, queue in self._queues.items() if queue]:
            self.step(waiting[0] if self.random is None else self.random.choice(waiting))

    def step(self, place: tuple[str, int]) -> None:
        """Read one record."""
        topic, partition = place
        record = self._queues[place].popleft()
        side, count = self._sides[topic]
        value = None if record.value is None else self._sources[topic].decode(record.value)
        offset = self._offsets[place]
        self._offsets[place] += 1
        name = (record.key or b"").decode()
        state = self.tables[side.name, partition % count]
        for output in apply(side, state, Event(topic, partition, offset, record.timestamp, name, value, record.value)):
            validate(output)
            self.wrote.append(output)
            if output.topic in self._sides:
                self._write(output)
        state.commit()

    def _write(self, output: Output) -> None:
        count = self._sides[output.topic][1]
        own = partition_of(output.key or b"") % count if output.partition is None else output.partition
        self._queues.setdefault((output.topic, own), deque()).append(output)

    # What stands

    def states(self, side: str) -> list[MemoryState]:
        """Return a side's tables, one for each partition."""
        return [state for (name, _), state in self.tables.items() if name == side]

    def found(self, side: str, kind: str, type: Any) -> list[tuple[list[str], Any]]:
        """Return the entries of a kind, each with what its key is made of."""
        return [
            (parts(place)[1:], msgspec.json.decode(raw, type=type))
            for state in self.states(side)
            for place, raw in state.committed.items()
            if place.startswith(key(kind, ""))
        ]

    def tasks(self) -> dict[str, Task]:
        """Return all tasks by their id."""
        return {task_id: task for (task_id,), task in self.found("tasks", "t", Task)}

    def confusions(self) -> dict[tuple[str, str], Confusions]:
        """Return what the annotator side has of each annotator and project."""
        return {(who, project): one for (who, project), one in self.found("annotators", "m", Confusions)}

    def cells(self) -> dict[tuple[str, str, str], dict[int, int]]:
        """Return the counts that there are, by annotator, project and label space."""
        return {
            (who, project, space): one.cells
            for (who, project), confusions in self.confusions().items()
            for space, one in confusions.spaces.items()
            if one.cells
        }

    def sums(self) -> dict[tuple[str, str], Sent]:
        """Return what the project side has and what partitions have yet to tell it, added up; noughts left out."""
        total: dict[tuple[str, str], Sent] = {}
        for (project, space), kept in self.found("projects", "i", Sums):
            add(total, (project, space), {kind: getattr(kept, kind) for kind in KINDS})
        for side in ("annotators", "tasks"):
            for (project, space), pending in self.found(side, "d", Pending):
                add(total, (project, space), pending.sums)
        return without_noughts(total)

    def letters(self) -> list[str]:
        """Return the reasons of all dead letters."""
        return [output.tag for output in self.wrote if output.topic == DEAD_LETTERS]

    def bodies(self, topic: str) -> list[dict[str, Any]]:
        """Return the values of all that was written to a topic."""
        return [msgspec.json.decode(one.value) for one in self.wrote if one.topic == topic and one.value is not None]


def without_noughts(total: dict[tuple[str, str], Sent]) -> dict[tuple[str, str], Sent]:
    """Return sums without the kinds that come to nothing."""
    found = {place: {kind: one for kind, one in sums.items() if any(one)} for place, sums in total.items()}
    return {place: sums for place, sums in found.items() if sums}


def add(total: dict[tuple[str, str], Sent], place: tuple[str, str], changes: Sent) -> None:
    """Add to sums in place."""
    kept = total.setdefault(place, {})
    for kind, change in changes.items():
        before = kept.get(kind) or [0] * len(change)
        kept[kind] = [one + other for one, other in zip(before, change, strict=True)]

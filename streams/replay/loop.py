"""The three sides joined by their topics, one partition each, in memory."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from time import perf_counter

import msgspec

from streams.engine.intake import Gate, Intake
from streams.events import DEAD_LETTERS, Event, Output, Side
from streams.quality.annotators import AnnotatorSide
from streams.quality.projects import ProjectSide
from streams.quality.tasks import TaskSide
from streams.replay.state import LiveState, apply
from streams.settings import Settings

DELAYED = "outcomes"
MAX_VALUE_BYTES = int(Settings.model_fields["max_value_bytes"].default)


class Record(msgspec.Struct, frozen=True, gc=False):
    """A record as the intake of a side takes it."""

    offset: int
    timestamp: int
    timestamp_type: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[()] = ()


class _Lane:
    """One side with its intake and its table."""

    def __init__(self, side: Side, table: LiveState) -> None:
        self.side = side
        self.intake = Intake(side.sources, 0, 1, MAX_VALUE_BYTES)
        self.table = table
        self.seconds = 0.0


class _Reader:
    """A topic as its side reads it; `offset` is the next record's."""

    __slots__ = ("gate", "lane", "offset")

    def __init__(self, lane: _Lane, gate: Gate) -> None:
        self.lane = lane
        self.gate = gate
        self.offset = 0


class Loop:
    """What goes in runs round until nothing follows from it any more.

    Every record is bytes between two sides, and is decoded by the source of the side that reads it, as on a broker.
    Records are taken in the order in which they were written.

    Parameters
    ----------
    take : callable
        Gets every output, those that a side reads again included.
    outcome_delay : int
        After how many more annotations an outcome reaches the annotator side.
    table : callable
        Makes an empty table for a side.

    Attributes
    ----------
    refused : Counter
        Dead letters by their reason.
    """

    def __init__(
        self, take: Callable[[Output], None], *, outcome_delay: int = 0, table: Callable[[], LiveState] = LiveState
    ) -> None:
        sides: tuple[Side, ...] = (AnnotatorSide(), TaskSide(), ProjectSide(partitions=1))
        lanes = [_Lane(side, table()) for side in sides]
        self.refused: Counter[str] = Counter()
        self._lanes = {lane.side.name: lane for lane in lanes}
        self._readers = {
            source.topic: _Reader(lane, lane.intake.gate(source.topic))
            for lane in lanes
            for source in lane.side.sources
        }
        self._take = take
        self._delay = outcome_delay
        self._waiting: deque[Output] = deque()
        self._delayed: deque[tuple[int, Output]] = deque()
        self._annotations = 0

    @property
    def tables(self) -> dict[str, LiveState]:
        """Each side's table, by the side's name."""
        return {name: lane.table for name, lane in self._lanes.items()}

    @property
    def writes(self) -> int:
        """How often something was written to a table: no more once the sides are at rest."""
        return sum(lane.table.writes for lane in self._lanes.values())

    @property
    def seconds(self) -> dict[str, float]:
        """Time spent in each side's steps, by the side's name."""
        return {name: lane.seconds for name, lane in self._lanes.items()}

    def send(self, topic: str, key: str, value: bytes | None, timestamp: int) -> None:
        """Write one source record and run until all that follows from it is done."""
        if topic == "annotations":
            self._annotations += 1
            self._release(self._annotations)
        self._waiting.append(Output(topic, key.encode(), value, timestamp))
        self._run()

    def deliver(self) -> None:
        """Hand over the outcomes that are still on their way, and what follows from them."""
        while self._delayed:
            self._release(self._delayed[-1][0])

    def _release(self, now: int) -> None:
        while self._delayed and self._delayed[0][0] <= now:
            self._waiting.append(self._delayed.popleft()[1])
        self._run()

    def _run(self) -> None:
        waiting, take, readers = self._waiting, self._take, self._readers
        while waiting:
            for output in self._step(waiting.popleft()):
                take(output)
                topic = output.topic
                if topic == DEAD_LETTERS:
                    self.refused[output.tag] += 1
                elif self._delay and topic == DELAYED:
                    self._delayed.append((self._annotations + self._delay, output))
                elif topic in readers:
                    waiting.append(output)

    def _step(self, record: Output) -> list[Output]:
        reader = self._readers[record.topic]
        admitted = reader.gate(Record(reader.offset, record.timestamp, 0, record.key, record.value))
        reader.offset += 1
        if not isinstance(admitted, Event):
            return [admitted]
        lane = reader.lane
        began = perf_counter()
        outputs = apply(lane.side, lane.table, admitted)
        lane.seconds += perf_counter() - began
        return outputs

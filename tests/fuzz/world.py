"""The three sides and their intakes on tables in memory, checked after every record."""

from __future__ import annotations

import json
import random
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiokafka import ConsumerRecord

from schemas import CONTRACTS, DeadLetter
from streams.engine.intake import Intake
from streams.engine.outgoing import MAX_OUTPUT_BYTES, MAX_STATE_BYTES
from streams.events import DEAD_LETTERS, ERROR_CHARS, KEY_BYTES, Event, Output, Rejected, Side
from streams.quality.annotators import AnnotatorSide
from streams.quality.projects import ProjectSide
from streams.quality.tasks import TaskSide
from tests.fuzz.generator import Sent
from tests.fuzz.traffic import IDENTITY
from tests.quality.harness import MemoryState, run
from tests.quality.short_way import is_short

MAX_VALUE_BYTES = 262_144
TABLE_KEY_BYTES = 3 * KEY_BYTES
WINDOW = 40

# Small, so that every bound is met.
SIDES = (
    AnnotatorSide(remembered=50, batch=3),
    TaskSide(held_tasks=3, held_per_task=5, votes_limit=6, bench_limit=3, batch=3),
    ProjectSide(partitions=1),
)


@dataclass
class Tally:
    """What became of the records of any number of worlds.

    Attributes
    ----------
    fates : Counter
        Records by topic and fate: a dead letter's reason, or ``accepted``.
    compared, short : int
        Annotations decoded both ways, and those of them that the short way took.
    """

    fates: Counter[tuple[str, str]] = field(default_factory=Counter)
    compared: int = 0
    short: int = 0


class World:
    """Feeds records, and whatever follows from them, to the sides; raises AssertionError when a promise is broken."""

    def __init__(self, seed: str, tally: Tally) -> None:
        lanes = [_Lane(side) for side in SIDES]
        self._lanes = {source.topic: lane for lane in lanes for source in lane.side.sources}
        self._rng = random.Random(seed)
        self._tally = tally
        self.novel: set[tuple[str, ...]] = set()

    def feed(self, sent: Sent) -> bool:
        """Apply a record and all that follows; return whether something happened that never had before."""
        before = len(self.novel)
        waiting = deque([sent])
        while waiting:
            one = waiting.popleft()
            if one.topic == "annotations" and one.value is not None:
                self._tally.compared += 1
                self._tally.short += is_short(one.value)
            outputs = self._lanes[one.topic].apply(one)
            refused = outputs[0].tag if outputs and outputs[0].topic == DEAD_LETTERS else "accepted"
            self._tally.fates[one.topic, refused] += 1
            self.novel.add((one.topic, *sorted({f"{output.topic}:{output.tag}" for output in outputs})))
            for output in outputs:
                check_output(output)
                if output.topic in self._lanes:
                    waiting.append(Sent(output.topic, output.key, output.value, output.timestamp))
        for lane in set(self._lanes.values()):
            lane.check_batches(self._rng)
        return len(self.novel) > before


class _Lane:
    """One side with its table, and the last events with the table before them."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self._intake = Intake(side.sources, 0, 1, MAX_VALUE_BYTES)
        self._state = MemoryState()
        self._offsets: Counter[str] = Counter()
        self._events: list[Event] = []
        self._outputs: list[Output] = []
        self._before: dict[str, bytes] = {}

    def apply(self, sent: Sent) -> list[Output]:
        offset = self._offsets[sent.topic]
        self._offsets[sent.topic] += 1
        event = self._intake.gate(sent.topic)(_record(sent, offset))
        if not isinstance(event, Event):
            return [event]
        self._events.append(event)
        refused = None
        try:
            outputs = self.side.step(self._state, event)
        except Rejected as rejected:
            refused = rejected
            outputs = [self._intake.reject(event, rejected)]
        changed = self._state.changed
        assert not (refused and changed), f"{refused}, and changed {set(changed)}"
        # Asserts too that nothing was changed and not put.
        self._state.commit()
        for key in changed:
            check_state(key, self._state.committed.get(key))
        self._outputs += outputs
        return outputs

    def check_batches(self, rng: random.Random) -> None:
        """Apply the last events again in other batches: outputs and table are the same."""
        if len(self._events) < WINDOW:
            return
        cuts = rng.sample(range(1, WINDOW), rng.randrange(4))
        outputs, table = run(self.side, self._before, self._events, cuts)
        assert outputs == self._outputs, f"{self.side.name}: outputs depend on batches cut at {cuts}"
        assert table == self._state.committed, f"{self.side.name}: the table depends on batches cut at {cuts}"
        self._events, self._outputs, self._before = [], [], dict(table)


def _record(sent: Sent, offset: int) -> ConsumerRecord[bytes, bytes]:
    sizes = [-1 if part is None else len(part) for part in (sent.key, sent.value)]
    return ConsumerRecord(sent.topic, 0, offset, sent.timestamp, 0, sent.key, sent.value, None, *sizes, ())


def check_output(output: Output) -> None:
    """Hold an output against its contract, and against what its topic takes."""
    assert len(output.key or b"") <= KEY_BYTES
    assert len(output.value or b"") <= MAX_OUTPUT_BYTES
    if output.topic == DEAD_LETTERS:
        letter = DeadLetter.from_headers(output.headers)
        assert letter.error
        assert letter.error.isprintable()
        assert len(letter.error) <= ERROR_CHARS
        return
    if output.value is None:
        assert (output.topic, output.tag) == ("labels.latest", "erased")
        return
    CONTRACTS[output.topic].model_validate_json(output.value)
    body = _strict(output.value)
    if output.tag == "statistics":  # beside the project's settings, under a key of their own
        assert msgspec.json.decode(output.key or b"") == [body["project"], body["statistics"]["space"]]
    elif output.tag == "change":
        assert msgspec.json.decode(output.key or b"") == [body["change"]["change_id"], body["change"]["number"]]
    elif output.topic in IDENTITY:
        assert body[IDENTITY[output.topic]].encode() == output.key


def check_state(key: str, value: bytes | None) -> None:
    """Hold a table's entry against what the changelog takes and gives back."""
    assert len(key.encode()) <= TABLE_KEY_BYTES
    if value is not None:
        assert len(value) <= MAX_STATE_BYTES
        # What is read back is what was written: nothing is rounded or lost on the way.
        assert msgspec.json.decode(value) == _strict(value)


def _strict(value: bytes) -> Any:
    def refuse(token: str) -> Any:
        raise AssertionError(f"{token} is no JSON")

    return json.loads(value.decode(), parse_constant=refuse)


def reasons(fates: Counter[tuple[str, str]]) -> Sequence[str]:
    """Return a line for each topic: records, and what became of them."""
    lines = []
    for topic in sorted({topic for topic, _ in fates}):
        of = {fate: count for (name, fate), count in fates.items() if name == topic}
        told = ", ".join(f"{fate} {count:,}" for fate, count in sorted(of.items(), key=lambda one: -one[1]))
        lines.append(f"{topic:20} {sum(of.values()):>12,}  {told}")
    return lines

"""What a change would do to the tasks of a partition: the workers' own code on a copy of their table."""

from __future__ import annotations

import msgspec

from schemas import Globals, SpaceChange
from streams.engine.changelog import Changelog
from streams.engine.overlay import Overlay
from streams.events import Event, Output
from streams.namespace import Namespace
from streams.quality.agreement import telling
from streams.quality.listing import LISTED
from streams.quality.mapping import applying, changes
from streams.quality.tasks import TaskSide
from streams.reading import TopicReader
from streams.spaces.found import Came
from streams.topics import changelog


async def count(namespace: Namespace, reader: TopicReader, partition: int, sent: Globals, timestamp: int) -> Came:
    """Return what the change in `sent` would come to in a partition of the task side, as its table is now."""
    side = TaskSide()
    log = Changelog(side)
    topic = namespace.full(changelog(side.name).name)
    await log.catch_up(reader.consumer, topic, partition, lambda: True, ends_are_exact=namespace.exact)
    return tried(side, log, partition, sent, timestamp)


def tried(side: TaskSide, log: Changelog, partition: int, sent: Globals, timestamp: int) -> Came:
    """Apply a change to a restored table, of which nobody else has need; what it has pending is done before."""
    change = sent.change
    if change is None:
        raise ValueError("there is no change to try")
    known = changes.count(Overlay(log.table, side.state_version), sent.project)
    sent = sent.model_copy(update={"change": _numbered(change, known + 1)})
    event = Event("globals.t", partition, 0, timestamp, sent.project, sent, None)
    came = Came()
    is_first = True
    while not came.parts:
        overlay = Overlay(log.table, side.state_version)
        outputs = applying.take_up(overlay, event, LISTED) if is_first else applying.go_on(overlay, event, LISTED)
        telling.tell_full(overlay, timestamp)
        log.absorb(overlay.changes())
        is_first = False
        for output in _events(outputs):
            came.take(msgspec.json.decode(output.value or b"{}"), change.change_id)
    return came


def _numbered(change: SpaceChange, number: int) -> SpaceChange:
    return change.model_copy(update={"number": number})


def _events(outputs: list[Output]) -> list[Output]:
    return [output for output in outputs if output.topic == "quality-events"]

"""Stories of what a side in memory is given and gives."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from aiokafka import ConsumerRecord

from streams.events import Output
from streams.why.annotator_story import AnnotatorStory
from streams.why.found import TOPICS, Found, Kind, Search, in_order
from streams.why.lines import Line
from streams.why.task_story import TaskStory
from tests.quality.campaign import AT, Campaign


def record(
    key: bytes | None,
    value: Any,
    offset: int = 0,
    timestamp: int = AT,
    headers: tuple[tuple[str, bytes], ...] = (),
) -> Any:
    """Return a record as topics have it; a value that is neither bytes nor None is sent as JSON."""
    raw = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
    sizes = [-1 if part is None else len(part) for part in (key, raw)]
    return ConsumerRecord("x", 0, offset, timestamp, 0, key, raw, None, *sizes, headers)


def found(topic: str, body: dict[str, Any] | None, offset: int = 0, timestamp: int = AT, partition: int = 0) -> Found:
    return Found(topic, partition, offset, timestamp, None if body is None else json.dumps(body).encode())


class Told(Campaign):
    """A task side that keeps what it is given as well, so that the story of it can be told."""

    def __init__(self, **policy: Any) -> None:
        self.given: list[tuple[str, str, dict[str, Any] | None, int]] = []
        super().__init__(**policy)

    def apply(self, topic: str, key: str, body: dict[str, Any] | None, timestamp: int | None = None) -> list[Output]:
        self.given.append((topic, key, body, AT + self.offset if timestamp is None else timestamp))
        return super().apply(topic, key, body, timestamp)

    def search(self, kind: Kind, identity: str) -> Search:
        """Return what a search finds in all of it, one partition a topic."""
        search = Search(kind, identity)
        offsets: dict[str, int] = {}
        given = [(topic, record(key.encode(), body, timestamp=at)) for topic, key, body, at in self.given]
        made = [(one.topic, record(one.key, one.value, 0, one.timestamp, one.headers)) for one in self.outputs]
        for topic, one in (*given, *made):
            offsets[topic] = offset = offsets.get(topic, -1) + 1
            object.__setattr__(one, "offset", offset)
            if topic in TOPICS[kind]:
                search.take(topic, 0, one)
        return search

    def story(self, task_id: str = "t") -> tuple[list[Line], str]:
        """Return the lines and the summary of a task."""
        story = TaskStory(task_id)
        lines = [story.tell(one) for one in self.search("task", task_id).all()]
        return lines, story.summary()


def told(annotator_id: str, records: Iterable[Found]) -> tuple[list[Line], str]:
    """Return the lines and the summary of an annotator."""
    story = AnnotatorStory(annotator_id)
    lines = [story.tell(one) for one in in_order(records)]
    return lines, story.summary()

"""The lines of a story, one for each fact. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from streams.why.found import Body, Found, Kind

EVIDENCE = "evidence"
"""An outcome that compares with nothing: by now the votes show something else of the annotator."""

FOLDED = frozenset({"outcome", "scored", "speed", EVIDENCE})
"""Facts of which an annotator has so many that a stretch of them is one line."""


class Line(msgspec.Struct, frozen=True, gc=False):
    """One fact.

    Attributes
    ----------
    kind : str
        What it is, a word for programs.
    text : str
        For people; printable.
    project : str
        Empty where it has none.
    more : dict
        What the story knows of it beyond its record.
    """

    found: Found
    kind: str
    text: str
    project: str = ""
    more: Body = {}

    @property
    def day(self) -> int:
        """The day in UTC, since 1970."""
        return self.found.timestamp // 86_400_000


class Story(Protocol):
    """Tells the facts of one id in their order, and sums them up."""

    @property
    def kind(self) -> Kind:
        """What the id is of."""
        ...

    def tell(self, found: Found) -> Line:
        """Return the line of a record; records come in the order of `streams.why.found.in_order`."""
        ...

    def summary(self) -> str:
        """Return what it all came to, in a paragraph."""
        ...


def as_json(story: Kind, line: Line) -> bytes:
    """Return a line as one object of JSON; of a task its content is left out."""
    found = line.found
    at: str | None = None
    if 0 <= found.timestamp < 253_402_300_800_000:
        at = datetime.fromtimestamp(found.timestamp / 1000, UTC).isoformat(timespec="milliseconds")
    fields: dict[str, Any] = {
        "story": story,
        "at": at,
        "topic": found.topic,
        "partition": found.partition,
        "offset": found.offset,
        "fact": line.kind,
        "text": line.text,
        **line.more,
        "record": found.body,
    }
    return msgspec.json.encode(fields)

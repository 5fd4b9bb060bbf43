"""What became of an erasure, for people and for programs. It does not hold the id: whoever keeps it may."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from schemas import Erasure, ErasureKind
from streams.erase.asking import Progress
from streams.erase.remains import Remains
from streams.topics_commands import aligned


@dataclass(frozen=True)
class Outcome:
    """All that is to be told.

    Attributes
    ----------
    letters : int
        Dead letters that were erased.
    problems : tuple of str
        What could not be done, each with its remedy.
    """

    erasure: Erasure
    progress: Progress
    letters: int
    problems: tuple[str, ...]
    remains: tuple[Remains, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether there was nothing to erase."""
        return not (self.progress.rows or self.progress.votes or self.progress.dropped or self.letters)


def as_json(outcome: Outcome) -> str:
    """Return one JSON object."""
    erasure, progress = outcome.erasure, outcome.progress
    body = {
        "erasure_id": erasure.erasure_id,
        "kind": erasure.kind.value,
        "pseudonym": erasure.pseudonym,
        "confirmed": not progress.missing,
        "missing": [f"{side}/{partition}" for side, partition in progress.missing],
        "rows": progress.rows,
        "votes": progress.votes,
        "dropped": progress.dropped,
        "dead_letters": outcome.letters,
        "problems": outcome.problems,
        "remains": [
            {"topic": one.topic, "records": one.records, "until": _time(one.until_ms), "why": one.why}
            for one in outcome.remains
        ],
    }
    return msgspec.json.encode(body).decode()


def as_text(outcome: Outcome) -> Iterator[str]:
    """Yield the lines of the report, problems apart."""
    erasure, progress = outcome.erasure, outcome.progress
    far = " so far: not all have answered" if progress.missing else ""
    if erasure.kind is ErasureKind.annotator:
        yield f"pseudonym       {erasure.pseudonym}"
        yield f"annotator side  {progress.rows:,} entries removed{far}"
        yield f"task side       {progress.votes:,} votes stand under the pseudonym{far}"
    else:
        yield (
            f"task side       {progress.votes:,} votes and the content removed"
            if progress.rows
            else ("task side       no answer yet" if progress.missing else "task side       the task was not known")
        )
    yield f"under way       {progress.dropped:,} events dropped"
    yield f"dead letters    {outcome.letters:,} erased"
    yield ""
    rows: list[tuple[str, ...]] = [("what remains in", "records", "until", "why")]
    for one in outcome.remains:
        count = "" if one.records is None else f"{one.records:,}"
        rows.append((one.topic, count, _date(one.until_ms), one.why))
    yield from aligned(rows)
    yield ""


def verdict(outcome: Outcome) -> str:
    """Return the last line."""
    kind = outcome.erasure.kind.value
    if outcome.progress.missing:
        return f"{kind} NOT erased everywhere yet"
    if outcome.problems:
        return f"{kind} erased by the sides, but not everything could be done"
    latest = max((one.until_ms for one in outcome.remains if one.until_ms is not None), default=0)
    bound = (
        "some of it stays without a bound"
        if any(one.until_ms is None for one in outcome.remains)
        else (f"the last of it is gone by {_date(latest)}")
    )
    if outcome.is_nothing:
        return f"{kind}: there was nothing to erase, or it is erased already; {bound}"
    return f"{kind} erased; {bound}"


def _date(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "no bound"
    # Of the day after: nothing is there any more on that date.
    return datetime.fromtimestamp(milliseconds / 1000 + 86_400, UTC).strftime("%Y-%m-%d") if milliseconds else ""


def _time(milliseconds: int | None) -> str | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat() if milliseconds else None

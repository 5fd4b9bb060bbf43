"""From the flags of `goldstream dead-letters` to which dead letters are wanted."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Final, TypedDict

from streams.dead_letters.letters import SOURCES, Wanted
from streams.settings import SettingsError

_AGO: Final = re.compile(r"([0-9]{1,6})([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_ID: Final = re.compile(r"(?P<topic>[a-z.-]+)/(0|[1-9][0-9]{0,5})/(0|[1-9][0-9]{0,18})")


class Filters(TypedDict):
    """What the command line gives, unchecked."""

    ids: tuple[str, ...]
    topics: tuple[str, ...]
    reasons: tuple[str, ...]
    key: str | None
    since: str | None
    until: str | None


def wanted(filters: Filters) -> Wanted:
    """Return what `filters` ask for; raises `SettingsError` with the flag that is wrong."""
    now = time.time()
    return Wanted(
        topics=frozenset(_topic(each, "--topic") for each in filters["topics"]),
        reasons=frozenset(filters["reasons"]),
        key=filters["key"],
        since=_bound(filters["since"], now, "--since"),
        until=_bound(filters["until"], now, "--until"),
        ids=frozenset(map(identity, filters["ids"])),
    )


def _bound(text: str | None, now: float, flag: str) -> int | None:
    return None if text is None else moment_of(text, now, flag)


def moment_of(text: str, now: float, flag: str) -> int:
    """Return the milliseconds since 1970 that `text` stands for: so long before `now`, or a time in ISO 8601.

    Raises
    ------
    SettingsError
        It is neither; the line names the flag.

    >>> moment_of("2h", 10_000, "--since"), moment_of("1970-01-02", 0, "--since")
    (2800000, 86400000)
    """
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return round((now - int(ago[1]) * _SECONDS[ago[2]]) * 1000)
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f"{flag}: must be a while ago such as 90s, 30m, 2h, 3d or 1w, or a time such as 2026-03-01T10:00Z, "
            f"got {text[:80]!r}"
        ) from None
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)


def _topic(name: str, what: str) -> str:
    if name not in SOURCES:
        raise SettingsError(f"{what}: must be one of {', '.join(SOURCES)}; got {name[:80]!r}")
    return name


def identity(text: str) -> str:
    """Return an id as it was given; raises `SettingsError` where it is none."""
    parts = _ID.fullmatch(text)
    if parts is None:
        raise SettingsError(f"ID: must be topic/partition/offset such as annotations/3/1207, got {text[:80]!r}")
    _topic(parts["topic"], f"ID {text}: its topic")
    return text

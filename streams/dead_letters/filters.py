"""From the flags of `goldstream dead-letters` to which dead letters are wanted."""

from __future__ import annotations

import re
import time
from typing import Final, TypedDict

from streams.dead_letters.letters import SOURCES, Wanted
from streams.moments import moment_of
from streams.settings import SettingsError

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

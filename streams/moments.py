"""Times as people give them on the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from streams.settings import SettingsError

_AGO: Final = re.compile(r"([0-9]{1,6})([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


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

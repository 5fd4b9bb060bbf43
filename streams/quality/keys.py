"""How the table keys of the sides are spelled, and the unit of their fixed-point numbers."""

from __future__ import annotations

FIXED = 1_000_000
"""One, in the fixed-point numbers that are stored, added and compared."""

_SEPARATOR = "\x1f"
_join = _SEPARATOR.join


def key(*parts: str) -> str:
    """Join `parts` into one table key; ids hold no control characters, so no two tuples share a key.

    >>> key("s", "ann", "birds") == key("s", "annbirds")
    False
    """
    return _join(parts)


def parts(key: str) -> list[str]:
    """Return what was joined into a table key.

    >>> parts(key("r", "ann", "birds"))
    ['r', 'ann', 'birds']
    """
    return key.split(_SEPARATOR)


def fixed(number: float) -> int:
    """Return `number` in fixed point, rounded half even.

    >>> fixed(0.7)
    700000
    """
    return round(number * FIXED)

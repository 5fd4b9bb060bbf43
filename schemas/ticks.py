"""ticks.a, ticks.t: how late it is, from the owner of a partition to that partition."""

from __future__ import annotations

from schemas.common import Contract, Count


class Tick(Contract):
    """`at`: milliseconds since the epoch."""

    at: Count

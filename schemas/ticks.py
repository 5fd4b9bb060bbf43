"""ticks.a, ticks.t: how late it is, from the owner of a partition to that partition."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.common import Contract


class Tick(Contract):
    """`at`: milliseconds since the epoch."""

    at: Annotated[int, Field(ge=0)]

"""dead-letters: what could not be applied. The value is the original bytes; this contract describes the headers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import Field

from schemas.common import Part


class DeadLetter(Part):
    """Where the record came from and why it was refused. `reason` is a code for counters, `error` a line for people."""

    topic: Annotated[str, Field(min_length=1)]
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]
    timestamp: int
    reason: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    error: str

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[str, bytes]]) -> Self:
        """Return the description that a record's headers hold; other headers are ignored.

        Raises
        ------
        pydantic.ValidationError
            When one is missing, or no UTF-8 text, or no number where one is expected.
        """
        return cls.model_validate(dict(headers))

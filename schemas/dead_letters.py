"""dead-letters: what could not be applied, under its place, `topic/partition/offset`.

The value is the original bytes, a null value erases the dead letter; this contract describes the headers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import ConfigDict, Field

from schemas.common import Part


class DeadLetter(Part):
    """Where the record came from and why it was refused. `reason` is a code for counters, `error` a line for people.

    `key` is the record's own, at most its first 800 bytes, and absent where that was null. `null-value` tells a null
    value from an empty one; with `cut-value` the value is only the first 1.5 MB. Where it was replayed, the value is
    gone, and `replayed-at`, `replayed-by` and `replayed-as` tell when, by whom and as which record.
    """

    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"), populate_by_name=True)

    topic: Annotated[str, Field(min_length=1)]
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]
    timestamp: int
    reason: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    error: str
    key: bytes | None = None
    null_value: bool = False
    cut_value: bool = False
    replayed_at: str | None = None
    replayed_by: str | None = None
    replayed_as: str | None = None

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[str, bytes]]) -> Self:
        """Return the description that a record's headers hold; other headers are ignored.

        Raises
        ------
        pydantic.ValidationError
            When one is missing, or no UTF-8 text, or no number where one is expected.
        """
        return cls.model_validate(dict(headers))

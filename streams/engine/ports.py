"""What a processor is told about its place, and whom it talks to: the worker around it, and who counts what it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Place:
    """Names of everything a processor touches at the broker."""

    side: str
    partition: int
    changelog: str
    topics: Mapping[str, str]
    """Logical topic to full name, for every topic the side reads or writes."""
    sources: tuple[str, ...]
    """Logical names of the topics it reads."""
    partitions: int
    """How many partitions a keyed output topic has."""


@dataclass
class CommitReport:
    """What one commit did, for metrics and logs."""

    place: Place
    records: int
    seconds: float
    outputs: Counter[tuple[str, str]] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)


class Observer(Protocol):
    """Who is told what the engine does."""

    def committed(self, report: CommitReport) -> None:
        """Note that a commit is durable."""

    def restored(self, place: Place, records: int, seconds: float) -> None:
        """Note that a table was read back."""

    def reopened(self, place: Place, cause: str) -> None:
        """Note that a partition had to be opened again, or rewound, outside a rebalance."""


class Links(Protocol):
    """What a processor needs from the worker around it."""

    async def is_ours(self, place: Place) -> bool:
        """Ask the group's coordinator now whether the partition is ours."""
        ...

    async def rewind(self, place: Place, positions: Mapping[str, int]) -> dict[str, int]:
        """Seek the sources; return each topic's seek count."""
        ...

    def fetched_to(self, place: Place) -> dict[str, int]:
        """Return where each source's next batch will start, as far as it was sought."""
        ...

    def generation(self) -> int:
        """Return the group's generation as the worker knows it."""
        ...

    def crash(self, error: BaseException) -> Awaitable[None]:
        """End the worker."""
        ...

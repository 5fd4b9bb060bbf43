"""Dialogs: each turn is decided by its own type, and so is the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from schemas import DialogSpace
from streams.quality.aggregation.leaves import leaves
from streams.quality.aggregation.votes import Aggregate


def combine(space: DialogSpace, parts: Sequence[Aggregate]) -> Aggregate:
    """Return the answer to a dialog from those to its `streams.quality.aggregation.leaves.leaves`, in their order.

    One part without a label leaves the whole without: the reason is that of the first such part; which one that is
    ``details`` show: paths are the users' own, and reasons are few. ``confidence``, ``vote_share``, ``agreement`` and
    ``effective_votes`` are the least of the parts', where those have them; ``distribution`` is that of the overall
    question, if there is one; ``details`` has every part by its path.
    """
    asked = leaves(space)
    reason = next((part.reason for part in parts if part.reason is not None), None)
    label: dict[str, Any] | None = None
    if reason is None:
        turns = {leaf.keys[1]: part.label for leaf, part in zip(asked, parts, strict=True) if len(leaf.keys) > 1}
        label = {"turns": turns}
        if space.overall is not None:
            label["overall"] = parts[-1].label
    return Aggregate(
        label=label,
        confidence=None if reason is not None else _least([part.confidence for part in parts]),
        vote_share=_least([part.vote_share for part in parts]),
        agreement=_least([part.agreement for part in parts]),
        distribution={} if space.overall is None else parts[-1].distribution,
        effective_votes=min(part.effective_votes for part in parts),
        reason=reason,
        details={leaf.path: msgspec.to_builtins(part) for leaf, part in zip(asked, parts, strict=True)},
    )


def _least(numbers: Sequence[float | None]) -> float | None:
    return min((number for number in numbers if number is not None), default=None)

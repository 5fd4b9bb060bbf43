"""How much of what votes come to is published: a label is a record of bounded size, and part of its task's state."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from streams.quality.aggregation.votes import Aggregate

SOFT_BYTES = 300_000
"""Bound on the details and distributions of one label as JSON; labels and reasons are bounded with the answers."""

_size = msgspec.json.Encoder().encode


def within(found: Sequence[Aggregate], most: int = SOFT_BYTES) -> tuple[Aggregate, ...]:
    """Return what the questions of a task come to, with details and distributions of at most `most` bytes in all.

    Questions in their order keep what fits. Where the details do not, they become ``{"left_out_bytes": n}``; where
    the distribution does not either, it is empty.

    >>> bulky = Aggregate("wren", distribution={"wren": 1.0}, details={"pieces": [0] * 20})
    >>> within([bulky], 30)[0].details, within([bulky], 30)[0].distribution
    ({'left_out_bytes': 52}, {'wren': 1.0})
    """
    kept: list[Aggregate] = []
    left = most
    for one in found:
        soft, details = len(_size(one.distribution)), len(_size(one.details))
        if soft + details <= left:
            left -= soft + details
            kept.append(one)
            continue
        distribution = one.distribution if soft <= left else {}
        left -= soft if distribution else 0
        kept.append(
            msgspec.structs.replace(
                one, distribution=distribution, details={"left_out_bytes": details} if details > 2 else {}
            )
        )
    return tuple(kept)

"""Sets of characters as sorted, disjoint pieces: union, what two have in common, and F1 between typed ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from streams.quality.keys import FIXED

Pieces = list[tuple[int, int]]
Typed = dict[str, Pieces]


def typed(answer: Sequence[Mapping[str, Any]]) -> Typed:
    """Return the characters of an answer by label: touching and overlapping spans of a label become one piece.

    >>> typed([{"start": 5, "end": 9, "label": "person"}, {"start": 2, "end": 5, "label": "person"}])
    {'person': [(2, 9)]}
    """
    found: Typed = {}
    for span in answer:
        found.setdefault(span["label"], []).append((span["start"], span["end"]))
    return {label: union(pieces) for label, pieces in sorted(found.items())}


def union(pieces: Iterable[tuple[int, int]]) -> Pieces:
    """Return the characters in any of `pieces`."""
    merged: Pieces = []
    for start, end in sorted(pieces):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def size(characters: Typed) -> int:
    """Return the number of characters, each counted once for every label it has."""
    return sum(end - start for pieces in characters.values() for start, end in pieces)


def in_common(one: Typed, other: Typed) -> int:
    """Return the number of characters that both give the same label."""
    return sum(_common(pieces, other[label]) for label, pieces in one.items() if label in other)


def f1(both: int, one: int, other: int) -> int:
    """Return ``2 both / (one + other)``, fixed-point; one where there is nothing on either side.

    >>> f1(2, 3, 3), f1(0, 0, 0), f1(0, 0, 3)
    (666667, 1000000, 0)
    """
    return round(2 * both * FIXED / (one + other)) if one + other else FIXED


def _common(one: Pieces, other: Pieces) -> int:
    total = left = right = 0
    while left < len(one) and right < len(other):
        total += max(0, min(one[left][1], other[right][1]) - max(one[left][0], other[right][0]))
        if one[left][1] < other[right][1]:
            left += 1
        else:
            right += 1
    return total

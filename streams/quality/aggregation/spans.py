"""Sets of characters as sorted, disjoint pieces: union, what two have in common, and F1 between typed ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

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


def in_common(answers: Sequence[Typed]) -> list[list[int]]:
    """Return for every two answers the number of characters that both give the same label; the diagonal is the sizes.

    The product of two rows of marks, weighed by length. The floats are exact: for one label no sum exceeds the text's
    length, a whole number below 2^53.

    >>> in_common([{"person": [(0, 4)]}, {"person": [(2, 9)], "place": [(0, 1)]}])
    [[4, 2], [2, 8]]
    """
    common = np.zeros((len(answers), len(answers)), dtype=np.int64)
    for label in sorted({label for answer in answers for label in answer}):
        own = [answer.get(label, []) for answer in answers]
        bounds = sorted({bound for pieces in own for piece in pieces for bound in piece})
        place = {bound: at for at, bound in enumerate(bounds)}
        marked = np.zeros((len(answers), len(bounds) - 1))
        for row, pieces in zip(marked, own, strict=True):
            for start, end in pieces:
                row[place[start] : place[end]] = 1
        common += (marked * np.diff(np.array(bounds, dtype=np.float64)) @ marked.T).astype(np.int64)
    rows: list[list[int]] = common.tolist()
    return rows


def f1(both: int, one: int, other: int) -> int:
    """Return ``2 both / (one + other)``, fixed-point; one where there is nothing on either side.

    >>> f1(2, 3, 3), f1(0, 0, 0), f1(0, 0, 3)
    (666667, 1000000, 0)
    """
    return round(2 * both * FIXED / (one + other)) if one + other else FIXED

"""An annotator's marks beside what is marked: a confusion of characters, and the precision and recall that follow.

The two categories of a character are to be outside of a span of a label, and inside. Dawid and Skene (1979),
doi:10.2307/2346806, with the truth's probability for the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from streams.quality.aggregation.spans import Pieces, typed
from streams.quality.inference import constants
from streams.quality.keys import FIXED

CLASSES: Final = 2
CHARACTER: Final = FIXED // 10
"""Ten characters count as one answer: those of a span are marked together, and are no answers of their own."""
MOST_CHARACTERS: Final = 10_000
"""A longer text counts for no more than one of so many."""
OUTSIDE_LEFT, OUTSIDE_MARKED, INSIDE_LEFT, INSIDE_MARKED = range(4)
"""The cells of a confusion, ``truth * CLASSES + mark``."""


class Soft(NamedTuple):
    """Characters that are in a span of a label with a probability, fixed-point."""

    start: int
    end: int
    label: str
    probability: int


class Trust(NamedTuple):
    """Of an annotator's characters the share that is right, and of the right ones the share found; fixed-point."""

    precision: int
    recall: int

    @property
    def f1(self) -> int:
        """Their harmonic mean."""
        return round(2 * self.precision * self.recall / max(self.precision + self.recall, 1))


def confusion(answer: Sequence[dict[str, Any]], expected: Sequence[Soft], length: int) -> list[int]:
    """Return what an answer's characters are beside what is expected, ten of them to an answer, fixed-point.

    Parameters
    ----------
    expected : sequence of Soft
        Pieces that do not overlap others of their label; a truth has the probability one.
    length : int
        The text's.

    Returns
    -------
    list of int
        Outside and not marked, outside and marked, inside and not marked, inside and marked; over all the labels that
        are used or expected. None is negative, and their sum is that of all characters.

    Examples
    --------
    >>> confusion([{"start": 0, "end": 40, "label": "x"}], [Soft(20, 60, "x", 750_000)], 100)
    [4500000, 2500000, 1500000, 1500000]
    """
    marked = typed(answer)
    labels = marked.keys() | {piece.label for piece in expected}
    inside = sum((piece.end - piece.start) * piece.probability for piece in expected)
    hit = sum(_shared(marked.get(piece.label, []), piece) * piece.probability for piece in expected)
    given = sum(end - start for pieces in marked.values() for start, end in pieces)
    all_ = len(labels) * length * FIXED
    whole, wanted, answered, hits = (
        mass * CHARACTER * MOST_CHARACTERS // (FIXED * max(length, MOST_CHARACTERS))
        for mass in (all_, inside, given * FIXED, hit)
    )
    # Each is rounded down, so the rest may come out a millionth or two too low.
    return [max(0, whole - wanted - answered + hits), answered - hits, wanted - hits, hits]


def trust(cells: dict[int, int], right: Sequence[int], given: Sequence[int]) -> Trust:
    """Return an annotator's precision and recall, drawn towards the project's, and those towards the assumed accuracy.

    With h, m and w the characters that are hit, marked and wanted, H, M and W the project's, n = ANNOTATOR_MASS and
    N = ACCURACY_MASS, precision is ``(h + n P) / (m + n)``, ``P = (H + .7 N) / (M + N)``; recall the same with w and W.

    Parameters
    ----------
    cells : dict of int to int
        The sum of the annotator's confusions, by cell.
    right, given : sequence of int
        Of all annotators: the characters outside and inside, those treated rightly and all.

    Examples
    --------
    >>> trust({}, [0, 0], [0, 0])
    Trust(precision=700000, recall=700000)
    >>> trust({OUTSIDE_MARKED: 20 * FIXED, INSIDE_MARKED: 60 * FIXED}, [0, 0], [0, 0])
    Trust(precision=740000, recall=925000)
    """
    hits, wanted = right[1], given[1]
    all_marked = hits + given[0] - right[0]
    assumed, mass = constants.ACCURACY * constants.ACCURACY_MASS * FIXED, constants.ACCURACY_MASS * FIXED
    own_hits = cells.get(INSIDE_MARKED, 0)
    marked, inside = own_hits + cells.get(OUTSIDE_MARKED, 0), own_hits + cells.get(INSIDE_LEFT, 0)
    own = constants.ANNOTATOR_MASS * FIXED
    precision, recall = (
        (own_hits + own * (hits + assumed) / (all_ + mass)) / (seen + own)
        for seen, all_ in ((marked, all_marked), (inside, wanted))
    )
    return Trust(round(FIXED * precision), round(FIXED * recall))


def _shared(pieces: Pieces, piece: Soft) -> int:
    return sum(max(0, min(end, piece.end) - max(start, piece.start)) for start, end in pieces)

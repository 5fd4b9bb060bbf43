"""An annotator's confusion model: how probable each answer is, given the truth, from counts and what all share.

Each row of the matrix is a Dirichlet-multinomial, drawn towards the row of an annotator with one accuracy (the
"one-coin" case of Dawid and Skene (1979), doi:10.2307/2346806) with a strength of s answers:

    P(y | k) = sum_s omega_s (C[k][y] + s B[k][y]) / (C[k] + s)

B[k][k] is the annotator's accuracy lifted by the class's, and the rest of row k is even. How well a strength explains
the counts is its marginal likelihood (Minka (2000), Estimating a Dirichlet distribution, eq. 53),

    ln omega_s = ln pi_s + sum_k [ln G(s) - ln G(C[k] + s) + sum_y ln G(C[k][y] + s B[k][y]) - ln G(s B[k][y])]

up to a constant, with G the gamma function and pi_s the share of the project's annotators that s suits. It is a
function of the counts alone: what is taken back leaves no trace. It is worked out where the counts are kept, and goes
with each copy of them: where votes are added up, models follow a project's sums, and are made again and again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from math import exp, lgamma, log

import msgspec

from streams.quality.inference import constants
from streams.quality.inference.statistics import Base, logit
from streams.quality.keys import FIXED

_decode = msgspec.json.Decoder(list[tuple[int, int]]).decode
_encode = msgspec.json.Encoder().encode


def written(cells: Mapping[int, int]) -> str:
    """Return counts as text: ``[[k * K + y, mass], ...]`` in fixed point, without what is nought, in their order."""
    return _encode(sorted(cell for cell in cells.items() if cell[1])).decode()


class Copy(msgspec.Struct, array_like=True, frozen=True):
    """An annotator's counts on one label space as they were at one version.

    Attributes
    ----------
    counts : str
        As `written` has them.
    strengths : tuple of int
        How well each of `constants.STRENGTHS` explains them, as shares; fixed-point.
    """

    version: int = 0
    counts: str = "[]"
    strengths: tuple[int, ...] = (FIXED, *(0,) * (len(constants.STRENGTHS) - 1))


NOTHING = Copy()
"""Of whom nothing is known: then all strengths come to the same."""


class Model:
    """What an annotator's answers say, from a copy of the counts and what the project's annotators share.

    Attributes
    ----------
    accuracy : int
        The annotator's probability of a right answer, all classes alike; fixed-point (1e-6).
    answers : float
        How many answers are known.
    """

    __slots__ = ("_columns", "_counted", "_drawn", "_hits", "_rows", "accuracy", "answers")

    def __init__(self, base: Base, copy: Copy) -> None:
        classes, cells = len(base.prior), _decode(copy.counts)
        if cells and cells[-1][0] >= classes * classes:  # of other categories: nobody writes them, yet they may come
            cells = []
        self._rows = rows = _rows(classes, cells)
        totals = [sum(row.values()) for row in rows]
        self.answers = sum(totals)
        accuracy = _accuracy(base, rows, self.answers)
        self.accuracy = round(FIXED * accuracy)
        self._hits = _hits(base, accuracy)
        # (C + s B) / (total + s), summed over the mixture: what is common to a row is worked out once.
        whole = sum(copy.strengths)
        mixture = [(share / whole, s) for share, s in zip(copy.strengths, constants.STRENGTHS, strict=True) if share]
        self._counted = [sum(share / (total + s) for share, s in mixture) for total in totals]
        self._drawn = [sum(share * s / (total + s) for share, s in mixture) for total in totals]
        self._columns: dict[int, list[int]] = {}

    def column(self, answer: int) -> list[int]:
        """Return the log probability of an answer under each class as the truth, 1e-6 nats."""
        column = self._columns.get(answer)
        if column is None:
            others = len(self._rows) - 1
            column = self._columns[answer] = [
                round(
                    FIXED * log(counted * row.get(answer, 0.0) + drawn * (hit if k == answer else (1 - hit) / others))
                )
                for k, (row, counted, drawn, hit) in enumerate(
                    zip(self._rows, self._counted, self._drawn, self._hits, strict=True)
                )
            ]
        return column


@lru_cache(maxsize=1_024)
def newcomer(base: Base) -> Model:
    """Return the model of an annotator of whom nothing is known."""
    return Model(base, NOTHING)


class Models(msgspec.Struct, array_like=True, dict=True):
    """The newest copies of an annotator's counts in a project, by label space."""

    spaces: dict[str, Copy] = {}

    @cached_property
    def _made(self) -> dict[str, tuple[Base, Model]]:
        return {}

    def of(self, space_id: str, base: Base) -> Model:
        """Return the model on a label space, made once for each version of what the project shares."""
        made = self._made.get(space_id)
        if made is None or made[0] is not base:
            made = self._made[space_id] = base, Model(base, self.spaces.get(space_id, NOTHING))
        return made[1]


def strengths(base: Base, cells: Mapping[int, int]) -> tuple[int, ...]:
    """Return how well each of `constants.STRENGTHS` explains an annotator's counts, as shares; fixed-point."""
    rows = _rows(len(base.prior), cells.items())
    totals = [sum(row.values()) for row in rows]
    hits = _hits(base, _accuracy(base, rows, sum(totals)))
    others = len(rows) - 1
    scores = []
    for prior, s in zip(base.strengths, constants.STRENGTHS, strict=True):
        score, most = prior, lgamma(s)
        for k, (row, total, hit) in enumerate(zip(rows, totals, hits, strict=True)):
            if not total:
                continue
            score += most - lgamma(s + total)
            right, wrong = s * hit, s * (1 - hit) / others
            at_wrong = lgamma(wrong)
            for y, count in row.items():
                score += lgamma(count + right) - lgamma(right) if y == k else lgamma(count + wrong) - at_wrong
        scores.append(score)
    best = max(scores)
    shares = [exp(score - best) for score in scores]
    whole = sum(shares)
    return tuple(round(FIXED * share / whole) for share in shares)


def _rows(classes: int, cells: Iterable[tuple[int, int]]) -> list[dict[int, float]]:
    rows: list[dict[int, float]] = [{} for _ in range(classes)]
    for cell, mass in cells:
        k, y = divmod(cell, classes)
        rows[k][y] = mass / FIXED
    return rows


def _accuracy(base: Base, rows: list[dict[int, float]], answers: float) -> float:
    right = sum(row.get(k, 0.0) for k, row in enumerate(rows))
    return (constants.ANNOTATOR_MASS * base.accuracy + right) / (constants.ANNOTATOR_MASS + answers)


def _hits(base: Base, accuracy: float) -> list[float]:
    """Return how probable a right answer is, of each class."""
    odds = logit(accuracy)
    return [1 / (1 + exp(-(odds + lift))) for lift in base.lift]

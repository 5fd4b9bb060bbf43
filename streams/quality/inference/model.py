"""An annotator's confusion model: how probable each answer is, given the truth, from counts and what all share.

Each row of the matrix is a Dirichlet-multinomial, drawn towards the row of an annotator with one accuracy (the
"one-coin" case of Dawid and Skene (1979), doi:10.2307/2346806) with a strength of s answers:

    P(y | k) = sum_s omega_s (C[k][y] + s B[k][y]) / (C[k] + s)

B[k][k] is the annotator's accuracy lifted by the class's, and the rest of row k is even. How well a strength explains
the counts is its marginal likelihood (Minka (2000), Estimating a Dirichlet distribution, eq. 53),

    ln omega_s = ln pi_s + sum_k [ln G(s) - ln G(C[k] + s) + sum_y ln G(C[k][y] + s B[k][y]) - ln G(s B[k][y])]

up to a constant, with G the gamma function and pi_s the share of the project's annotators that s suits. It is a
function of the counts alone: what is taken back leaves no trace.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma, log

import msgspec

from streams.quality.inference import constants
from streams.quality.inference.statistics import Base, logit
from streams.quality.keys import FIXED

SMALL = 12
"""Up to so many classes a model is small enough to keep many of them at hand."""

_decode = msgspec.json.Decoder(list[tuple[int, int]]).decode
_encode = msgspec.json.Encoder().encode


class Model(msgspec.Struct, frozen=True, eq=False):
    """What an annotator's answers say.

    Attributes
    ----------
    columns : tuple of tuple of int
        For each answer, its log probability under each class as the truth, 1e-6 nats.
    accuracy : int
        The annotator's probability of a right answer, all classes alike; fixed-point (1e-6).
    strengths : tuple of int
        The mixture over `constants.STRENGTHS`, fixed-point.
    answers : float
        How many answers are known.
    """

    columns: tuple[tuple[int, ...], ...]
    accuracy: int
    strengths: tuple[int, ...]
    answers: float


def written(cells: dict[int, int]) -> str:
    """Return counts as text: ``[[k * K + y, mass], ...]`` in fixed point, without what is nought, in their order."""
    return _encode(sorted(cell for cell in cells.items() if cell[1])).decode()


def model(base: Base, counts: str) -> Model:
    """Return the model that follows from an annotator's counts, as `written` has them, and a project's base."""
    return (_small if len(base.prior) <= SMALL else _large)(base, counts)


@lru_cache(maxsize=32_768)
def _small(base: Base, counts: str) -> Model:
    return _model(base, counts)


@lru_cache(maxsize=512)
def _large(base: Base, counts: str) -> Model:
    return _model(base, counts)


def _model(base: Base, counts: str) -> Model:
    classes = len(base.prior)
    rows: list[dict[int, float]] = [{} for _ in range(classes)]
    for cell, mass in _decode(counts):
        rows[cell // classes][cell % classes] = mass / FIXED
    totals = [sum(row.values()) for row in rows]
    right = sum(row.get(k, 0.0) for k, row in enumerate(rows))
    accuracy = (constants.ANNOTATOR_MASS * base.accuracy + right) / (constants.ANNOTATOR_MASS + sum(totals))
    odds = logit(accuracy)
    hits = [1 / (1 + exp(-(odds + lift))) for lift in base.lift]
    omega = _mixture(base, rows, totals, hits)
    columns: list[list[int]] = [[0] * classes for _ in range(classes)]
    for k, (row, total, hit) in enumerate(zip(rows, totals, hits, strict=True)):
        miss = (1 - hit) / (classes - 1)
        # (C + s B) / (total + s), summed over the mixture: what is common to the row is worked out once.
        shares = [weight / (total + s) for weight, s in zip(omega, constants.STRENGTHS, strict=True)]
        counted = sum(shares)
        drawn = sum(share * s for share, s in zip(shares, constants.STRENGTHS, strict=True))
        unseen = round(FIXED * log(drawn * miss))
        for y in range(classes):
            if y == k or y in row:
                value = counted * row.get(y, 0.0) + drawn * (hit if y == k else miss)
                columns[y][k] = round(FIXED * log(value))
            else:
                columns[y][k] = unseen
    return Model(
        columns=tuple(map(tuple, columns)),
        accuracy=round(FIXED * accuracy),
        strengths=tuple(round(FIXED * weight) for weight in omega),
        answers=sum(totals),
    )


def _mixture(base: Base, rows: list[dict[int, float]], totals: list[float], hits: list[float]) -> list[float]:
    """Return how well each strength explains the counts, as shares."""
    classes = len(rows)
    scores = []
    for prior, s in zip(base.strengths, constants.STRENGTHS, strict=True):
        score, most = prior, lgamma(s)
        for k, row in enumerate(rows):
            if not totals[k]:
                continue
            score += most - lgamma(s + totals[k])
            hit, miss = s * hits[k], s * (1 - hits[k]) / (classes - 1)
            at_miss = lgamma(miss)
            for y, count in row.items():
                score += lgamma(count + hit) - lgamma(hit) if y == k else lgamma(count + miss) - at_miss
        scores.append(score)
    best = max(scores)
    shares = [exp(score - best) for score in scores]
    whole = sum(shares)
    return [share / whole for share in shares]

"""The annotator's model in plain floats, written from the formulas alone, with scipy's logarithm of gamma."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, log

from scipy.special import gammaln

from streams.quality.inference import constants

Matrix = list[list[float]]


def logit(p: float) -> float:
    p = min(max(p, 1e-3), 1 - 1e-3)
    return log(p / (1 - p))


def base(
    tasks: Sequence[float], right: Sequence[float], given: Sequence[float], strengths: Sequence[float]
) -> tuple[list[float], float, list[float], list[float]]:
    """Return the prior, the accuracy, the accuracy of each class and the share of each strength."""
    classes = len(tasks)
    mass = constants.CLASS_PRIOR_MASS * (classes - 1) ** 2
    floor = constants.CLASS_PRIOR_FLOOR
    prior = [(1 - floor) * (n + mass) / (sum(tasks) + mass * classes) + floor / classes for n in tasks]
    least = 1 / classes + 0.05
    assumed = max(constants.ACCURACY, least)
    found = (sum(right) + assumed * constants.ACCURACY_MASS) / (sum(given) + constants.ACCURACY_MASS)
    accuracy = min(max(found, least), 0.99)
    by_class = [
        (r + constants.CLASS_MASS * accuracy) / (g + constants.CLASS_MASS) for r, g in zip(right, given, strict=True)
    ]
    whole = sum(strengths) + constants.STRENGTH_MASS
    shares = [(n + constants.STRENGTH_MASS / len(constants.STRENGTHS)) / whole for n in strengths]
    return prior, accuracy, by_class, shares


def matrix(
    counts: Matrix,
    accuracy: float,
    by_class: Sequence[float],
    shares: Sequence[float],
    sent: Sequence[float] | None = None,
) -> tuple[Matrix, float, list[float]]:
    """Return P(y | k) by k and y, the annotator's accuracy and the mixture, from dense counts C[k][y].

    Where a mixture was `sent`, in so many digits, the probabilities are those of that one.
    """
    classes = range(len(counts))
    right = sum(counts[k][k] for k in classes)
    total = sum(map(sum, counts))
    own = (constants.ANNOTATOR_MASS * accuracy + right) / (constants.ANNOTATOR_MASS + total)
    towards: Matrix = []
    for k in classes:
        hit = 1 / (1 + exp(-(logit(own) + logit(by_class[k]) - logit(accuracy))))
        towards.append([hit if y == k else (1 - hit) / (len(counts) - 1) for y in classes])
    logs = []
    for share, s in zip(shares, constants.STRENGTHS, strict=True):
        score = log(share)
        for k in classes:
            score += float(gammaln(s) - gammaln(sum(counts[k]) + s))
            score += sum(float(gammaln(counts[k][y] + s * towards[k][y]) - gammaln(s * towards[k][y])) for y in classes)
        logs.append(score)
    odds = [exp(score - max(logs)) for score in logs]
    omega = [one / sum(odds) for one in odds]
    found = [
        [
            sum(
                weight * (counts[k][y] + s * towards[k][y]) / (sum(counts[k]) + s)
                for weight, s in zip(omega if sent is None else sent, constants.STRENGTHS, strict=True)
            )
            for y in classes
        ]
        for k in classes
    ]
    return found, own, omega


def posterior(prior: Sequence[float], votes: Sequence[tuple[Matrix, int]]) -> list[float]:
    """Return P(k | votes) by enumeration: the joint probability of each truth with the answers as they were given."""
    joint = []
    for k, share in enumerate(prior):
        probability = share
        for rows, given in votes:
            probability *= rows[k][given]
        joint.append(probability)
    return [one / sum(joint) for one in joint]


def dense(cells: Mapping[int, float], classes: int) -> Matrix:
    """Return counts by cell ``k * K + y`` as rows by truth and columns by answer."""
    return [[cells.get(k * classes + y, 0.0) for y in range(classes)] for k in range(classes)]

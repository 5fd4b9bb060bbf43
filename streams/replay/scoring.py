"""How good labels are beside the truth: accuracy with fractional ties, macro-F1, calibration, errors on a scale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.replay.labels import Labels

Floats: TypeAlias = NDArray[np.float64]
ECE_BINS = 15


class Verdict(msgspec.Struct, frozen=True):
    """A label as it was published, or as a batch method has it.

    Attributes
    ----------
    leaders : tuple of int
        The places of the labels that are the likeliest; several where they tie, none where nothing is known.
    confidence : float or None
        Of the leader.
    shares : mapping of int to float
        The distribution, by place; empty where there is none.
    value, mean : float or None
        Where an ordinal label is on the scale, and the mean of its distribution, which ranks finer.
    """

    leaders: tuple[int, ...]
    confidence: float | None = None
    shares: Mapping[int, float] = {}
    value: float | None = None
    mean: float | None = None
    votes: int = 0
    status: str = ""
    reason: str = ""

    def right(self, truth: int, classes: int) -> float:
        """Return 1 for the right label, 1/n where n tie and it is among them, and chance where nothing is known."""
        if not self.leaders:
            return 1 / classes
        return (truth in self.leaders) / len(self.leaders)


NOTHING = Verdict(())


@dataclass(frozen=True, slots=True)
class Scores:
    """What the labels of a set of tasks are worth; None where it is undefined.

    Attributes
    ----------
    ece : float or None
        Expected calibration error of the leader's confidence.
    mae, spearman : float or None
        Mean absolute error and rank correlation of the labels of a scale.
    """

    accuracy: float | None = None
    macro_f1: float | None = None
    ece: float | None = None
    mae: float | None = None
    spearman: float | None = None


class _Answer(msgspec.Struct):
    label: Any = None
    confidence: float | None = None
    distribution: dict[str, float] = {}


class _Label(msgspec.Struct):
    status: str
    reason: str
    votes: int
    answers: dict[str, _Answer]


_decode = msgspec.json.Decoder(_Label).decode


def verdict(raw: bytes, labels: Labels) -> Verdict:
    """Read a record of the topic `labels`."""
    label = _decode(raw)
    answer = next(iter(label.answers.values()), _Answer())
    shares = {place: share for name, share in answer.distribution.items() if (place := labels.place(name)) is not None}
    chosen = labels.place(answer.label)
    most = max(shares.values(), default=0.0)
    if chosen is not None:
        leaders: tuple[int, ...] = (chosen,)
    else:
        leaders = tuple(place for place, share in shares.items() if share == most) if most else ()
    confidence = answer.confidence if answer.confidence is not None else most or None
    value, mean = _on_scale_of(answer, shares, labels)
    return Verdict(leaders, confidence, shares, value, mean, label.votes, label.status, label.reason)


def _on_scale_of(answer: _Answer, shares: Mapping[int, float], labels: Labels) -> tuple[float | None, float | None]:
    """Return where on the scale a label is, and its distribution's mean; without a label, the distribution's median."""
    if labels.first is None:
        return None, None
    total = sum(shares.values())
    mean = sum(place * share for place, share in shares.items()) / total if total else None
    if isinstance(answer.label, int | float):
        return float(answer.label) - labels.first, mean
    below = 0.0
    for place in sorted(shares):
        below += shares[place]
        if 2 * below >= total > 0:
            return float(place), mean
    return None, mean


def scores(pairs: Sequence[tuple[Verdict, str]], labels: Labels) -> Scores:
    """Return what `pairs` of a label and the truth are worth.

    A truth that no annotator may give counts as missed; on a scale of numbers it still has its place.
    """
    if not pairs:
        return Scores()
    places = [labels.index.get(truth) for _, truth in pairs]
    if labels.is_ordinal and all(place is None for place in places):
        right: list[float] = []
    else:
        right = [
            0.0 if place is None else found.right(place, len(labels.names))
            for (found, _), place in zip(pairs, places, strict=True)
        ]
    return Scores(
        accuracy=fmean(right) if right else None,
        macro_f1=macro_f1([found for found, _ in pairs], places, len(labels.names)) if right else None,
        ece=ece((found.confidence, hit) for (found, _), hit in zip(pairs, right, strict=True)) if right else None,
        **_on_scale(pairs, labels),
    )


def macro_f1(found: Sequence[Verdict], truth: Sequence[int | None], classes: int) -> float:
    """Return the mean of the classes' F1, over the classes that are true or predicted; ties count in parts."""
    confusion = np.zeros((classes + 1, classes))
    for one, place in zip(found, truth, strict=True):
        leaders = one.leaders or range(classes)
        confusion[classes if place is None else place, list(leaders)] += 1 / len(leaders)
    hits = confusion[:classes].diagonal()
    sizes = confusion.sum(axis=1)[:classes] + confusion.sum(axis=0)
    return float((2 * hits[sizes > 0] / sizes[sizes > 0]).mean())


def ece(pairs: Iterable[tuple[float | None, float]]) -> float | None:
    """Return sum over the bins of their share times |accuracy - mean confidence|; labels without confidence are out."""
    kept = np.array([(confidence, hit) for confidence, hit in pairs if confidence is not None])
    if not len(kept):
        return None
    bins = np.clip(np.ceil(kept[:, 0] * ECE_BINS) - 1, 0, ECE_BINS - 1).astype(int)
    gaps = np.bincount(bins, kept[:, 1] - kept[:, 0], ECE_BINS)
    return float(np.abs(gaps).sum() / len(kept))


def _on_scale(pairs: Sequence[tuple[Verdict, str]], labels: Labels) -> dict[str, float | None]:
    if not labels.is_ordinal:
        return {}
    placed = [
        (found.value, found.value if found.mean is None else found.mean, place)
        for found, truth in pairs
        if found.value is not None and (place := place_on_scale(truth, labels)) is not None
    ]
    if not placed:
        return {}
    values, means, truths = np.array(placed).T
    return {"mae": float(np.abs(values - truths).mean()), "spearman": spearman(means, truths)}


def place_on_scale(truth: str, labels: Labels) -> float | None:
    """Return where on a scale a truth is, steps between two included; None where the steps are no numbers."""
    place = labels.index.get(truth)
    if place is not None or labels.first is None:
        return place
    try:
        return float(truth) - float(labels.names[0])
    except ValueError:
        return None


def spearman(left: Floats, right: Floats) -> float | None:
    """Return the rank correlation; None where there are no two values, or one side is constant."""
    left, right = _ranks(left), _ranks(right)
    if len(left) < 2 or not left.std() or not right.std():
        return None
    return float(np.corrcoef(left, right)[0, 1])


def _ranks(values: Floats) -> Floats:
    """Return ranks, the mean one where values are equal."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return ranks

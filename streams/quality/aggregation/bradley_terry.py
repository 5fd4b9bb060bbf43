"""A ranking of what a project's comparisons compare: Bradley and Terry's model with Davidson's ties.

Item i has strength b_i in nats. Of i and j, i wins with probability proportional to ``exp(b_i)``, j to ``exp(b_j)``,
and they tie with one proportional to ``nu exp((b_i + b_j) / 2)``: Bradley and Terry (1952), doi:10.2307/2334029;
Davidson (1970), doi:10.1080/01621459.1970.10481082. Without any tie nu is 0.

Strengths and ln nu have a normal prior around 0, so an item that won or lost every comparison stays finite. The
mode is found by Newton's method on a concave function; the standard errors are those of the inverse information
there, prior included, of strengths less their mean: only differences can be known, and those only between items
that a chain of comparisons connects.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import exp
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from streams.quality.aggregation.votes import DIGITS

PRIOR_SD = 2.0
"""Standard deviation of the prior, nats: an item two of them above the mean beats a mean one 98 times of 100."""
MOST_ITEMS = 500
_NORMAL_95 = 1.959964
_STEPS = 100

_Floats = npt.NDArray[np.float64]


class Pair(msgspec.Struct, frozen=True):
    """How often two items were compared, by verdict; both-bad says nothing of which is better and is left out."""

    first: str
    second: str
    wins: int
    losses: int
    ties: int = 0


class Strength(msgspec.Struct, frozen=True):
    """One item's place.

    Attributes
    ----------
    strength : float
        Nats above the mean of its component.
    error, low, high : float or None
        Standard error and 95% interval; None for an item that nothing was compared with.
    component : int
        Strengths compare within a component only; the one with the most items is 0.
    """

    item: str
    strength: float
    error: float | None
    low: float | None
    high: float | None
    component: int


class Ranking(msgspec.Struct, frozen=True):
    """All items, by component, strongest first.

    Attributes
    ----------
    nu : float
        How often equal items tie: with probability ``nu / (2 + nu)``.
    reason : str or None
        Why not every two items can be compared: ``no_comparisons`` or ``disconnected``.
    """

    strengths: tuple[Strength, ...]
    nu: float
    reason: str | None


class _Counts(NamedTuple):
    """Pairs in one order, whatever order they came in."""

    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]
    wins: _Floats
    losses: _Floats
    ties: _Floats


def rank(items: Sequence[str], pairs: Iterable[Pair], prior_sd: float = PRIOR_SD) -> Ranking:
    """Return the strengths of `items`.

    Raises
    ------
    ValueError
        For more than 500 items, or a pair of an item with itself or with one that is not in `items`.

    Examples
    --------
    >>> ranking = rank(["a", "b"], [Pair("a", "b", wins=30, losses=10)])
    >>> [(one.item, one.strength) for one in ranking.strengths]
    [('a', 0.540341), ('b', -0.540341)]
    """
    if len(items) > MOST_ITEMS:
        raise ValueError(f"items: expected at most {MOST_ITEMS} to rank, got {len(items)}")
    counts = _counted(items, pairs)
    components = _components(len(items), counts)
    ties = bool(counts.ties.any())
    mode, information = _mode(len(items), counts, prior_sd, ties=ties)
    centre = _centring(components)
    strengths = centre @ mode[: len(items)]
    errors = np.sqrt(np.diag(centre @ np.linalg.inv(information)[: len(items), : len(items)] @ centre))
    largest = sorted({*components}, key=lambda number: (-components.count(number), number))
    found = [
        _strength(item, float(strengths[place]), float(errors[place]), components, place, largest)
        for place, item in enumerate(items)
    ]
    found.sort(key=lambda one: (one.component, -one.strength))
    reason = None if len(largest) == 1 else "no_comparisons" if len(largest) == len(items) else "disconnected"
    return Ranking(tuple(found), round(exp(mode[-1]), DIGITS) if ties else 0.0, reason)


def _strength(
    item: str, strength: float, error: float, components: Sequence[int], place: int, largest: Sequence[int]
) -> Strength:
    component = largest.index(components[place])
    if components.count(components[place]) == 1:
        return Strength(item, 0.0, None, None, None, component)
    low, high = strength - _NORMAL_95 * error, strength + _NORMAL_95 * error
    return Strength(
        item, round(strength, DIGITS), round(error, DIGITS), round(low, DIGITS), round(high, DIGITS), component
    )


def _counted(items: Sequence[str], pairs: Iterable[Pair]) -> _Counts:
    place = {item: at for at, item in enumerate(items)}
    sums: dict[tuple[int, int], list[int]] = {}
    for pair in pairs:
        if pair.first not in place or pair.second not in place or pair.first == pair.second:
            raise ValueError(f"pairs: expected two different ones of the items, got {pair.first!r} and {pair.second!r}")
        one, other, wins, losses = place[pair.first], place[pair.second], pair.wins, pair.losses
        if one > other:
            one, other, wins, losses = other, one, losses, wins
        total = sums.setdefault((one, other), [0, 0, 0])
        for at, number in enumerate((wins, losses, pair.ties)):
            total[at] += number
    rows = [(*key, *total) for key, total in sorted(sums.items()) if any(total)]
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 5)
    return _Counts(table[:, 0], table[:, 1], *table[:, 2:].T.astype(np.float64))


def _components(n: int, counts: _Counts) -> list[int]:
    """Return for each item the first item that a chain of comparisons connects it with."""
    root = list(range(n))

    def find(item: int) -> int:
        while root[item] != item:
            root[item] = item = root[root[item]]
        return item

    for one, other in zip(counts.first.tolist(), counts.second.tolist(), strict=True):
        low, high = sorted((find(one), find(other)))
        root[high] = low
    return [find(item) for item in range(n)]


def _centring(components: Sequence[int]) -> _Floats:
    """Return the matrix that takes each component's mean away."""
    own = np.array(components)
    same: _Floats = (own[:, None] == own[None, :]).astype(np.float64)
    centring: _Floats = np.eye(len(own)) - same / same.sum(axis=1, keepdims=True)
    return centring


def _mode(n: int, counts: _Counts, prior_sd: float, *, ties: bool) -> tuple[_Floats, _Floats]:
    """Return the strengths with ln nu last, and the information there; without ties nu is left out."""
    at = np.zeros(n + ties)
    value = _objective(at, counts, prior_sd, ties=ties)
    for _ in range(_STEPS):
        slope, information = _derivatives(at, counts, prior_sd, ties=ties)
        step = np.linalg.solve(information, slope)
        gain = float(slope @ step)
        if gain < 1e-18:
            break
        size = 1.0
        while True:
            there = at + size * step
            new = _objective(there, counts, prior_sd, ties=ties)
            if new >= value + 1e-4 * size * gain or size < 1e-9:
                break
            size /= 2
        at, value = there, new
    return at, _derivatives(at, counts, prior_sd, ties=ties)[1]


def _chances(at: _Floats, counts: _Counts, *, ties: bool) -> tuple[_Floats, _Floats]:
    """Return the log probabilities of a win, a loss and a tie for each pair, and the probabilities."""
    one, other = at[counts.first], at[counts.second]
    tie = (one + other) / 2 + at[-1] if ties else np.full_like(one, -np.inf)
    utility = np.stack([one, other, tie])
    logs = utility - np.logaddexp.reduce(utility, axis=0)
    return logs, np.exp(logs)


def _objective(at: _Floats, counts: _Counts, prior_sd: float, *, ties: bool) -> float:
    logs, _ = _chances(at, counts, ties=ties)
    likelihood = counts.wins @ logs[0] + counts.losses @ logs[1] + (counts.ties @ logs[2] if ties else 0.0)
    return float(likelihood - at @ at / (2 * prior_sd**2))


def _derivatives(at: _Floats, counts: _Counts, prior_sd: float, *, ties: bool) -> tuple[_Floats, _Floats]:
    """Return the gradient of the log posterior, and the information: minus its second derivatives."""
    win, _, tie = _chances(at, counts, ties=ties)[1]
    first, second, n = counts.first, counts.second, counts.wins + counts.losses + counts.ties
    mean = win + tie / 2
    slope = -at / prior_sd**2
    surplus = counts.wins + counts.ties / 2 - n * mean
    np.add.at(slope, first, surplus)
    np.add.at(slope, second, -surplus)
    information = np.eye(len(at)) / prior_sd**2
    spread = n * (win + tie / 4 - mean * mean)
    np.add.at(information, (first, first), spread)
    np.add.at(information, (second, second), spread)
    np.add.at(information, (first, second), -spread)
    np.add.at(information, (second, first), -spread)
    if ties:
        slope[-1] += (counts.ties - n * tie).sum()
        information[-1, -1] += (n * tie * (1 - tie)).sum()
        with_nu = np.zeros(len(at))
        np.add.at(with_nu, first, n * tie * (0.5 - mean))
        np.add.at(with_nu, second, n * tie * (mean - 0.5))
        information[-1] += with_nu
        information[:, -1] += with_nu
    return slope, information

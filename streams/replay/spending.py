"""What fewer votes would have done: the same history with less redundancy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from streams.replay.history import History
from streams.replay.labels import Labels
from streams.replay.playing import Plan, Played, play
from streams.replay.results import figures_of, verdicts_of
from streams.replay.scoring import Verdict

_MOST_SHARE = 0.99
_LEVELS = (3, 2, 1, 4, 6, 9, 14, 21, 32)
_TARGETS = (0.95, 0.99, 0.9)
"""The most telling first: of a long history only those are looked at."""
_BUDGET = 250_000
"""So many annotations are replayed for this, roughly."""


@dataclass(frozen=True, slots=True)
class Spent:
    """A replay with fewer votes.

    Attributes
    ----------
    name : str
        How many votes a task had, or how sure its label was when it closed.
    share : float
        Of the votes that were paid.
    same : float
        The share of tasks whose label is the one that all votes give.
    """

    name: str
    share: float
    same: float
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class Spending:
    """What came of fewer votes: as many a task for all, or until a label is sure; the last of each is all votes."""

    fixed: list[Spent]
    until_sure: list[Spent]


def spending(
    history: History,
    labels: Labels,
    plan: Plan,
    full: Played,
    watch: Callable[[str], Callable[[int], None]] = lambda _what: lambda _done: None,
) -> Spending:
    """Replay with one vote a task, two, and so on, up to what tasks have, and until labels are so and so sure.

    The votes that are spent are the first ones in the order of the plan.

    Parameters
    ----------
    full : Played
        The replay under the plan.
    watch : callable
        From what is replayed to what is told the number of annotations done.
    """
    expected = verdicts_of(full.newest, labels)

    def spent(name: str, changed: Plan) -> Spent:
        played = play(history, labels, changed, 0, watch(name))
        figures = figures_of(history, labels, played)
        same = _same(expected, verdicts_of(played.first, labels))
        return Spent(name, figures.votes_used_share or 0.0, same, figures.accuracy_first)

    figures = figures_of(history, labels, full)
    everything = Spent("all", figures.votes_used_share or 1.0, 1.0, figures.accuracy)
    most = max(history.votes.values())
    levels, targets = affordable(len(history.answers), most)
    fixed = [spent(f"{votes} a task", replace(plan, redundancy=None, at_most=votes)) for votes in levels]
    until = [
        spent(f"{target:.0%} sure", replace(plan, redundancy=None, policy={**plan.policy, "target_confidence": target}))
        for target in targets
    ]
    return Spending([*fixed, everything], [*until, everything])


def affordable(annotations: int, most: int) -> tuple[list[int], list[float]]:
    """Return the levels and targets to look at, in order: one of each at least."""
    levels = [votes for votes in _LEVELS if votes < most]
    each = max(1, _BUDGET // annotations // 2)
    return sorted(levels[: max(each, 2 * each - len(_TARGETS))]), sorted(_TARGETS[:each])


def needed(spent: list[Spent], same: float) -> Spent | None:
    """Return the cheapest that gives so many of the labels that all votes give; None where only all do."""
    return next((one for one in spent[:-1] if one.same >= same and one.share <= _MOST_SHARE), None)


def _same(expected: Mapping[str, Verdict], found: Mapping[str, Verdict]) -> float:
    alike = sum(
        len(label.leaders) == 1 and task in found and found[task].leaders == label.leaders
        for task, label in expected.items()
    )
    decided = sum(len(label.leaders) == 1 for label in expected.values())
    return alike / decided if decided else 1.0

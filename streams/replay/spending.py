"""What fewer votes would have done: the same history with less redundancy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from streams.replay.history import History
from streams.replay.labels import Labels
from streams.replay.playing import Plan, Played, play
from streams.replay.results import figures_of, verdicts_of
from streams.replay.scoring import Verdict

_LEVELS = (1, 2, 3, 4, 5, 7, 9, 12, 16, 24, 32)


@dataclass(frozen=True, slots=True)
class Spent:
    """A replay with so many votes a task.

    Attributes
    ----------
    share : float
        Of the votes that were paid.
    same : float
        The share of tasks whose label is the one that all votes give.
    """

    votes: int
    share: float
    same: float
    accuracy: float | None


def curve(
    history: History, labels: Labels, plan: Plan, full: Played, progress: Callable[[int], None] = lambda _: None
) -> list[Spent]:
    """Replay with one vote a task, two, and so on, up to what tasks have; `full` is the replay with all of them.

    The votes that are spent are the first ones in the order of the plan.
    """
    most = max(history.votes.values())
    expected = verdicts_of(full.newest, labels)
    spent = []
    for votes in (level for level in _LEVELS if level < most):
        played = play(history, labels, replace(plan, redundancy=None, at_most=votes), 0, progress)
        figures = figures_of(history, labels, played)
        spent.append(
            Spent(
                votes,
                figures.votes_used_share or 0.0,
                _same(expected, verdicts_of(played.first, labels)),
                figures.accuracy_first,
            )
        )
    figures = figures_of(history, labels, full)
    return [*spent, Spent(most, figures.votes_used_share or 1.0, 1.0, figures.accuracy)]


def needed(spent: list[Spent], same: float) -> Spent:
    """Return the cheapest that gives so many of the labels that all votes give."""
    return next(one for one in spent if one.same >= same or one is spent[-1])


def _same(expected: Mapping[str, Verdict], found: Mapping[str, Verdict]) -> float:
    alike = sum(
        len(label.leaders) == 1 and task in found and found[task].leaders == label.leaders
        for task, label in expected.items()
    )
    decided = sum(len(label.leaders) == 1 for label in expected.values())
    return alike / decided if decided else 1.0

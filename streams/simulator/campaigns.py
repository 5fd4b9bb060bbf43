"""Campaigns of simulated annotators by name, each with one thing that makes labels hard to infer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Campaign:
    """What a campaign is like.

    Attributes
    ----------
    redundancy : int
        Votes a task gets, each by another annotator.
    prior : tuple of float
        How frequent each class is, the most frequent first; their number is the number of classes.
    skill : tuple of float
        The Beta distribution of the honest annotators' accuracy.
    class_spread : float
        Standard deviation of an annotator's skill between classes, in nats of log-odds.
    adversaries, random_spammers, constant_spammers : float
        Shares of annotators who mean the wrong class, any class, or always the same one.
    activity : float
        Zipf's exponent: the n-th annotator takes on work in proportion to n ** -activity; 0 is evenly.
    drifting, drift : float
        The share of honest annotators who tire, and by how many nats of log-odds over their whole work.
    hard, misled : float
        The share of tasks that suggest a wrong class to everybody, and how often an honest annotator believes it.
    ordinal : bool
        Whether errors go to neighbouring classes, the steps of a scale.
    """

    tasks: int = 1000
    annotators: int = 60
    redundancy: int = 5
    prior: tuple[float, ...] = (0.5, 0.5)
    skill: tuple[float, float] = (8.0, 2.0)
    class_spread: float = 0.5
    adversaries: float = 0.0
    random_spammers: float = 0.05
    constant_spammers: float = 0.05
    activity: float = 0.8
    drifting: float = 0.0
    drift: float = 0.0
    hard: float = 0.0
    misled: float = 0.0
    ordinal: bool = False

    def __post_init__(self) -> None:
        if self.redundancy > self.annotators:
            raise ValueError(f"redundancy: expected at most as many as annotators, {self.annotators}")
        if min(self.tasks, self.redundancy) < 1 or len(self.prior) < 2 or abs(sum(self.prior) - 1) > 1e-9:
            raise ValueError("expected a task, a vote, and classes whose shares add up to 1")

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.prior)


def even(classes: int) -> tuple[float, ...]:
    """Return the prior of classes that are equally frequent."""
    return (1 / classes,) * classes


PRESETS: Mapping[str, Campaign] = MappingProxyType(
    {
        "skewed-90": Campaign(prior=(0.9, 0.1)),
        "skewed-95": Campaign(prior=(0.95, 0.05)),
        "adversaries": Campaign(prior=even(3), adversaries=0.2, random_spammers=0.1),
        "drift": Campaign(prior=even(4), drifting=0.4, drift=3.0),
        "correlated": Campaign(prior=even(4), hard=0.2, misled=0.6),
        "sparse": Campaign(prior=(0.5, 0.3, 0.2), annotators=400, redundancy=3, activity=1.3),
        "ordinal": Campaign(prior=(0.15, 0.2, 0.3, 0.2, 0.15), skill=(6.0, 3.0), ordinal=True),
        "many-classes": Campaign(prior=even(30), tasks=2000, skill=(6.0, 3.0)),
    }
)

"""How often the labels are right, beside what plain majority would have said of the same tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Shares of right answers over the same `tasks` labelled tasks; None while there are none."""

    tasks: int
    majority: float | None
    goldstream: float | None


class Scoreboard:
    """Compares labels with plain majority over the first votes, both against the simulator's truth.

    Plain majority takes a task's first `redundancy` votes; of equally frequent answers the one given first.
    It has no answer to a task without a vote, which then counts as wrong.

    Parameters
    ----------
    truth : callable
        Task id to the right answer.
    redundancy : int
        How many votes plain majority takes.
    """

    def __init__(self, truth: Callable[[str], str], redundancy: int) -> None:
        self._truth = truth
        self._redundancy = redundancy
        self._votes: dict[str, list[str]] = {}
        self._labels: dict[str, str] = {}

    def vote(self, task_id: str, answer: str) -> None:
        """Take a vote in; those past `redundancy` are not plain majority's."""
        votes = self._votes.setdefault(task_id, [])
        if len(votes) < self._redundancy:
            votes.append(answer)

    def label(self, task_id: str, answer: str | None) -> None:
        """Take in the newest label of a task; None takes an earlier one back."""
        if answer is None:
            self._labels.pop(task_id, None)
        else:
            self._labels[task_id] = answer

    def plain_majority(self, task_id: str) -> str | None:
        """Return the most frequent of the first answers, or None without any."""
        counts = Counter(self._votes.get(task_id, ()))
        return counts.most_common(1)[0][0] if counts else None

    def accuracy(self) -> Accuracy:
        """Return both accuracies over the tasks that have a label now."""
        n = len(self._labels)
        if not n:
            return Accuracy(0, None, None)
        majority = sum(self.plain_majority(task_id) == self._truth(task_id) for task_id in self._labels)
        ours = sum(answer == self._truth(task_id) for task_id, answer in self._labels.items())
        return Accuracy(n, majority / n, ours / n)

"""The comparisons that a project's newest labels decide, added up by pair. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from streams.quality.aggregation.bradley_terry import MOST_ITEMS, Pair, Ranking, rank
from streams.snapshot.rows import KNOWN, SETTLED, Label, read_label

TIE, BOTH_BAD = "tie", "both_bad"


class Verdict(NamedTuple):
    """One decided comparison: its question, its options in their declared order, and what won."""

    question: str
    first: str
    second: str
    winner: str


class Standing(msgspec.Struct, frozen=True):
    """What a question's comparisons come to; `both_bad` ones say nothing of which is better.

    Attributes
    ----------
    scores : dict of str to tuple of int
        Wins, losses and ties of each item.
    """

    question: str
    comparisons: int
    ties: int
    both_bad: int
    scores: dict[str, tuple[int, int, int]]
    ranking: Ranking


class TooManyItemsError(ValueError):
    """A question compares more items than can be ranked."""


class Tally:
    """The newest verdicts of each task; of several records of a task the last one counts.

    Parameters
    ----------
    project : str
        The only one whose labels count.

    Attributes
    ----------
    unreadable : int
        Records that are no labels.
    """

    def __init__(self, project: str) -> None:
        self._project = project
        self._verdicts: dict[bytes, tuple[Verdict, ...]] = {}
        self.unreadable = 0

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """Take in a record of `labels.latest`, in the order of its partition."""
        if key is None:
            self.unreadable += 1
            return
        self._verdicts.pop(key, None)
        if value is None:
            return
        label = read_label(value)
        if label is None or label.task_id.encode() != key:
            self.unreadable += 1
        elif label.project == self._project:
            found = tuple(verdicts(label))
            if found:
                self._verdicts[key] = found

    def standings(self, only: str | None = None) -> list[Standing]:
        """Return what came of each question that compares something, by its id.

        Parameters
        ----------
        only : str, optional
            The one question that is wanted.

        Raises
        ------
        TooManyItemsError
            A question compares more than 500 items.
        """
        by_question: dict[str, Counter[Verdict]] = {}
        for found in self._verdicts.values():
            for verdict in found:
                if only in {None, verdict.question}:
                    by_question.setdefault(verdict.question, Counter())[verdict] += 1
        return [_standing(question, by_question[question]) for question in sorted(by_question)]


def verdicts(label: Label) -> Iterator[Verdict]:
    """Yield what a label decides between two options: a settled one that votes or a reviewer decided."""
    if label.status != SETTLED or label.closed_by == KNOWN:
        return
    for question, answer in label.answers.items():
        options = [name for name in answer.distribution if name not in {TIE, BOTH_BAD}]
        winner = answer.label.get("winner") if isinstance(answer.label, dict) else None
        if isinstance(winner, str) and len(options) == 2 and winner in {*options, TIE, BOTH_BAD}:
            yield Verdict(question, options[0], options[1], winner)


def _standing(question: str, found: Counter[Verdict]) -> Standing:
    scores: dict[str, list[int]] = {}
    pairs = []
    ties = both_bad = 0
    for verdict, times in found.items():
        for item in (verdict.first, verdict.second):
            scores.setdefault(item, [0, 0, 0])
        if verdict.winner == BOTH_BAD:
            both_bad += times
            continue
        is_tie = verdict.winner == TIE
        won = times * (verdict.winner == verdict.first)
        lost = times * (verdict.winner == verdict.second)
        ties += times * is_tie
        pairs.append(Pair(verdict.first, verdict.second, won, lost, times * is_tie))
        for item, own in ((verdict.first, (won, lost)), (verdict.second, (lost, won))):
            for place, number in enumerate((*own, times * is_tie)):
                scores[item][place] += number
    if len(scores) > MOST_ITEMS:
        raise TooManyItemsError(f"question {question!r}: compares {len(scores)} items, at most {MOST_ITEMS} are ranked")
    return Standing(
        question=question,
        comparisons=found.total(),
        ties=ties,
        both_bad=both_bad,
        scores={item: (wins, losses, tied) for item, (wins, losses, tied) in sorted(scores.items())},
        ranking=rank(sorted(scores), pairs),
    )


def as_json(standing: Standing) -> dict[str, Any]:
    """Return a question's standing as ``--json`` prints it."""
    return {
        "question": standing.question,
        "comparisons": standing.comparisons,
        "ties": standing.ties,
        "both_bad": standing.both_bad,
        "nu": standing.ranking.nu,
        "reason": standing.ranking.reason,
        "items": [
            {
                **msgspec.structs.asdict(one),
                **dict(zip(("wins", "losses", "ties"), standing.scores[one.item], strict=True)),
            }
            for one in standing.ranking.strengths
        ],
    }

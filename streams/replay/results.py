"""The figures of a history under each policy and each other method: means over the seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import Field, dataclass, fields
from statistics import fmean
from time import perf_counter
from typing import Any, ClassVar, Protocol, TypeVar

from streams.replay.history import History
from streams.replay.labels import Labels
from streams.replay.playing import Played
from streams.replay.scoring import NOTHING, Scores, Verdict, scores, verdict


class _Dataclass(Protocol):
    """Any dataclass, as `dataclasses.fields` takes it."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


F = TypeVar("F", bound=_Dataclass)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a method made of a history; None where there is no truth, or nothing of the kind.

    Attributes
    ----------
    accuracy_first : float or None
        Of each label as it was first settled or undecided.
    votes_used_share : float or None
        The votes that counted when the labels first closed, of all that were paid.
    us_driver : float or None
        What of `us_per_annotation` is not the sides' own: encoding, decoding, routing.
    """

    accuracy_first: float | None = None
    accuracy: float | None = None
    macro_f1: float | None = None
    votes_used_share: float | None = None
    ece: float | None = None
    seconds: float | None = None
    us_per_annotation: float | None = None
    us_driver: float | None = None
    mae: float | None = None
    spearman: float | None = None

    def as_json(self, *, is_ordinal: bool) -> dict[str, float | None]:
        """Return them by name; `mae` and `spearman` only of a scale."""
        names = [field.name for field in fields(self)]
        return {name: getattr(self, name) for name in names if is_ordinal or name not in {"mae", "spearman"}}


def figures_of(history: History, labels: Labels, played: Played) -> Figures:
    """Score one replay over the tasks whose truth is known and was not told."""
    first, newest = verdicts_of(played.first, labels), verdicts_of(played.newest, labels)
    scored = [(task, truth) for task, truth in history.truth.items() if task not in played.gold]
    at_first = scores([(first.get(task, NOTHING), truth) for task, truth in scored], labels)
    at_last = scores([(newest.get(task, NOTHING), truth) for task, truth in scored], labels)
    count = len(history.answers)
    return Figures(
        accuracy_first=at_first.accuracy,
        votes_used_share=votes_used(history, played.gold, {task: one.votes for task, one in first.items()}),
        seconds=played.seconds,
        us_per_annotation=played.seconds / count * 1e6,
        us_driver=(played.seconds - played.sides_seconds) / count * 1e6,
        **_last(at_last),
    )


def votes_used(history: History, gold: frozenset[str], closed: Mapping[str, int]) -> float | None:
    """Return the share of the votes that had counted when tasks closed; one that never did has used what there is."""
    paid = {task: votes for task, votes in history.votes.items() if task not in gold}
    used = sum(closed.get(task, votes) for task, votes in paid.items())
    return used / sum(paid.values()) if paid else None


def described(history: History, played: Played) -> dict[str, Any]:
    """Return what ``--json`` says of a file beside the figures."""
    return {
        "name": history.name,
        "annotations": len(history.answers),
        "tasks": len(history.votes),
        "annotators": len({answer.worker for answer in history.answers}),
        "with_truth": len(history.truth),
        "gold": len(played.gold),
        "unlabelled": len(history.votes.keys() - played.newest.keys() - played.gold),
        "refused": dict(played.refused),
    }


def verdicts_of(published: Mapping[str, bytes], labels: Labels) -> dict[str, Verdict]:
    """Read labels by task."""
    return {task: verdict(raw, labels) for task, raw in published.items()}


def figures_of_batch(
    history: History, labels: Labels, method: Callable[[], Mapping[str, Verdict]], golds: Iterable[frozenset[str]]
) -> Figures:
    """Score a method that sees all votes at once, over the same tasks as the replays."""
    began = perf_counter()
    found = method()
    seconds = perf_counter() - began
    each = []
    for gold in golds:
        scored = [(task, truth) for task, truth in history.truth.items() if task not in gold]
        at_last = scores([(found.get(task, NOTHING), truth) for task, truth in scored], labels)
        each.append(
            Figures(
                accuracy_first=at_last.accuracy,
                votes_used_share=1.0,
                seconds=seconds,
                us_per_annotation=seconds / len(history.answers) * 1e6,
                **_last(at_last),
            )
        )
    return mean(each)


def majority(history: History, labels: Labels) -> dict[str, Verdict]:
    """Return the most frequent label of each task, all of them where several are; its confidence is its share."""
    votes: dict[str, dict[str, int]] = {}
    for answer in history.answers:
        votes.setdefault(answer.task, {})[answer.worker] = labels.index[answer.label]
    found = {}
    for task, given in votes.items():
        counts: dict[int, int] = {}
        for place in given.values():
            counts[place] = counts.get(place, 0) + 1
        most = max(counts.values())
        value = fmean(given.values()) if labels.is_ordinal else None
        shares = {place: count / len(given) for place, count in counts.items()}
        leaders = tuple(place for place, count in counts.items() if count == most)
        found[task] = Verdict(leaders, most / len(given), shares, value, value, len(given))
    return found


def mean(each: Sequence[F]) -> F:
    """Return the mean of each figure over the replays that have it."""
    means = {}
    for field in fields(each[0]):
        values = [value for figures in each if (value := getattr(figures, field.name)) is not None]
        means[field.name] = fmean(values) if values else None
    return type(each[0])(**means)


def _last(found: Scores) -> dict[str, float | None]:
    return {
        "accuracy": found.accuracy,
        "macro_f1": found.macro_f1,
        "ece": found.ece,
        "mae": found.mae,
        "spearman": found.spearman,
    }

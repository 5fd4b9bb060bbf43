"""`goldstream replay --type span_annotation`: the same loop, with spans for labels and characters for scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from streams.replay.history import History
from streams.replay.playing import Plan, Played, Watch, play
from streams.replay.results import described, mean, votes_used
from streams.replay.spans import Marked, Spans, majority, marked, marks, scores
from streams.replay.summary import heading, percent, refusals
from streams.replay.written import write_rows


@dataclass(frozen=True, slots=True)
class Figures:
    """What a method made of a history; None where there is no truth, or nothing of the kind.

    Attributes
    ----------
    character_f1_first : float or None
        Of each label as it was first settled or undecided.
    votes_used_share : float or None
        The votes that counted when the labels first closed, of all that were paid.
    """

    character_f1_first: float | None = None
    character_f1: float | None = None
    precision: float | None = None
    recall: float | None = None
    exact_f1: float | None = None
    votes_used_share: float | None = None
    seconds: float | None = None
    us_per_annotation: float | None = None


@dataclass(frozen=True, slots=True)
class SpanResult:
    """What came of one file; `played` is the first seed's replay under the first policy."""

    history: History
    methods: Mapping[str, Figures]
    played: Played

    def as_json(self) -> dict[str, Any]:
        """Return the object that ``--json`` prints of a file."""
        methods = {name: asdict(figures) for name, figures in self.methods.items()}
        return {**described(self.history, self.played), **next(iter(methods.values())), "methods": methods}


def result_of(history: History, spans: Spans, plans: Mapping[str, Plan], seeds: int, watch: Watch) -> SpanResult:
    """Replay one file with every policy and seed."""
    methods: dict[str, Figures] = {}
    first: list[Played] = []
    golds: list[frozenset[str]] = []
    for policy, plan in plans.items():
        each = []
        for seed in range(seeds):
            progress = watch(f"{history.name}, {policy}, seed {seed}", len(history.answers))
            played = play(history, spans, plan, seed, progress)
            each.append(_figures(history, played))
            golds.append(played.gold)
            first = first or [played]
        methods[policy] = mean(each)
    began = perf_counter()
    plain = majority(history, spans)
    seconds = perf_counter() - began
    methods["majority"] = mean([_of_batch(history, plain, gold, seconds) for gold in golds[:seeds]])
    return SpanResult(history, methods, first[0])


def told(result: SpanResult, seeds: int, labels: Path | None) -> list[str]:
    """Write the file of labels if one was asked for; return what there is to say to people."""
    history, newest = result.history, {task: marked(raw) for task, raw in result.played.newest.items()}
    if labels is not None:
        write_rows(
            labels,
            ("task", "label", "status", "confidence", "votes"),
            ((task, one.marks, one.status, one.confidence, one.votes) for task, one in newest.items()),
        )
    heads = ["F1", "at first", "precision", "recall", "exact F1", "votes used"]
    lines = [*heading(history, len(result.played.gold), seeds), " " * 20 + "".join(f"{head:>11}" for head in heads)]
    for name, one in result.methods.items():
        found = (one.character_f1, one.character_f1_first, one.precision, one.recall, one.exact_f1)
        shares = map(percent, (*found, one.votes_used_share))
        lines.append(f"  {name:<18}" + "".join(f"{share:>11}" for share in shares))
    undecided = sum(one.status == "undecided" for one in newest.values())
    lines.append(f"  labels      {undecided:,} of {len(newest):,} undecided; scored is what is likelier in than out")
    return [*lines, *refusals(result.played)]


def _figures(history: History, played: Played) -> Figures:
    first = {task: marked(raw) for task, raw in played.first.items()}
    newest = {task: marked(raw) for task, raw in played.newest.items()}
    count = len(history.answers)
    return Figures(
        character_f1_first=_scored(history, first, played.gold)["character_f1"],
        votes_used_share=votes_used(history, played.gold, {task: one.votes for task, one in first.items()}),
        seconds=played.seconds,
        us_per_annotation=played.seconds / count * 1e6,
        **_scored(history, newest, played.gold),
    )


def _of_batch(history: History, found: Mapping[str, Marked], gold: frozenset[str], seconds: float) -> Figures:
    last = _scored(history, found, gold)
    return Figures(
        character_f1_first=last["character_f1"],
        votes_used_share=1.0,
        seconds=seconds,
        us_per_annotation=seconds / len(history.answers) * 1e6,
        **last,
    )


def _scored(history: History, found: Mapping[str, Marked], gold: frozenset[str]) -> dict[str, float | None]:
    """Score labels where the truth is known and was not told; a task without one is one in which nothing is marked."""
    known = [(task, marks(truth)) for task, truth in history.truth.items() if task not in gold]
    return scores((found[task].marks if task in found else [], truth) for task, truth in known)._asdict()

"""`goldstream replay`: reads the files, replays each as often as was asked for, prints what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from streams.failures import Failure
from streams.replay import crowd_kit
from streams.replay.history import Columns, History, read
from streams.replay.labels import Labels, labels_of
from streams.replay.orders import Order
from streams.replay.playing import Plan, Played, play
from streams.replay.results import Figures, figures_of, figures_of_batch, majority, mean


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line, apart from the files."""

    columns: Columns
    plan: Plan
    truth: Path | None
    seeds: int
    classes: tuple[str, ...] | None
    ordinal: tuple[str, ...] | None
    policies: tuple[str, ...]
    compares: bool
    as_json: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one file.

    Attributes
    ----------
    methods : mapping of str to Figures
        By policy and method, the project's own policy first.
    played : Played
        The first seed's replay under that policy.
    """

    history: History
    labels: Labels
    methods: Mapping[str, Figures]
    played: Played

    def as_json(self) -> dict[str, Any]:
        """Return the object that ``--json`` prints of a file."""
        ordinal = self.labels.is_ordinal
        methods = {name: figures.as_json(is_ordinal=ordinal) for name, figures in self.methods.items()}
        return {
            "name": self.history.name,
            "annotations": len(self.history.answers),
            "tasks": len(self.history.votes),
            "annotators": len({answer.worker for answer in self.history.answers}),
            "with_truth": len(self.history.truth),
            "gold": len(self.played.gold),
            "refused": dict(self.played.refused),
            **next(iter(methods.values())),
            "methods": methods,
        }


def run(files: Sequence[Path], options: Options) -> int:
    """Replay the files and return the exit code; raises `FileError` for what cannot be used."""
    results = [result_of(path, options) for path in files]
    if options.as_json:
        click.echo(json.dumps([result.as_json() for result in results], indent=2))
    return 0


def result_of(path: Path, options: Options) -> Result:
    """Replay one file with every policy and seed."""
    history = read(path, options.columns, options.truth)
    labels = labels_of(history, options.classes, options.ordinal)
    if options.plan.order is Order.time and not any(answer.at is not None for answer in history.answers):
        raise Failure(f"{path}: --order time needs a column of times; name it with --timestamp-column")
    methods: dict[str, Figures] = {}
    kept: Played | None = None
    golds: list[frozenset[str]] = []
    for policy in options.policies:
        plan = replace(options.plan, policy={**options.plan.policy, "weighting": policy})
        each = []
        for seed in range(options.seeds):
            played = play(history, labels, plan, seed)
            each.append(figures_of(history, labels, played))
            if kept is None:
                kept = played
            if len(golds) < options.seeds:
                golds.append(played.gold)
        methods[policy] = mean(each)
    methods["majority"] = figures_of_batch(history, labels, lambda: majority(history, labels), golds)
    if options.compares:
        for name, method in crowd_kit.methods(history, labels).items():
            methods[name] = figures_of_batch(history, labels, method, golds)
    if kept is None:
        raise ValueError("policies: expected at least one")
    return Result(history, labels, methods, kept)

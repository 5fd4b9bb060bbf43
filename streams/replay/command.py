"""`goldstream replay`: reads the files, replays each as often as was asked for, prints what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from schemas import Policy, explain
from streams.collector import calm_collector
from streams.failures import Failure
from streams.printable import printable
from streams.replay import crowd_kit, plots, span_command, summary, written
from streams.replay.history import Columns, History, read
from streams.replay.labels import Labels, labels_of
from streams.replay.orders import Order
from streams.replay.people import people_of
from streams.replay.playing import Plan, Played, Watch, play
from streams.replay.results import Figures, described, figures_of, figures_of_batch, majority, mean, verdicts_of
from streams.replay.spans import spans_of
from streams.replay.spending import spending


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line, apart from the files.

    Attributes
    ----------
    policies : tuple of str
        Ways to weigh votes.
    """

    columns: Columns
    plan: Plan
    truth: Path | None
    task_type: str
    seeds: int
    classes: tuple[str, ...] | None
    ordinal: tuple[str, ...] | None
    policies: tuple[str, ...]
    compares: bool
    as_json: bool
    labels: Path | None
    annotators: Path | None
    recheck: Path | None
    plot: Path | None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one file.

    Attributes
    ----------
    methods : mapping of str to Figures
        By policy and method, the project's own policy first.
    plan : Plan
        The one with that policy.
    played : Played
        The first seed's replay under it.
    """

    history: History
    labels: Labels
    methods: Mapping[str, Figures]
    plan: Plan
    played: Played

    def as_json(self) -> dict[str, Any]:
        """Return the object that ``--json`` prints of a file."""
        ordinal = self.labels.is_ordinal
        methods = {name: figures.as_json(is_ordinal=ordinal) for name, figures in self.methods.items()}
        return {
            **described(self.history, self.played),
            **next(iter(methods.values())),
            "methods": methods,
        }


def run(files: Sequence[Path], options: Options) -> int:
    """Replay the files and return the exit code; raises `Failure` for what cannot be used."""
    _demand_extras_and_folders(options)
    results: list[Result | span_command.SpanResult] = []
    for path in files:
        with calm_collector(), _watched() as watch:
            result: Result | span_command.SpanResult
            if options.task_type == "span_annotation":
                result = _span_result_of(path, options, watch)
                told = span_command.told(result, options.seeds, options.labels)
            else:
                result = result_of(path, options, watch)
                told = _told(result, options, watch)
        results.append(result)
        # Not above: what is printed there would go where the progress is shown.
        if not options.as_json:
            click.echo("\n".join([*told, ""]))
    if options.as_json:
        click.echo(json.dumps([result.as_json() for result in results], indent=2))
    return 0


def _demand_extras_and_folders(options: Options) -> None:
    """Raise `Failure` for what would fail at the end of a long replay."""
    if options.plot is not None:
        plots.demand_matplotlib()
    if options.compares:
        crowd_kit.demand_crowd_kit()
    for path in (options.labels, options.annotators, options.recheck, options.plot):
        if path is not None and not path.parent.is_dir():
            raise Failure(f"{path}: cannot be written: there is no folder {path.parent}")


def with_policy(plan: Plan, **fields: Any) -> Plan:
    """Return the plan with fields of the project's policy; raises `UsageError` for what the policy does not allow."""
    policy = {**plan.policy, **fields}
    try:
        Policy.model_validate(policy)
    except ValidationError as error:
        flag = "--policy" if "weighting" in fields else "--target-confidence"
        raise click.UsageError(f"{flag}: {explain(error)}") from None
    return replace(plan, policy=policy)


def result_of(path: Path, options: Options, watch: Watch) -> Result:
    """Replay one file with every policy and seed."""
    plans = _plans(options)
    history = read(path, options.columns, options.truth)
    labels = labels_of(history, options.classes, options.ordinal)
    _demand_times(history, options)
    methods: dict[str, Figures] = {}
    first: list[Played] = []
    golds: list[frozenset[str]] = []
    for policy, plan in plans.items():
        each = []
        for seed in range(options.seeds):
            progress = watch(f"{history.name}, {policy}, seed {seed}", len(history.answers))
            played = play(history, labels, plan, seed, progress)
            each.append(figures_of(history, labels, played))
            golds.append(played.gold)
            first = first or [played]
        methods[policy] = mean(each)
    del golds[options.seeds :]
    methods["majority"] = figures_of_batch(history, labels, partial(majority, history, labels), golds)
    if options.compares:
        for name, method in crowd_kit.methods(history, labels).items():
            done = watch(f"{history.name}, {name}", len(history.answers))
            methods[name] = figures_of_batch(history, labels, method, golds)
            done(len(history.answers))
    return Result(history, labels, methods, next(iter(plans.values())), first[0])


def _span_result_of(path: Path, options: Options, watch: Watch) -> span_command.SpanResult:
    plans = _plans(options)
    history = read(path, options.columns, options.truth, in_json=True)
    _demand_times(history, options)
    return span_command.result_of(history, spans_of(history), plans, options.seeds, watch)


def _plans(options: Options) -> dict[str, Plan]:
    return {policy: with_policy(options.plan, weighting=policy) for policy in options.policies}


def _demand_times(history: History, options: Options) -> None:
    if options.plan.order is Order.time and not any(answer.at is not None for answer in history.answers):
        raise Failure(f"{history.path}: --order time needs a column of times; name it with --timestamp-column")


def _told(result: Result, options: Options, watch: Watch) -> list[str]:
    """Write the files that were asked for; return what there is to say to people."""
    history, labels, played = result.history, result.labels, result.played
    verdicts = verdicts_of(played.newest, labels)
    if options.labels is not None:
        written.write_labels(options.labels, labels, verdicts)
    if options.annotators is not None:
        written.write_annotators(options.annotators, people_of(history, labels, verdicts))
    if options.recheck is not None:
        written.write_recheck(options.recheck, summary.doubtful(labels, verdicts))
    if options.as_json and options.plot is None:
        return []
    count = len(history.answers)
    spent = spending(
        history, labels, result.plan, played, lambda what: watch(f"{history.name}, with less: {what}", count)
    )
    if options.plot is not None:
        plots.draw(options.plot, history, labels, verdicts, people_of(history, labels, verdicts), spent)
    return [
        *summary.table(history, result.methods, len(played.gold), options.seeds),
        *summary.advice(history, labels, played, spent),
    ]


@contextmanager
def _watched() -> Iterator[Watch]:
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _what, _total: lambda _done: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:

        def watch(what: str, total: int) -> Callable[[int], None]:
            for before in progress.task_ids:
                progress.remove_task(before)
            task = progress.add_task(printable(what), total=total)
            return lambda done: progress.update(task, completed=done)

        yield watch

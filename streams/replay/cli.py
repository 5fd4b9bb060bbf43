"""The flags of `goldstream replay`. What the command does is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

_ORDERS = ("given", "time", "random", "tasks")
_COLUMNS = ("task", "worker", "label", "time", "timestamp")
_TYPES = ("classification", "span_annotation")
_NO_SPANS = ("target_confidence", "classes", "ordinal", "compares", "annotators", "recheck", "plot")
"""What is said of labels alone."""
_WEIGHTING = "reliability"
_MOST_VOTES = 64


class _Names(click.ParamType):
    """A list of names with commas between them."""

    name = "NAMES"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        names = tuple(name.strip() for name in value.split(",")) if isinstance(value, str) else tuple(value)
        if "" in names or len(names) < 2 or len(set(names)) != len(names):
            self.fail(f"expected two or more different names with commas between them, got {value!r}", param, ctx)
        return names


class _Redundancy(click.ParamType):
    name = "N|all"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        if value in {"all", None}:
            return None
        try:
            votes = int(value)
        except ValueError:
            votes = 0
        if not 1 <= votes <= _MOST_VOTES:
            self.fail(f"expected 1 to {_MOST_VOTES}, or all, got {value!r}", param, ctx)
        return votes


_OUT = click.Path(dir_okay=False, writable=True, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    "replay",
    short_help="Replay an annotation history, without a broker.",
    epilog="Example: goldstream replay --truth truth.csv --order random --seeds 3 annotations.csv",
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_FILE)
@click.option(
    "--type",
    "task_type",
    type=click.Choice(_TYPES),
    default="classification",
    help="What labels are; spans are JSON: [[start, end], ...] or [[start, end, label], ...] [default classification].",
)
@click.option("--truth", metavar="FILE", type=_FILE, help="Right labels: task, label [default: truth.csv beside FILE].")
@click.option(
    "--gold-share",
    metavar="SHARE",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Make so many of the tasks with known truth gold; they are left out of the scores [default 0].",
)
@click.option(
    "--redundancy",
    metavar="N|all",
    type=_Redundancy(),
    default="all",
    help="Votes a task gets at first; all: as many as it has in FILE [default all].",
)
@click.option(
    "--target-confidence",
    metavar="SHARE",
    type=click.FloatRange(0.5, 1, max_open=True),
    help="Close a task as soon as its label is so sure.",
)
@click.option(
    "--order",
    type=click.Choice(_ORDERS),
    default="given",
    help="How the annotations come; tasks: one task after another, about 100 open [default given].",
)
@click.option(
    "--seeds",
    metavar="N",
    type=click.IntRange(1, 1000),
    default=1,
    help="Replay so often, with the seeds 0 to N-1 of order and gold, and print means [default 1].",
)
@click.option(
    "--outcome-delay",
    metavar="N",
    type=click.IntRange(0, 1_000_000),
    default=0,
    help="Annotators are judged so many annotations later [default 0].",
)
@click.option("--classes", metavar="A,B,...", type=_Names(), help="The classes [default: those in FILE].")
@click.option("--ordinal", metavar="A,B,...", type=_Names(), help="The labels are steps of a scale, lowest first.")
@click.option(
    "--policy",
    "policies",
    metavar="NAME",
    multiple=True,
    help=f"How votes are weighed; repeat it to compare [default {_WEIGHTING}].",
)
@click.option(
    "--compare", "compares", type=click.Choice(["crowd-kit"]), help="Score its batch methods too (extra: compare)."
)
@click.option("--task-column", metavar="NAME", default="task", help="Default task.")
@click.option("--worker-column", metavar="NAME", default="worker", help="Default worker.")
@click.option("--label-column", metavar="NAME", default="label", help="Default label.")
@click.option("--time-column", metavar="NAME", help="Seconds spent [default time_spent_s, where there is one].")
@click.option("--timestamp-column", metavar="NAME", help="ISO 8601 [default timestamp, where there is one].")
@click.option("--labels", metavar="FILE", type=_OUT, help="Write every task's label; CSV, or JSONL by the name.")
@click.option("--annotators", metavar="FILE", type=_OUT, help="Write what each annotator got right; CSV or JSONL.")
@click.option("--recheck", metavar="FILE", type=_OUT, help="Write the labels that are doubtful; CSV or JSONL.")
@click.option("--plot", metavar="FILE", type=_OUT, help="Draw what came of it, say as out.svg (extra: plot).")
@click.option("--json", "as_json", is_flag=True, help="Print a list with one object per file.")
def replay(files: tuple[Path, ...], **chosen: Any) -> int:
    """Replay an annotation history (CSV, JSONL, Parquet) through the code that workers run, without a broker.

    FILE has the columns task, worker and label, and optionally time_spent_s and timestamp. Where the truth is known,
    the labels are scored by it.
    """
    from streams.replay.command import Options, run, with_policy
    from streams.replay.history import Columns
    from streams.replay.orders import Order
    from streams.replay.playing import Plan

    for flag in ("labels", "annotators", "recheck", "plot"):
        if chosen[flag] is not None and len(files) > 1:
            raise click.UsageError(f"--{flag} takes one FILE, got {len(files)}")
    if chosen["classes"] and chosen["ordinal"]:
        raise click.UsageError("--classes and --ordinal exclude each other: the labels are classes or steps of a scale")
    if chosen["task_type"] == "span_annotation":
        for name in _NO_SPANS:
            if chosen[name]:
                flag = "compare" if name == "compares" else name.replace("_", "-")
                raise click.UsageError(f"--{flag} is about labels, and --type span_annotation has spans: leave one out")
    plan = Plan(
        order=Order(chosen.pop("order")),
        redundancy=chosen.pop("redundancy"),
        gold_share=chosen.pop("gold_share"),
        outcome_delay=chosen.pop("outcome_delay"),
    )
    target = chosen.pop("target_confidence")
    return run(
        files,
        Options(
            columns=Columns(
                *(chosen.pop(f"{name}_column") for name in ("task", "worker", "label", "time", "timestamp"))
            ),
            plan=plan if target is None else with_policy(plan, target_confidence=target),
            policies=tuple(dict.fromkeys(chosen.pop("policies"))) or (_WEIGHTING,),
            compares=chosen.pop("compares") is not None,
            **chosen,
        ),
    )

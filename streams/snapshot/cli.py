"""The flags of `goldstream snapshot`. What a command does is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from streams.settings import CLIENT_GROUPS, Settings
from streams.settings_flags import SettingsCommand

DIFF = "diff"
STATUSES = ("undecided", "provisional", "unusable")


class _Snapshot(SettingsCommand):
    """A command whose first word may be another command: `diff`."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if args and args[0] == DIFF:
            return diff.make_context(f"{info_name} {DIFF}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command(
    "snapshot",
    short_help="Write the labels as they stood at a time.",
    cls=_Snapshot,
    groups=CLIENT_GROUPS,
    examples=(
        "goldstream snapshot --as-of 2026-03-01T00:00Z --out labels-2026-03-01",
        "goldstream snapshot --as-of now --out today --project birds --with undecided --format parquet",
        "goldstream snapshot diff labels-2026-03-01 today",
    ),
)
@click.option(
    "--as-of",
    required=True,
    metavar="WHEN",
    help="By the labels' own time: now, 2h, 3d, or a time in ISO 8601 (without a zone: UTC).",
)
@click.option(
    "--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="Folder to make, or an empty one."
)
@click.option("--project", metavar="PROJECT", help="Only the labels of this project.")
@click.option(
    "--with",
    "also",
    type=click.Choice(STATUSES),
    multiple=True,
    help="Labels of this status too, beside settled ones; may be repeated.",
)
@click.option("--format", type=click.Choice(["jsonl", "parquet"]), default="jsonl", help="[default jsonl]")
def snapshot(settings: Settings, **choices: Any) -> int:
    """Write the newest label of each task at a time, sorted by task, with a manifest; print the manifest's hash.

    Gold, withdrawn and erased tasks are left out. The same log and the same time give the same bytes. To compare two
    snapshots: goldstream snapshot diff A B. Needs the rights of the role reader.
    """
    from streams.snapshot.command import take

    return take(settings, **choices)


@click.command(DIFF, short_help="Compare two snapshots.")
@click.argument("before", metavar="A", type=click.Path(path_type=Path))
@click.argument("after", metavar="B", type=click.Path(path_type=Path))
@click.option("--limit", type=click.IntRange(0), metavar="N", default=100, help="Show so many [default 100].")
@click.option(
    "--json", "json_lines", is_flag=True, help="Print every difference as a line of JSON, and the counts last."
)
def diff(before: Path, after: Path, limit: int, json_lines: bool) -> int:
    """Compare two snapshots by task and question; exit with 0 if they are equal, with 1 if not.

    Their files are first held against the hashes in their manifests; if they are not as they were made, or are no
    snapshots, exit with 2.

    Example: goldstream snapshot diff monday tuesday --json
    """
    from streams.snapshot.comparing import compare

    return compare(before, after, limit, json_lines=json_lines)

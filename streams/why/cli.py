"""The flags of `goldstream why`. What the command does is imported when it runs."""

from __future__ import annotations

from typing import Any

import click

from streams.settings import CLIENT_GROUPS, Settings
from streams.settings_flags import SettingsCommand


@click.command(
    "why",
    short_help="Tell what led to a label, or to an annotator's record.",
    cls=SettingsCommand,
    groups=CLIENT_GROUPS,
    examples=(
        "goldstream why task img-4711",
        "goldstream why annotator ann-17 --project birds --since 7d",
        "goldstream why img-4711 --json | jq -r .text",
    ),
)
@click.argument("words", nargs=-1, required=True, metavar="[task|annotator] ID")
@click.option("--project", metavar="PROJECT", help="Only facts of this project.")
@click.option("--since", metavar="WHEN", help="Only facts from then on: 2h, 3d, or a time in ISO 8601 (no zone: UTC).")
@click.option("--until", metavar="WHEN", help="Only facts before then.")
@click.option("--all", "every", is_flag=True, help="A line for each record, with none of them told together.")
@click.option(
    "--json", "json_lines", is_flag=True, help="Print each fact with its record as a line of JSON; no summary."
)
def why(settings: Settings, words: tuple[str, ...], **choices: Any) -> int:
    """Tell the story of a task or an annotator from the topics, the newest fact last, and sum it up.

    Each line names the record that it tells, topic/partition/offset. An id alone may be either's, and both are told.
    Counts begin with the log, whatever --since says. What the login may not read is said: the role auditor may read
    all of it.
    """
    from streams.why.command import why as tell

    return tell(settings, words, **choices)

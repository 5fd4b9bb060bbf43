"""The flags of `goldstream ranking`. What the command does is imported when it runs."""

from __future__ import annotations

import click

from streams.settings import CLIENT_GROUPS, Settings
from streams.settings_flags import SettingsCommand


@click.command(
    "ranking",
    short_help="Rank what a project's comparisons compare.",
    cls=SettingsCommand,
    groups=CLIENT_GROUPS,
    examples=("goldstream ranking summaries", "goldstream ranking summaries --question fluency --json"),
)
@click.argument("project", metavar="PROJECT")
@click.option("--question", metavar="ID", help="Only this question [default: each that compares something].")
@click.option("--json", "in_json", is_flag=True, help="Print a list with one object for each question.")
def ranking(settings: Settings, project: str, question: str | None, in_json: bool) -> int:
    """Rank what a project's comparisons compare, with 95% intervals, from the newest settled labels.

    The options' names must mean the same in every task, such as the names of two models; of options that are called A
    and B everywhere it says no more than which place is preferred. Gold is left out. Needs the rights of the role
    reader.
    """
    from streams.ranking.command import show

    return show(settings, project, question, in_json=in_json)

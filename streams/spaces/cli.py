"""The flags of `goldstream spaces`. What a command does is imported when it runs."""

from __future__ import annotations

from typing import Any

import click

from streams.settings import CLIENT_GROUPS, Settings
from streams.settings_flags import SettingsCommand


@click.group("spaces", short_help="Rename, merge, split or retire classes.")
def spaces() -> None:
    """Change the classes of a project's named label spaces, with what was answered in them."""


@spaces.command(
    "change",
    short_help="Count what a change would do; with --yes do it.",
    cls=SettingsCommand,
    groups=CLIENT_GROUPS,
    examples=(
        "goldstream spaces change animals species --rename fox=canine --rename wolf=canine --reason 'look the same'",
        "goldstream spaces change animals species --retire owl --split bird=duck,goose --reason 'as of v3' --yes",
    ),
)
@click.argument("project", metavar="PROJECT")
@click.argument("space", metavar="SPACE")
@click.option(
    "--rename",
    "renames",
    metavar="OLD=NEW",
    multiple=True,
    help="Answers are carried over; to one NEW they are merged.",
)
@click.option("--retire", "retired", metavar="OLD", multiple=True, help="Answers that name it are taken back.")
@click.option("--split", "splits", metavar="OLD=NEW,NEW", multiple=True, help="Answers that name it are taken back.")
@click.option("--add", "added", metavar="NEW", multiple=True, help="A class that no other becomes.")
@click.option("--reason", metavar="TEXT", required=True, help="Why; it is told with all that follows.")
@click.option("--actor", metavar="NAME", help="Who changes it [default: the login, else the system's user].")
@click.option("--yes", "is_confirmed", is_flag=True, help="Publish the change, and wait until it is done.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(1, 86_400),
    metavar="SECONDS",
    default=300.0,
    help="With --yes: wait so long for the workers [default 300].",
)
def change(settings: Settings, **choices: Any) -> int:
    """Show how many tasks, votes, known answers and labels a changed label space would touch; nothing is written.

    It is counted by the workers' own code on a copy of their tables, one partition in memory at a time. Counting needs
    the rights of the role auditor, --yes those of administrator.
    """
    from streams.spaces.command import run

    return run(settings, **choices)

"""The flags of `goldstream erase`. What a command does is imported when it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from streams.settings import CLIENT_GROUPS, Settings
from streams.settings_flags import SettingsCommand


@click.group("erase", short_help="Erase a person's identity or a task's content.")
def erase() -> None:
    """Erase a person's identity or a task's content, and report what remains until when.

    Needs the rights of the role administrator; for what others wrote of a task those of producer and gold-keeper too.
    A worker must be running: the tables are the workers'. A replay of dead letters that runs is stopped.
    """


def _options(command: Callable[..., int]) -> Callable[..., int]:
    for option in reversed(
        (
            click.argument("identity", metavar="ID"),
            click.option("--reason", metavar="TEXT", required=True, help="Why; kept, so it may not name the id."),
            click.option("--actor", metavar="NAME", help="Who erases [default: the login, else the system's user]."),
            click.option("--yes", "is_confirmed", is_flag=True, help="Do not ask whether it is meant."),
            click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object."),
            click.option(
                "--timeout",
                "timeout_s",
                type=click.FloatRange(1, 86_400),
                metavar="SECONDS",
                default=60.0,
                help="Wait so long for the workers [default 60].",
            ),
        )
    ):
        command = option(command)
    return command


@erase.command(
    "annotator",
    short_help="Erase a person; the votes stay, under a pseudonym.",
    cls=SettingsCommand,
    groups=CLIENT_GROUPS,
    examples=(
        "goldstream erase annotator ann-17 --reason 'request 2026-114'",
        "goldstream erase annotator ann-17 --reason 'request 2026-114' --yes --json > report.json",
    ),
)
@_options
def erase_annotator(settings: Settings, identity: str, **choices: Any) -> int:
    """Erase an annotator: profile, statistics and the ids of annotations go; the votes stay, under a pseudonym.

    Labels and counts do not change. What was on its way is dropped. Whoever annotates under the id later is new.
    Doing it again does no harm.
    """
    from schemas import ErasureKind
    from streams.erase.command import run

    return run(settings, ErasureKind.annotator, identity, **choices)


@erase.command(
    "task",
    short_help="Erase a task's content, answers and labels.",
    cls=SettingsCommand,
    groups=CLIENT_GROUPS,
    examples=("goldstream erase task img-4711 --reason 'shows a face'",),
)
@_options
def erase_task(settings: Settings, identity: str, **choices: Any) -> int:
    """Erase a task: questions, answers, gold and labels go; what stays is its id, and that it was withdrawn.

    What annotators earned on it stands. Later annotations of it are refused as task_withdrawn.
    """
    from schemas import ErasureKind
    from streams.erase.command import run

    return run(settings, ErasureKind.task, identity, **choices)

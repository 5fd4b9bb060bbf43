"""The flags of `goldstream dead-letters`. What a command does is imported when it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Unpack

import click

from streams.settings import CLIENT_GROUPS, Settings
from streams.settings_flags import SettingsCommand

if TYPE_CHECKING:
    from streams.dead_letters.filters import Filters


@click.group("dead-letters", short_help="List, show or replay what could not be applied.")
def dead_letters() -> None:
    """List, show or replay dead letters: records that could not be applied, by the place they came from.

    A dead letter's id is the place of the record that died: topic/partition/offset, without the namespace. Needs the
    rights of the role operator, or to look at them those of administrator.
    """


def _filters(command: Callable[..., int]) -> Callable[..., int]:
    decorators: Iterable[Any] = (
        click.argument("ids", nargs=-1, metavar="[ID]..."),
        click.option(
            "--topic", "topics", metavar="TOPIC", multiple=True, help="Only from this topic; may be repeated."
        ),
        click.option(
            "--reason",
            "reasons",
            metavar="REASON",
            multiple=True,
            help="Only with this reason, such as misrouted; may be repeated.",
        ),
        click.option("--key", metavar="KEY", help="Only of records with this key, such as an annotator's id."),
        click.option(
            "--since",
            metavar="WHEN",
            help="Only of records from then on: 2h, 3d, or a time in ISO 8601 (without a zone: UTC).",
        ),
        click.option("--until", metavar="WHEN", help="Only of records before then."),
    )
    for decorate in reversed(tuple(decorators)):
        command = decorate(command)
    return command


@dead_letters.command(
    "list",
    short_help="List dead letters, the newest last.",
    cls=SettingsCommand,
    groups=CLIENT_GROUPS,
    examples=(
        "goldstream dead-letters list --since 2h",
        "goldstream dead-letters list --topic annotations --reason misrouted --limit 20",
        "goldstream dead-letters list --pending --json | jq -r .id",
    ),
)
@_filters
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the newest N [default 100; with --json all].")
@click.option("--pending", is_flag=True, help="Only those that were not replayed.")
@click.option("--json", "json_lines", is_flag=True, help="Print a JSON object a line, and nothing else.")
def list_command(
    settings: Settings, limit: int | None, pending: bool, json_lines: bool, **filters: Unpack[Filters]
) -> int:
    """List dead letters by the time of the record that died, the newest last, with a summary by topic and reason."""
    from streams.dead_letters.commands import show_list

    return show_list(settings, filters, limit, pending=pending, json_lines=json_lines)


@dead_letters.command(
    "show",
    short_help="Show all there is of one dead letter.",
    cls=SettingsCommand,
    groups=CLIENT_GROUPS,
    examples=(
        "goldstream dead-letters show annotations/3/1207",
        "goldstream dead-letters show annotations/3/1207 --raw > value.json",
    ),
)
@click.argument("wanted", metavar="ID")
@click.option("--raw", is_flag=True, help="Write the original bytes of the value, and nothing else.")
def show_command(settings: Settings, wanted: str, raw: bool) -> int:
    """Show one dead letter: where it came from, why it was refused, and its value with the place of the error."""
    from streams.dead_letters.commands import show_one

    return show_one(settings, wanted, raw=raw)


@dead_letters.command(
    "replay",
    short_help="Send dead letters through the normal path again.",
    cls=SettingsCommand,
    groups=CLIENT_GROUPS,
    examples=(
        "goldstream dead-letters replay --reason misrouted --dry-run",
        "goldstream dead-letters replay annotations/3/1207 annotations/3/1211",
        "goldstream dead-letters replay --topic tasks --since 1d --yes",
    ),
)
@_filters
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the oldest N that can be sent.")
@click.option(
    "--again", is_flag=True, help="Send those that were replayed before once more, while their bytes are there."
)
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and send nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def replay_command(
    settings: Settings, limit: int | None, again: bool, dry_run: bool, yes: bool, **filters: Unpack[Filters]
) -> int:
    """Send the original keys and bytes to the topics they came from, each to the partition its key belongs to.

    Records are applied as if they came now. What was replayed is marked in the same transaction, and is not sent
    again. What fails again becomes a new dead letter. Needs the rights of the role operator, for gold those of
    gold-keeper too.
    """
    from streams.dead_letters.commands import replay

    return replay(settings, filters, limit, again=again, dry_run=dry_run, agreed=yes)

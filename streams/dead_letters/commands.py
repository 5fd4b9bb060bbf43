"""What `goldstream dead-letters` prints, and the exit codes it returns."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

import click

from streams import consent
from streams.dead_letters import filters as filtering
from streams.dead_letters import replaying
from streams.dead_letters.filters import Filters
from streams.dead_letters.letters import Letter, Standing, Wanted, obstacle
from streams.dead_letters.log import opened
from streams.dead_letters.table import as_json, summary, table
from streams.dead_letters.values import lines
from streams.engine.routing import partition_of
from streams.failures import Failure
from streams.printable import moment, printable
from streams.reading import Ends
from streams.settings import Settings, SettingsError
from streams.topics import DEAD, full_name
from streams.topics_commands import MISMATCH, OK, aligned, ask

WIDTH = 160
"""Of the table where there is no terminal, and no COLUMNS."""
SHOWN = 100
"""How many dead letters the table has where nobody says."""
ONE_BY_ONE = 20
"""So many replayed dead letters are named each; of more the list tells."""


def show_list(settings: Settings, filters: Filters, limit: int | None, *, pending: bool, json_lines: bool) -> int:
    """Print the wanted dead letters, the newest last; 1 if one that was named is not there."""
    wanted = filtering.wanted(filters)
    standing, _ = ask(_read(settings, wanted))
    letters = sorted(standing.letters.values(), key=lambda letter: letter.order)
    letters = [letter for letter in letters if not (pending and letter.replayed_at)]
    shown = letters[-(limit or (len(letters) if json_lines else SHOWN)) :]
    if json_lines:
        for letter in shown:
            click.echo(as_json(letter))
    else:
        _tell(letters, shown, settings, is_all=wanted == Wanted() and not pending)
    _tell_foreign(standing.foreign, settings)
    return MISMATCH if _missing(wanted.ids, standing.letters) else OK


def _tell(letters: Sequence[Letter], shown: Sequence[Letter], settings: Settings, *, is_all: bool) -> None:
    if not letters:
        among = "" if is_all else " that are asked for"
        click.echo(f"no dead letters in {settings.namespace}{among}")
        return
    for part in (table(shown, shutil.get_terminal_size((WIDTH, 0)).columns), [""], summary(letters)):
        for line in part:
            click.echo(line)
    last = "" if len(shown) == len(letters) else f"; above are the newest {len(shown):,} (--limit)"
    click.echo(f"{_counted(len(letters))} in {settings.namespace}{last}")


def show_one(settings: Settings, wanted: str, *, raw: bool) -> int:
    """Print all there is of one dead letter, or nothing but its bytes."""
    filtering.identity(wanted)
    if raw and sys.stdout.isatty():
        raise SettingsError(
            f"--raw: may hold anything, so not for a terminal: goldstream dead-letters show {wanted} --raw > file"
        )
    letter, value = ask(_one(settings, wanted))
    if raw:
        if value is None and not letter.null_value:
            raise Failure(f"{wanted}: its bytes are gone since it was replayed as {printable(letter.replayed_as)}")
        sys.stdout.buffer.write(value or b"")
        sys.stdout.buffer.flush()
        return OK
    for line in aligned([(name, printable(text)) for name, text in _facts(letter)]):
        click.echo(line)
    if value is not None and not letter.null_value:
        click.echo()
        for line in lines(value, letter.error):
            click.echo(line)
    return OK


def _facts(letter: Letter) -> Iterable[tuple[str, str]]:
    yield "id", letter.id
    yield "when", f"{moment(letter.timestamp)} UTC" if letter.timestamp >= 0 else moment(letter.timestamp)
    yield "reason", letter.reason
    yield "error", letter.error
    yield "key", letter.shown_key
    if letter.null_value:
        yield "value", "null"
    elif letter.size >= 0:
        yield "value", f"{letter.size:,} bytes{', the beginning of more' if letter.cut_value else ''}"
    else:
        yield "value", "gone since it was replayed"
    if letter.replayed_at:
        yield "replayed", f"{letter.replayed_at} by {letter.replayed_by} as {letter.replayed_as}"
        return
    why = obstacle(letter)
    if why is not None:
        yield "replay", f"cannot be: {why}"


def replay(settings: Settings, filters: Filters, limit: int | None, *, again: bool, dry_run: bool, agreed: bool) -> int:
    """Show what would be sent, ask, and send it; 1 if something that was asked for could not be."""
    wanted = filtering.wanted(filters)
    replaying.refuse_without_transactions(settings)
    if not (dry_run or agreed):
        consent.demand_a_person("--dry-run shows what would be sent")
    standing, ends = ask(_read(settings, wanted))
    _tell_foreign(standing.foreign, settings)
    chosen = sorted(standing.letters.values(), key=lambda letter: letter.order)
    before = 0 if again else sum(bool(letter.replayed_at) for letter in chosen)
    chosen = [letter for letter in chosen if again or not letter.replayed_at]
    hindered = [(letter, why) for letter in chosen if (why := obstacle(letter)) is not None]
    hindered_ids = {letter.id for letter, _ in hindered}
    letters = [letter for letter in chosen if letter.id not in hindered_ids][:limit]
    for letter, why in hindered:
        click.echo(f"{letter.id}: cannot be replayed: {printable(why)}")
    missing = _missing(wanted.ids, standing.letters)
    if before:
        click.echo(f"{before:,} left out: replayed before (--again sends them once more)")
    code = MISMATCH if hindered or missing else OK
    if not letters:
        click.echo(f"nothing to replay{f'; {len(hindered):,} cannot be' if hindered else ''}")
        return code
    _announce(letters)
    if dry_run:
        click.echo("nothing was sent: --dry-run")
        return code
    if not agreed:
        consent.confirm("Send them?", "nothing was sent")
    lost = _send(settings, letters, ends)
    tail = f"; {len(hindered):,} cannot be" if hindered else ""
    click.echo(f"{len(letters) - lost:,} replayed{f'; {lost:,} changed meanwhile' if lost else ''}{tail}")
    return MISMATCH if lost else code


def _announce(letters: Sequence[Letter]) -> None:
    for line in summary(letters):
        click.echo(line)
    what = f"{_counted(len(letters))} would go to the topics they came from, to the partitions of their keys"
    click.echo(f"{what}, as if they came now")


def _send(settings: Settings, letters: Sequence[Letter], since: Ends) -> int:
    """Send and tell; return how many were not sent because they are not any more what they were."""
    done = lost = 0

    def told(letter: Letter, sent_as: str | None) -> None:
        nonlocal done, lost
        if sent_as is None:
            lost += 1
            click.echo(f"{letter.id}: not sent: replayed or erased meanwhile")
            return
        done += 1
        if len(letters) <= ONE_BY_ONE:
            click.echo(f"{letter.id}: replayed as {sent_as}")
        elif done % replaying.BATCH_RECORDS == 0:
            click.echo(f"{done:,} of {len(letters):,}")

    who, now = consent.actor(settings), datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    try:
        ask(replaying.replay(settings, letters, since, who, now, told))
    except Failure as failure:
        # A commit whose answer was lost may have been one.
        far = f"at least {done:,} of {len(letters):,} were replayed; running it again sends what was not"
        raise type(failure)(*failure.lines, far) from None
    return lost


async def _read(settings: Settings, wanted: Wanted) -> tuple[Standing, Ends]:
    standing = Standing(wanted)
    async with opened(settings) as log:
        only = None
        if wanted.ids:
            only = {partition_of(each.encode(), log.partitions) for each in wanted.ids}
        return standing, await log.read(standing, only)


async def _one(settings: Settings, wanted: str) -> tuple[Letter, bytes | None]:
    standing = Standing(Wanted(ids=frozenset({wanted})))
    async with opened(settings) as log:
        await log.read(standing, [partition_of(wanted.encode(), log.partitions)])
        letter = standing.letters.get(wanted)
        if letter is None:
            raise Failure(_no_such(wanted))
        found = await log.records([letter.place] if letter.place else [])
        return letter, next((record.value for record in found.values()), None)


def _missing(ids: Collection[str], found: Collection[str]) -> bool:
    missing = sorted(set(ids).difference(found))
    for each in missing:
        click.echo(f"goldstream: {_no_such(each)}", err=True)
    return bool(missing)


def _no_such(wanted: str) -> str:
    return f"{wanted}: no such dead letter; it may have been erased, or its time is over (goldstream dead-letters list)"


def _tell_foreign(count: int, settings: Settings) -> None:
    if count:
        name = full_name(settings.namespace, DEAD.name)
        click.echo(
            f"goldstream: {count:,} records in {name} are passed over: no dead letters of this release", err=True
        )


def _counted(count: int) -> str:
    return f"{count:,} dead {'letter' if count == 1 else 'letters'}"

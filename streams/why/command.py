"""What `goldstream why` reads and prints, and the exit codes it returns."""

from __future__ import annotations

import shutil
import textwrap
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

import click
from pydantic import TypeAdapter, ValidationError

from schemas.common import Id
from streams.failures import Failure
from streams.moments import moment_of
from streams.printable import moment, printable
from streams.settings import Settings, SettingsError
from streams.topics_commands import OK, ask
from streams.why.annotator_story import AnnotatorStory
from streams.why.folding import folded, retold
from streams.why.found import Found, Kind, Search
from streams.why.lines import Line, Story, as_json
from streams.why.reading import Read, read
from streams.why.task_story import TaskStory

KINDS: tuple[Kind, ...] = get_args(Kind)
WIDTH = 120
"""Of the summary where there is no terminal, and no COLUMNS."""

HEADINGS = ("when (UTC)", "where", "what")

_id = TypeAdapter(Id).validate_python


def why(
    settings: Settings,
    words: tuple[str, ...],
    *,
    project: str | None,
    since: str | None,
    until: str | None,
    every: bool,
    json_lines: bool,
) -> int:
    """Print the stories of an id.

    Raises
    ------
    SettingsError
        What is asked for is no id, or a flag is wrong.
    Failure
        Nothing that could be read names it.
    """
    kinds, identity = _asked(words)
    now = time.time()
    first = None if since is None else moment_of(since, now, "--since")
    last = None if until is None else moment_of(until, now, "--until")
    done = ask(read(settings, [Search(kind, identity) for kind in kinds], lambda line: click.echo(line, err=True)))
    searches = [search for search in done.searches if search.found]
    searches = searches or [search for search in done.searches if search.all()]
    if not searches:
        raise Failure(_nobody(settings, kinds, identity, done))
    for number, search in enumerate(searches):
        story, found = _story(search, done), search.all()
        wanted = (
            line
            for line in map(story.tell, found)
            if (project is None or line.project in ("", project))
            and (first is None or line.found.timestamp >= first)
            and (last is None or line.found.timestamp < last)
        )
        if json_lines:
            for line in wanted:
                click.echo(as_json(story.kind, line))
            continue
        if number:
            click.echo()
        fewer = retold if story.kind == "task" else folded
        for text in _told(search, story, found, wanted if every else fewer(wanted), done):
            click.echo(text)
    if json_lines:
        for text in _gaps(done):
            click.echo(text, err=True)
    return OK


def _asked(words: Sequence[str]) -> tuple[tuple[Kind, ...], str]:
    """Return what kinds of id are meant, and the id: a kind and an id, or an id alone."""
    kinds: tuple[Kind, ...] = KINDS
    if len(words) > 1:
        kinds = tuple(kind for kind in KINDS if kind == words[0])
        if not kinds:
            raise SettingsError(f"KIND: must be task or annotator, got {words[0][:80]!r}")
    if len(words) > 2:
        raise SettingsError("ID: must be one; quote it where it has spaces")
    try:
        return kinds, _id(words[-1])
    except (ValidationError, UnicodeEncodeError):
        raise SettingsError("ID: must be 1 to 200 characters, none of them a control character") from None


def _story(search: Search, done: Read) -> Story:
    if search.kind == "task":
        return TaskStory(search.identity)
    return AnnotatorStory(search.identity, done.superseded)


def _told(search: Search, story: Story, found: Sequence[Found], lines: Iterable[Line], done: Read) -> Iterator[str]:
    yield f"{search.kind} {printable(search.identity)}"
    yield ""
    cells = max(len(one.place) for one in found)
    is_first = True
    for line in lines:
        if is_first:
            yield _row(*HEADINGS, cells)
            is_first = False
        yield _row(moment(line.found.timestamp), line.found.place, line.text, cells)
    if is_first:
        yield "nothing in the time or the project that is asked for"
    yield ""
    gaps = list(_gaps(done))
    if gaps:
        yield from gaps
        yield ""
    yield from textwrap.wrap(story.summary(), shutil.get_terminal_size((WIDTH, 0)).columns)


def _row(when: str, where: str, what: str, cells: int) -> str:
    return f"{when:19}  {where:{cells}}  {what}"


def _gaps(done: Read) -> Iterator[str]:
    for topic, reason in (*done.unread.items(), *done.begins.items()):
        yield f"{topic}: {reason}"


def _nobody(settings: Settings, kinds: Sequence[Kind], identity: str, done: Read) -> str:
    what = " or ".join(kinds)
    unread = f"; {', '.join(done.unread)} could not be read" if done.unread else ""
    where = f"nothing in {settings.namespace} names it{unread}"
    return f"{what} {identity!r}: {where}; ids are exact, upper and lower case too"

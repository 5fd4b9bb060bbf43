"""What `goldstream topics` prints, and the exit codes it returns; `acls` is in `streams.acls_commands`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

import click
from rich.cells import cell_len, set_cell_size

from streams import topics_admin
from streams.settings import Settings
from streams.topics import DAY, HOUR, Topic, all_topics

OK, MISMATCH = 0, 1

T = TypeVar("T")


def create(settings: Settings) -> int:
    """Create what is missing and say so; 1 if a topic could not be created."""
    created = ask(topics_admin.create(settings))
    failed = [each for each in created if each.error is not None]
    for each in created:
        click.echo(f"{each.topic}: {each.error or 'created'}", err=each.error is not None)
    there = len(all_topics(settings)) - len(created)
    click.echo(f"{len(created) - len(failed)} created, {there} already there, {len(failed)} failed")
    return MISMATCH if failed else OK


def show(settings: Settings) -> int:
    """Print one line for each topic of the namespace, missing ones included."""
    found = ask(topics_admin.found_topics(settings))
    rows: list[tuple[str, ...]] = [("topic", "partitions", "copies", "cleanup", "kept", "key", "written by")]
    for planned in all_topics(settings):
        has, topic = found.get(planned.name), planned.topic
        counts = (str(has.partitions), str(has.replication)) if has else ("missing", "")
        rows.append((planned.name, *counts, topic.cleanup, _kept(topic), topic.key, topic.writers))
    for line in aligned(rows):
        click.echo(line)
    return OK


def check(settings: Settings) -> int:
    """Print each difference between the plan and the brokers; 1 if one of them is a mismatch."""
    differences = ask(topics_admin.check(settings))
    for difference in differences:
        click.echo(str(difference))
    wrong = sum(difference.wrong for difference in differences)
    unknown = len(differences) - wrong
    tail = f", {unknown} unknown" if unknown else ""
    verdict = f"{wrong or 'no'} {'mismatch' if wrong == 1 else 'mismatches'}"
    click.echo(f"{len(all_topics(settings))} topics of {settings.namespace}: {verdict}{tail}")
    return MISMATCH if wrong else OK


def ask(question: Coroutine[Any, Any, T]) -> T:
    """Return what the brokers answer."""
    # aiokafka logs every failed attempt, and where it is fenced asyncio logs what it left unread: the outcome is told
    # once, in one line.
    for name in ("aiokafka", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return asyncio.run(question)


def _kept(topic: Topic) -> str:
    if topic.retention_ms is None:
        return "latest"
    days, hours = topic.retention_ms // DAY, topic.retention_ms // HOUR
    return f"{days} d" if days else f"{hours} h"


def aligned(rows: list[tuple[str, ...]]) -> Iterable[str]:
    """Yield a table's lines."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()

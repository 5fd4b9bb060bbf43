"""What `goldstream ranking` reads and prints, and the exit codes it returns."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click

from streams import reading
from streams.engine.records import SourceRecord
from streams.failures import Failure
from streams.namespace import opened
from streams.printable import printable
from streams.ranking.tally import Standing, Tally, TooManyItemsError, as_json
from streams.settings import Settings
from streams.topics import LABELS_LATEST
from streams.topics_commands import OK, aligned, ask


def show(settings: Settings, project: str, question: str | None, *, in_json: bool) -> int:
    """Print the ranking of each question of a project that compares something.

    Raises
    ------
    Failure
        There is nothing to rank, or too much.
    """
    tally = Tally(project)
    ask(_read(settings, tally))
    if tally.unreadable:
        click.echo(
            f"goldstream: {tally.unreadable:,} records of labels.latest are no labels of this release, and left out:"
            " look who has the right to write there",
            err=True,
        )
    try:
        found = tally.standings(question)
    except TooManyItemsError as error:
        raise Failure(f"{error}; name another with --question, or compare fewer") from None
    if not found:
        of = "" if question is None else f" of question {question!r}"
        raise Failure(f"project {project!r}: there are no settled comparisons{of} among the labels; ids are exact")
    if in_json:
        click.echo(json.dumps([as_json(one) for one in found], indent=2))
        return OK
    for number, one in enumerate(found):
        for line in (*([""] if number else []), *_told(one)):
            click.echo(line)
    return OK


async def _read(settings: Settings, tally: Tally) -> None:
    def take(_partition: int, record: SourceRecord) -> None:
        tally.take(record.key, record.value)

    async with opened(settings, "ranking", (LABELS_LATEST.name,)) as there, there.reading() as reader:
        topic = there.full(LABELS_LATEST.name)
        try:
            await reader.read(topic, range(there.partitions[LABELS_LATEST.name]), take)
        except TimeoutError:
            raise Failure(
                f"{topic}: nothing came for {reading.STALL_SECONDS:g} s: a transaction on it stays open; "
                "try again when it has ended (transaction.max.timeout.ms)"
            ) from None


def _told(standing: Standing) -> Iterator[str]:
    ranking = standing.ranking
    yield (
        f"{printable(standing.question)}: {standing.comparisons:,} comparisons of {len(standing.scores):,} items;"
        f" {standing.ties:,} tied, in {standing.both_bad:,} both bad"
    )
    rows: list[tuple[str, ...]] = [("item", "strength", "95% interval", "won", "lost", "tied")]
    for one in ranking.strengths:
        apart = f" (group {one.component + 1})" if ranking.reason else ""
        ends = "" if one.low is None or one.high is None else f"{one.low:+.2f} to {one.high:+.2f}"
        scores = map("{:,}".format, standing.scores[one.item])
        rows.append((printable(one.item) + apart, f"{one.strength:+.2f}" if ends else "", ends, *scores))
    yield from aligned(rows)
    if ranking.reason:
        yield "not every two items can be compared: strengths compare within a group, which comparisons connect"

"""What `goldstream snapshot` reads, writes and prints, and the exit codes it returns."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import click
from aiokafka import TopicPartition

from streams import reading
from streams.engine.records import SourceRecord
from streams.failures import Failure
from streams.moments import moment_of
from streams.namespace import Namespace, opened
from streams.printable import printable, size
from streams.reading import Ends, Take, TopicReader
from streams.settings import Settings, SettingsError
from streams.snapshot import files, manifest
from streams.snapshot.manifest import Bound, Format, Manifest
from streams.snapshot.newest import Newest
from streams.snapshot.rows import SETTLED, Label, Row, left_out, read_label, rows
from streams.topics import LABELS, LABELS_LATEST
from streams.topics_commands import MISMATCH, OK, aligned, ask

NOW = "now"
_UNKNOWN = {
    "lost": "tasks may have had a label then that no topic holds any more (retention.ms of labels): take a later time",
    "unreadable": "records of labels are none of this release: look who has the right to write there",
}
"""What is left out although it may belong in the snapshot."""


@dataclass
class _Counts:
    """What the manifest counts, over all partitions."""

    project: str | None
    statuses: frozenset[str]
    bounds: dict[str, Bound] = field(default_factory=dict)
    from_latest: int = 0
    tasks: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    policies: dict[str, Counter[str]] = field(default_factory=dict)
    guidelines: dict[str, Counter[str]] = field(default_factory=dict)

    def rows(self, newest: Newest) -> Iterator[Row]:
        """Yield the rows of the labels that are wanted, and count all."""
        for value in newest.labels():
            label = read_label(value)
            why = "unreadable" if label is None else left_out(label, self.project, self.statuses)
            if label is None or why is not None:
                self.left_out[why or ""] += 1
                continue
            self._count(label)
            yield from rows(label)

    def _count(self, label: Label) -> None:
        self.tasks[label.status] += 1
        self.policies.setdefault(label.project, Counter())[str(label.policy_version)] += 1
        if label.guidelines_version is not None:
            self.guidelines.setdefault(label.project, Counter())[label.guidelines_version] += 1


def take(
    settings: Settings,
    as_of: str,
    out: Path,
    project: str | None,
    also: tuple[str, ...],
    format: Format,
) -> int:
    """Write the labels as they stood at a time into a new folder; 1 if some of them are not known any more.

    Raises
    ------
    SettingsError
        A flag is wrong, or what writes the format is not installed.
    """
    moment = _moment(as_of)
    _demand_room(out)
    files.demand(format)
    counts = _Counts(project, frozenset({SETTLED, *also}))
    with _new_folder(out) as folder:
        ask(_read(settings, moment, counts, folder))
        made = _manifest(settings, moment, counts, files.merge_parts(folder, format))
        digest = manifest.write(made, folder)
    for line in _told(made):
        click.echo(line)
    click.echo(f"{digest}  {out / manifest.MANIFEST}")
    return _tell_unknown(made)


def _moment(as_of: str) -> int:
    now = time.time()
    moment = int(now * 1000) if as_of == NOW else moment_of(as_of, now, "--as-of")
    if moment > now * 1000:
        raise SettingsError(f"--as-of: must not be in the future, got {as_of[:80]!r}: its labels are not made yet")
    return moment


def _demand_room(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SettingsError(f"--out: must be a new or an empty folder, and {out} is neither")
    if not out.absolute().parent.is_dir():
        raise SettingsError(f"--out: {out.absolute().parent} is no folder: make it first")


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """Give a folder that takes its place at `out` when the block ends well: there is a whole snapshot or none."""
    target = out.absolute()
    folder = target.with_name(f".{target.name}.partial")
    try:
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
        folder.mkdir()
        yield folder
        folder.rename(target)
    except OSError as error:
        raise Failure(f"--out: {error.filename or out}: cannot be written ({error.strerror or error})") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _read(settings: Settings, moment: int, counts: _Counts, folder: Path) -> None:
    async with opened(settings, "snapshot", (LABELS.name, LABELS_LATEST.name)) as there, there.reading() as reader:
        for partition in range(there.partitions[LABELS.name]):
            files.write_part(folder, partition, await _partition(there, reader, partition, moment, counts))


async def _partition(
    there: Namespace, reader: TopicReader, partition: int, moment: int, counts: _Counts
) -> Iterator[Row]:
    place = TopicPartition(there.full(LABELS.name), partition)
    first = (await reader.consumer.beginning_offsets([place]))[place]
    newest = Newest(moment, is_whole=first == 0)

    def of_labels(_partition: int, record: SourceRecord) -> None:
        newest.take(record.key, record.value, record.timestamp, record.offset)

    def of_latest(_partition: int, record: SourceRecord) -> None:
        newest.take_latest(record.key, record.value, record.timestamp)

    await _all(reader, place, of_labels, {partition: first})
    await _all(reader, TopicPartition(there.full(LABELS_LATEST.name), partition), of_latest)
    for lost in newest.close():
        counts.left_out["other_projects" if counts.project not in (None, lost.project) else "lost"] += 1
    counts.bounds[str(partition)] = Bound(first=first, through=newest.through)
    counts.from_latest += newest.from_latest
    counts.left_out.update(erased=newest.erased, unreadable=newest.unreadable)
    return counts.rows(newest)


async def _all(reader: TopicReader, place: TopicPartition, take: Take, since: Ends | None = None) -> None:
    """Read a partition to its end, with what transactions that are open now commit: they hide what is behind them."""
    try:
        await reader.read(place.topic, [place.partition], take, since=since, with_open=True)
    except TimeoutError:
        raise Failure(
            f"{place.topic}: nothing came from partition {place.partition} for {reading.STALL_SECONDS:g} s: a "
            "transaction on it stays open; try again when it has ended (transaction.max.timeout.ms)"
        ) from None


def _manifest(settings: Settings, moment: int, counts: _Counts, file: manifest.File) -> Manifest:
    return Manifest(
        schema_version=manifest.VERSION,
        namespace=settings.namespace,
        as_of=datetime.fromtimestamp(moment / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        project=counts.project,
        statuses=sorted(counts.statuses),
        labels=counts.bounds,
        from_latest=counts.from_latest,
        tasks=_sorted(counts.tasks),
        left_out=_sorted(counts.left_out),
        policy_versions={name: _sorted(counts.policies[name]) for name in sorted(counts.policies)},
        guidelines_versions={name: _sorted(counts.guidelines[name]) for name in sorted(counts.guidelines)},
        file=file,
    )


def _sorted(counter: Counter[str]) -> dict[str, int]:
    return {name: counter[name] for name in sorted(counter) if counter[name]}


def _told(made: Manifest) -> Iterator[str]:
    of = "" if made.project is None else f" of project {printable(made.project)}"
    left = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in made.left_out.items())
    yield from aligned(
        [
            ("labels", f"{_listed(made.tasks)}{of}, as of {made.as_of}"),
            ("left out", left or "none"),
            ("file", f"{made.file.name}, {made.file.rows:,} rows, {size(made.file.bytes)}"),
        ]
    )


def _listed(tasks: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {status}" for status, count in tasks.items()) or "none"


def _tell_unknown(made: Manifest) -> int:
    unknown = [(made.left_out[reason], why) for reason, why in _UNKNOWN.items() if reason in made.left_out]
    for count, why in unknown:
        click.echo(f"goldstream: {count:,} {why}", err=True)
    return MISMATCH if unknown else OK

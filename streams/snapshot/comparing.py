"""`goldstream snapshot diff`: what differs between two snapshots, task by task."""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal, get_args

import click
import msgspec

from streams.printable import fit, plain, printable
from streams.snapshot.files import read_rows
from streams.snapshot.manifest import Manifest, verified
from streams.snapshot.rows import Row
from streams.topics_commands import MISMATCH, OK, aligned

Kind = Literal["added", "removed", "relabelled", "revised"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ID_CELLS, LABEL_CELLS = 40, 60

_COMPARED = ("label", "status", "confidence", "distribution", "votes", "version", "reason", "closed_by")
_Questions = dict[str | None, Row]


class Change(msgspec.Struct, frozen=True):
    """What became of one question of a task.

    Attributes
    ----------
    kind : str
        ``relabelled``: another label; ``revised``: the same one, but another confidence, status or version.
    before, after : Row or None
        None where it was added, or removed.
    """

    kind: Kind
    task_id: str
    question_id: str | None
    before: Row | None
    after: Row | None


def compare(before: Path, after: Path, limit: int, *, json_lines: bool) -> int:
    """Print what differs between the snapshots in two folders; 1 if anything does.

    Raises
    ------
    Unsound
        One of them is not as it was made, or is none.
    """
    manifests = verified(before), verified(after)
    counts: Counter[str] = Counter()
    told: list[Change] = []
    for change in changes(read_rows(before, manifests[0]), read_rows(after, manifests[1])):
        counts[change.kind] += 1
        if json_lines:
            click.echo(_as_json(change))
        elif len(told) < limit:
            told.append(change)
    if json_lines:
        click.echo(json.dumps({kind: counts[kind] for kind in KINDS}))
    else:
        for line in _as_text(manifests, told, counts):
            click.echo(line)
    return MISMATCH if counts else OK


def changes(before: Iterable[Row], after: Iterable[Row]) -> Iterator[Change]:
    """Yield what differs between two snapshots, whose rows are sorted by task; it holds one task of each."""
    for task_id, old, new in _side_by_side(_tasks(before), _tasks(after)):
        for question_id in dict.fromkeys((*old, *new)):
            # A label without answers has one row, without a question: it stands for each of them.
            if question_id is None and len({*old, *new}) > 1:
                continue
            one, other = old.get(question_id, old.get(None)), new.get(question_id, new.get(None))
            kind = _kind(one, other)
            if kind is not None:
                yield Change(kind, task_id, question_id, one, other)


def _kind(before: Row | None, after: Row | None) -> Kind | None:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    if plain(before.label) != plain(after.label):
        return "relabelled"
    # A label is JSON in one format, and text in the other.
    same = all(getattr(before, name) == getattr(after, name) for name in _COMPARED if name != "label")
    return None if same else "revised"


def _tasks(rows: Iterable[Row]) -> Iterator[tuple[str, _Questions]]:
    for task_id, some in groupby(rows, key=lambda row: row.task_id):
        yield task_id, {row.question_id: row for row in some}


def _side_by_side(
    before: Iterator[tuple[str, _Questions]], after: Iterator[tuple[str, _Questions]]
) -> Iterator[tuple[str, _Questions, _Questions]]:
    both = heapq.merge(
        ((task_id, 0, questions) for task_id, questions in before),
        ((task_id, 1, questions) for task_id, questions in after),
        key=itemgetter(0, 1),
    )
    for task_id, some in groupby(both, key=itemgetter(0)):
        sides = {side: questions for _, side, questions in some}
        yield task_id, sides.get(0, {}), sides.get(1, {})


def _as_json(change: Change) -> str:
    body = {
        "change": change.kind,
        "task_id": change.task_id,
        "question_id": change.question_id,
        "before": _side(change.before),
        "after": _side(change.after),
    }
    return json.dumps(body).replace("\x7f", "\\u007f")  # the only control character that JSON lets through


def _side(row: Row | None) -> dict[str, Any] | None:
    return None if row is None else {name: getattr(row, name) for name in _COMPARED}


def _as_text(manifests: tuple[Manifest, Manifest], told: list[Change], counts: Counter[str]) -> Iterator[str]:
    if told:
        rows: list[tuple[str, ...]] = [("change", "task", "question", "from", "to")]
        for change in told:
            ids = (fit(printable(each or ""), ID_CELLS) for each in (change.task_id, change.question_id))
            rows.append((change.kind, *ids, _label(change.before), _label(change.after)))
        yield from aligned(rows)
        yield ""
    for name, manifest in zip("AB", manifests, strict=True):
        labels = ", ".join(f"{count:,} {status}" for status, count in manifest.tasks.items()) or "no labels"
        yield f"{name}  as of {printable(manifest.as_of)}: {labels}"
    for setting in ("namespace", "project", "statuses"):
        one, other = (getattr(manifest, setting) for manifest in manifests)
        if one != other:
            yield f"they were made differently: {setting} {printable(f'{one} and {other}')}"
    total = sum(counts.values())
    if not total:
        yield "no difference"
        return
    shown_only = "" if len(told) == total else f"; above are the first {len(told):,} (--limit)"
    yield f"{', '.join(f'{counts[kind]:,} {kind}' for kind in KINDS)}{shown_only}"


def _label(row: Row | None) -> str:
    if row is None:
        return ""
    name = fit(printable(plain(row.label)), LABEL_CELLS) or row.status
    return name if row.confidence is None else f"{name} ({row.confidence:.2f})"

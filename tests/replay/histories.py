"""Small histories, as values and as files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from streams.replay.history import Answer, Columns, History, read
from streams.replay.labels import Labels, labels_of
from tests.simulator.drawn import drawn_file

COLUMNS = Columns()


def file(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def votes(path: Path, *rows: str) -> Path:
    """Write a CSV file of `rows`, each ``task worker label``."""
    return file(path, "task,worker,label\n" + "".join(f"{row.replace(' ', ',')}\n" for row in rows))


def truths(path: Path, *rows: str) -> Path:
    """Write a CSV file of `rows`, each ``task label``."""
    return file(path, "task,label\n" + "".join(f"{row.replace(' ', ',')}\n" for row in rows))


def history(rows: Iterable[str], truth: Iterable[str] = (), labels: Labels | None = None) -> tuple[History, Labels]:
    """Return a history of `rows`, each ``task worker label``, and its labels."""
    split = (row.split() for row in rows)
    answers = [Answer(line, task, worker, label, None, None) for line, (task, worker, label) in enumerate(split, 2)]
    counts: dict[str, set[str]] = {}
    for answer in answers:
        counts.setdefault(answer.task, set()).add(answer.worker)
    known = dict(row.split() for row in truth)
    found = History(Path("votes.csv"), "votes", COLUMNS, answers, {task: len(by) for task, by in counts.items()}, known)
    return found, labels or labels_of(found, None, None)


def simulated(folder: Path, preset: str, seed: int = 0, **changed: int) -> tuple[History, Labels]:
    """Return a simulated campaign as a replay reads it."""
    found = read(drawn_file(folder, preset, seed, **changed), COLUMNS, None)
    return found, labels_of(found, None, None)

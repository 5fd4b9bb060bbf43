"""Annotation files: three formats, and what is told of a file that cannot be used."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from streams.failures import Failure
from streams.replay.files import FileError
from streams.replay.history import Columns, History, read
from streams.replay.labels import Labels, labels_of
from tests.replay.histories import COLUMNS, file, truths, votes

ROWS: list[dict[str, Any]] = [
    {"task": "t1", "worker": "ann", "label": "duck", "time_spent_s": 4.5, "timestamp": "2026-03-01T10:00:00Z"},
    {"task": "t2", "worker": "bob", "label": "swan", "time_spent_s": None, "timestamp": None},
]


def as_csv(path: Path) -> Path:
    lines = [",".join(ROWS[0])] + [
        ",".join("" if value is None else str(value) for value in row.values()) for row in ROWS
    ]
    return file(path / "a.csv", "\n".join(lines))


def as_jsonl(path: Path) -> Path:
    return file(path / "a.jsonl", "\n".join(map(json.dumps, ROWS)))


def as_parquet(path: Path) -> Path:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.Table.from_pylist(ROWS), path / "a.parquet")
    return path / "a.parquet"


@pytest.mark.parametrize("write", [as_csv, as_jsonl, as_parquet])
def test_each_format_gives_the_same_history(tmp_path: Path, write: object) -> None:
    assert callable(write)
    answers = read(write(tmp_path), COLUMNS, None).answers
    assert [answer[1:] for answer in answers] == [
        ("t1", "ann", "duck", 4.5, 1_772_359_200_000),
        ("t2", "bob", "swan", None, None),
    ]


def test_numbers_are_labels_by_their_text_and_in_the_order_of_their_values(tmp_path: Path) -> None:
    rows = [{"task": n, "worker": 7, "label": label} for n, label in enumerate([10, 9.0, "9", -1, True])]
    found = read(file(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows))), COLUMNS, None)
    assert [answer.label for answer in found.answers] == ["10", "9", "9", "-1", "true"]
    assert labels_of(read(votes(tmp_path / "b.csv", "t a 10", "t b 9", "t c -1"), COLUMNS, None), None, None).names == (
        *("-1", "9", "10"),
    )


def test_columns_are_mapped(tmp_path: Path) -> None:
    path = file(tmp_path / "a.csv", "item,who,said,ms\nt1,ann,duck,3\n")
    found = read(path, Columns("item", "who", "said", "ms", None), None).answers
    assert found[0][1:] == ("t1", "ann", "duck", 3.0, None)


def test_the_truth_is_taken_from_beside_the_file_or_from_where_it_is_named(tmp_path: Path) -> None:
    path = votes(tmp_path / "annotations.csv", "t1 ann duck", "t2 ann swan")
    assert read(path, COLUMNS, None).truth == {}
    truths(tmp_path / "truth.csv", "t1 duck", "t9 duck")
    named = truths(tmp_path / "other.csv", "t2 swan")
    assert read(path, COLUMNS, None).truth == {"t1": "duck"}
    assert read(path, COLUMNS, named).truth == {"t2": "swan"}


def test_a_history_is_named_by_its_folder_or_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "birds"
    folder.mkdir()
    assert read(votes(folder / "annotations.csv", "t a x"), COLUMNS, None).name == "birds"
    assert read(votes(folder / "week-1.csv", "t a x"), COLUMNS, None).name == "week-1"


def test_workers_are_counted_once_a_task(tmp_path: Path) -> None:
    assert read(votes(tmp_path / "a.csv", "t a x", "t a y", "t b x", "u a x"), COLUMNS, None).votes == {"t": 2, "u": 1}


ID, LABEL = "expected an id of 1 to 200 characters, none a control character", "expected a label of 1 to 200 characters"
HEAD = "task,worker,label,time_spent_s,timestamp\n"
SECONDS = "column 'time_spent_s': expected seconds, 0 to 604800, got"
MOMENT = "expected a time in ISO 8601, such as 2026-03-01T10:00:00Z, or in seconds since 1970"
WRONG = {
    "a.txt": ("", ": expected a name that ends in .csv, .jsonl, .ndjson, .parquet"),
    "empty.csv": ("", ": is empty, expected rows with the columns task, worker, label"),
    "head.csv": (HEAD, ": has no annotations, only its first line"),
    "column.csv": (
        "item,worker,label\nt,a,x\n",
        ":1: column 'task': is missing, there are item, worker, label; name the right one with --task-column",
    ),
    "count.csv": (f"{HEAD}t,a,x,1,\nt,a\n", ":3: expected 5 values, got 2"),
    "quote.csv": (f'{HEAD}t,"a"b,x,1,\n', ":2: expected CSV: ',' expected after '\"'"),
    "id.csv": (f"{HEAD}t,,x,1,\n", f":2: column 'worker': {ID}"),
    "id.jsonl": ('{"task": "a\\u0007", "worker": 2, "label": 3}\n', f":1: column 'task': {ID}"),
    "label.csv": (f"{HEAD}t,a,x,,\nt,b,,,\n", f":3: column 'label': {LABEL}"),
    "label.jsonl": ('{"task": 1, "worker": 2, "label": {}}\n', f":1: column 'label': {LABEL}"),
    "time.csv": (f"{HEAD}t,a,x,soon,\n", f":2: {SECONDS} 'soon'"),
    "minus.csv": (f"{HEAD}t,a,x,-1,\n", f":2: {SECONDS} '-1'"),
    "nan.csv": (f"{HEAD}t,a,x,nan,\n", f":2: {SECONDS} 'nan'"),
    "when.csv": (f"{HEAD}t,a,x,1,noon\n", f":2: column 'timestamp': {MOMENT}, got 'noon'"),
    "column.jsonl": (
        '{"task": 1}\n[]\n',
        ":1: column 'worker': is missing, there are task; name the right one with --worker-column",
    ),
    "object.jsonl": ('{"task": 1, "worker": 2, "label": 3}\n\n[]\n', ":3: expected a JSON object on a line of its own"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_read_names_file_line_and_column(tmp_path: Path, name: str) -> None:
    text, line = WRONG[name]
    with pytest.raises(FileError) as failure:
        read(file(tmp_path / name, text), COLUMNS, None)
    assert failure.value.lines == (f"{tmp_path / name}{line}",)


def test_what_is_no_text_and_no_parquet_is_told(tmp_path: Path) -> None:
    for name, expected in (("a.csv", "expected UTF-8"), ("a.parquet", "expected Parquet")):
        (tmp_path / name).write_bytes(b"task,worker,label\n\xff\xfe,a,b\n")
        with pytest.raises(FileError, match=expected):
            read(tmp_path / name, COLUMNS, None)


def test_parquet_is_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(Failure, match=r"needs the extra parquet: pip install 'goldstream\[parquet\]'"):
        read(file(tmp_path / "a.parquet", ""), COLUMNS, None)


def test_a_truth_of_other_tasks_is_refused(tmp_path: Path) -> None:
    path, truth = votes(tmp_path / "a.csv", "t1 ann duck"), truths(tmp_path / "b.csv", "t2 swan")
    with pytest.raises(FileError, match=r"b.csv: names none of the 1 tasks in "):
        read(path, COLUMNS, truth)


@pytest.fixture
def found(tmp_path: Path) -> History:
    return read(votes(tmp_path / "a.csv", "t a low", "t b high", "u a mid"), COLUMNS, None)


def test_classes_may_be_named(found: History) -> None:
    assert labels_of(found, None, None).names == ("high", "low", "mid")
    assert labels_of(found, ("low", "mid", "high", "none"), None).names == ("low", "mid", "high", "none")
    with pytest.raises(FileError, match=r"a.csv:4: column 'label': expected one of low, high \(--classes\), got 'mid'"):
        labels_of(found, ("low", "high"), None)


def test_a_scale_has_steps_by_name_or_by_number(found: History, tmp_path: Path) -> None:
    scale = labels_of(found, None, ("low", "mid", "high"))
    assert scale.space == {"type": "likert_scale", "min": 0, "max": 2}
    assert [scale.answer(name) for name in scale.names] == [0, 1, 2]
    rated = labels_of(read(votes(tmp_path / "b.csv", "t a 3"), COLUMNS, None), None, ("2", "3", "4"))
    assert rated.space == {"type": "likert_scale", "min": 2, "max": 4}
    assert [rated.place(step) for step in (2, "3", 4.0, 5, 2.5, None)] == [0, 1, 2, None, None, None]


def test_too_many_labels_are_refused(tmp_path: Path) -> None:
    many = read(votes(tmp_path / "b.csv", *(f"t w{n} {n}" for n in range(51))), COLUMNS, None)
    with pytest.raises(FileError, match=r"b.csv: column 'label': expected 2 to 50 different labels, got 51; name the"):
        labels_of(many, None, None)


def test_a_classs_place_is_its_name() -> None:
    assert [Labels(("a", "1")).place(answer) for answer in ("a", "1", 1, None, "b")] == [0, 1, None, None, None]

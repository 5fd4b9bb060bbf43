"""Snapshots as files: read as they were written, held against their hashes, and compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import cli
from streams.printable import plain
from streams.snapshot.comparing import KINDS, changes
from streams.snapshot.files import read_rows
from streams.snapshot.manifest import MANIFEST, Format, Unsound, verified
from streams.snapshot.rows import Row
from tests.snapshot.made import label, rows_of, write

ANSWERS = st.fixed_dictionaries(
    {"label": st.sampled_from(["cat", "dog", 4, None]), "confidence": st.sampled_from([0.5, 1.0])}
)
LABELS = st.dictionaries(
    st.sampled_from(["t1", "t2", "t3", "ü"]),
    st.dictionaries(st.sampled_from("qr"), ANSWERS, max_size=2).map(lambda answers: {"answers": answers}),
)


def rows_by_task(labels: dict[str, dict[str, Any]]) -> list[Row]:
    return [row for task_id in sorted(labels) for row in rows_of(label(task_id, **labels[task_id]))]


def meaning(rows: list[Row]) -> dict[tuple[str, str | None], tuple[Any, ...]]:
    return {(row.task_id, row.question_id): (plain(row.label), row.confidence) for row in rows}


@given(LABELS)
def test_a_snapshot_does_not_differ_from_itself(labels: dict[str, Any]) -> None:
    assert list(changes(rows_by_task(labels), rows_by_task(labels))) == []


@given(LABELS, LABELS)
def test_a_difference_applied_to_the_one_gives_the_other(one: dict[str, Any], other: dict[str, Any]) -> None:
    before, after = rows_by_task(one), rows_by_task(other)
    patched = {(row.task_id, row.question_id): row for row in before}
    for change in changes(before, after):
        if change.before is not None:
            patched.pop((change.task_id, change.before.question_id), None)
        if change.after is not None:
            patched[change.task_id, change.after.question_id] = change.after
    assert meaning(list(patched.values())) == meaning(after)


@given(LABELS, LABELS)
def test_the_way_back_is_the_way_there_reversed(one: dict[str, Any], other: dict[str, Any]) -> None:
    back = {"added": "removed", "removed": "added"}
    there = [
        (change.task_id, change.question_id, change.kind) for change in changes(rows_by_task(one), rows_by_task(other))
    ]
    returned = [
        (change.task_id, change.question_id, change.kind) for change in changes(rows_by_task(other), rows_by_task(one))
    ]
    assert sorted(there, key=str) == sorted(
        ((task_id, question_id, back.get(kind, kind)) for task_id, question_id, kind in returned), key=str
    )


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_what_is_read_is_what_was_written_sorted_by_task(tmp_path: Path, format: Format) -> None:
    bodies = [label("b"), label("a", answers={}), label("ü"), label("z", answers={"q": {"label": [{"start": 1}]}})]
    parts = [
        rows_by_task({"b": {}, "z": {"answers": bodies[3]["answers"]}}),
        rows_by_task({"a": {"answers": {}}, "ü": {}}),
    ]
    made = write(tmp_path / "one", parts, format)
    write(tmp_path / "two", reversed(parts), format)
    found = list(read_rows(tmp_path / "one", verified(tmp_path / "one")))
    assert [row.task_id for row in found] == ["a", "b", "z", "ü"]
    assert meaning(found) == meaning([row for body in bodies for row in rows_of(body)])
    assert made.file.rows == 4
    names = {path.name for path in (tmp_path / "one").iterdir()}
    assert names == {MANIFEST, f"labels.{format}"}
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_parquet_has_types_that_others_read(tmp_path: Path) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - only this test reads as others do

    write(tmp_path / "one", [rows_by_task({"t": {}, "u": {"answers": {"q": {"label": 4}}}})], "parquet")
    (first, second) = pq.read_table(tmp_path / "one" / "labels.parquet").to_pylist()
    assert first["label"] == "cat"
    assert dict(first["distribution"]) == {"cat": 0.9, "dog": 0.1}
    assert first["details"] == '{"tie":0.0}'
    assert first["at"].isoformat() == "2026-03-01T10:00:00+00:00"
    assert second["label"] == "4"


def test_the_formats_do_not_differ(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = rows_by_task({"t": {}, "u": {"answers": {"q": {"label": {"b": [1], "a": None}}}}})
    write(tmp_path / "a", [rows])
    write(tmp_path / "b", [rows], "parquet")
    assert cli.run(["snapshot", "diff", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "no difference"


def test_a_difference_is_shown_with_counts_and_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dog = {"q": {"label": "dog", "confidence": 0.8}}
    surer = {"q": {**label("t")["answers"]["q"], "confidence": 0.95}}
    write(tmp_path / "a", [rows_by_task({"t1": {}, "t2": {}, "t3": {}, "t5\x1b": {}})])
    write(tmp_path / "b", [rows_by_task({"t1": {}, "t2": {"answers": dog}, "t3": {"answers": surer}, "t4": {}})])
    diff = ["snapshot", "diff", str(tmp_path / "a"), str(tmp_path / "b")]
    assert cli.run(diff) == 1
    told = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert told[1:5] == [
        ["relabelled", "t2", "q", "cat", "(0.90)", "dog", "(0.80)"],
        ["revised", "t3", "q", "cat", "(0.90)", "cat", "(0.95)"],
        ["added", "t4", "q", "cat", "(0.90)"],
        ["removed", "t5\\x1b", "q", "cat", "(0.90)"],
    ]
    assert told[-1] == ["1", "added,", "1", "removed,", "1", "relabelled,", "1", "revised"]
    assert cli.run([*diff, "--limit", "0"]) == 1
    assert capsys.readouterr().out.splitlines()[-1].endswith("above are the first 0 (--limit)")
    assert cli.run([*diff, "--json"]) == 1
    *lines, counts = map(json.loads, capsys.readouterr().out.splitlines())
    assert [line["change"] for line in lines] == ["relabelled", "revised", "added", "removed"]
    assert (lines[0]["before"]["label"], lines[0]["after"]["label"]) == ("cat", "dog")
    assert (lines[2]["before"], lines[3]["after"]) == (None, None)
    assert counts == dict.fromkeys(KINDS, 1)


def test_what_was_changed_or_is_none_is_refused_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = write(tmp_path / "a", [rows_by_task({"t1": {}})])
    file = tmp_path / "a" / made.file.name
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b"cat", b"dog"))
    assert cli.run(["snapshot", "diff", str(tmp_path / "a"), str(tmp_path / "a")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        f"goldstream: {file}: has another sha256 than its manifest says: it was changed, make the snapshot again\n"
    )
    file.unlink()
    with pytest.raises(Unsound, match="the snapshot is not whole"):
        verified(tmp_path / "a")
    manifest = tmp_path / "a" / MANIFEST
    raw = manifest.read_text()
    for old, new, why in (
        ('"schema_version": 1', '"schema_version": 2', "made by another release"),
        ('"labels.jsonl"', '"../a/labels.jsonl"', "expected the name of a file beside it"),
        ("{", "[", "is no manifest of this release"),
    ):
        manifest.write_text(raw.replace(old, new, 1))
        with pytest.raises(Unsound, match=why):
            verified(tmp_path / "a")
    with pytest.raises(Unsound, match="cannot be read"):
        verified(tmp_path / "nowhere")


def test_without_pyarrow_the_extra_is_named_before_anything_connects(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    out = tmp_path / "out"
    assert cli.run(["snapshot", "--as-of", "2026-01-01", "--out", str(out), "--format", "parquet"]) == 2
    assert "pip install 'goldstream[parquet]'" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--as-of", "tomorrow", "--out", "new"), "--as-of: must be a while ago such as 90s"),
        (("--as-of", "2999-01-01", "--out", "new"), "--as-of: must not be in the future"),
        (("--as-of", "now", "--out", "."), "--out: must be a new or an empty folder"),
        (("--as-of", "now", "--out", "no/where"), "is no folder: make it first"),
    ],
)
def test_wrong_flags_are_one_line_and_exit_code_2(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    flags: tuple[str, ...],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "something").touch()
    assert cli.run(["snapshot", *flags]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line

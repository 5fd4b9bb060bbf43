"""The exported JSON Schema is current, and `python -m schemas` says so, or what is not."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from schemas import CONTRACTS, export
from schemas.__main__ import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh export."""
    export.write(tmp_path)
    monkeypatch.setattr(export, "FOLDER", tmp_path)
    return tmp_path


def test_what_is_committed_is_current() -> None:
    assert export.stale(export.FOLDER) == []


def test_the_text_depends_on_the_contracts_alone() -> None:
    files = export.expected()
    assert files == export.expected()
    assert set(files) == {f"{topic}.json" for topic in CONTRACTS}
    for text in files.values():
        schema = json.loads(text)
        Draft202012Validator.check_schema(schema)
        assert text == json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_missing_changed_and_left_over_files_are_stale(folder: Path) -> None:
    (folder / "gold.json").unlink()
    (folder / "tasks.json").write_text("{}")
    (folder / "reviews.json").write_text("{}")
    names = ["gold.json", "reviews.json", "tasks.json"]
    assert export.stale(folder) == names
    assert export.write(folder) == names
    assert export.stale(folder) == []
    assert export.write(folder) == []


def test_check_names_the_stale_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["schemas", "--check"])
    assert main() == 0
    (folder / "gold.json").write_text("{}")
    assert main() == 1
    assert capsys.readouterr().err == f"{folder / 'gold.json'} is stale: run python -m schemas\n"
    assert (folder / "gold.json").read_text() == "{}"


def test_without_check_they_are_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["schemas"])
    (folder / "gold.json").unlink()
    assert main() == 0
    assert capsys.readouterr().out == f"wrote {folder / 'gold.json'}\n"
    assert export.stale(folder) == []

"""JSON Schema of the contracts, for those who do not write Python."""

from __future__ import annotations

import json
from pathlib import Path

from schemas import CONTRACTS

FOLDER = Path(__file__).parent / "json"


def expected() -> dict[str, str]:
    """Return the text of every exported file by its name; equal contracts give equal bytes."""
    return {f"{topic}.json": _text(topic) for topic in sorted(CONTRACTS)}


def stale(folder: Path) -> list[str]:
    """Return the names of the files that are missing, differ from the contracts, or belong to none."""
    files = expected()
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*")}
    return sorted(name for name in files.keys() | there.keys() if files.get(name) != there.get(name))


def write(folder: Path) -> list[str]:
    """Bring `folder` up to date and return the names of the files that changed."""
    files, changed = expected(), stale(folder)
    folder.mkdir(exist_ok=True)
    for name in changed:
        if name in files:
            (folder / name).write_text(files[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return changed


def _text(topic: str) -> str:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **CONTRACTS[topic].model_json_schema(),
    }
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

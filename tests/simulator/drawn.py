"""Simulated campaigns of any size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from streams.simulator.campaigns import PRESETS
from streams.simulator.command import write
from streams.simulator.drawing import Drawn, draw


def drawn(preset: str, seed: int = 0, **changed: Any) -> Drawn:
    return draw(replace(PRESETS[preset], **changed), seed)


def drawn_file(folder: Path, preset: str, seed: int = 0, **changed: Any) -> Path:
    """Write a campaign into `folder`; return the file of its annotations."""
    write(folder, drawn(preset, seed, **changed))
    return folder / "annotations.csv"

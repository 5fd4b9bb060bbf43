"""Public annotation sets, where they stand beside the project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

DATASETS = Path(__file__).parents[3] / "shared" / "datasets"


@pytest.fixture(scope="session")
def dataset() -> Callable[[str], Path]:
    """A function from a set's name to the file of its annotations."""

    def find(name: str) -> Path:
        path = DATASETS / name / "annotations.csv"
        if not path.is_file():
            pytest.skip(f"the public annotation set {name} is not there: expected it at ../shared/datasets/{name}")
        return path

    return find

"""What several tests of the benchmarks need."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.contestants import Goldstream


@pytest.fixture
def worker(tmp_path: Path) -> Goldstream:
    """A worker that is not started."""
    return Goldstream({"namespace": "nobody"}, tmp_path, "nobody")

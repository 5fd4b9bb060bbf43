"""Quix Streams' own environment: its dependencies and this project's exclude one another."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
APP = HERE / "quix_app.py"
REQUIREMENTS = HERE / "quix_requirements.txt"
CACHE = HERE.parents[1] / ".cache" / "quix"
INSTALL_SECONDS = 600


def python(cache: Path = CACHE) -> Path:
    """Return the environment's interpreter; installed when `quix_requirements.txt` is new to this cache.

    Safe to be called by several processes at once.

    Raises
    ------
    RuntimeError
        It could not be installed; the message ends with pip's last lines.
    """
    named = hashlib.sha256(f"{sys.version}\n{REQUIREMENTS.read_text()}".encode()).hexdigest()[:16]
    folder = cache / named
    done = folder / "complete"
    if not done.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                _install(folder)
                # An environment does not survive being renamed, so this says that it is whole.
                done.touch()
    return folder / "bin" / "python"


def _install(folder: Path) -> None:
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [
            *(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--only-binary", ":all:", "--requirement", str(REQUIREMENTS)),
        ],
    ):
        with tempfile.TemporaryFile("w+") as said:
            code = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, timeout=INSTALL_SECONDS, check=False
            ).returncode
            if code != 0:
                said.seek(0)
                last = "\n".join(said.read().splitlines()[-15:])
                raise RuntimeError(f"Quix Streams could not be installed (exit code {code}):\n{last}")

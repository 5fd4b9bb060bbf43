"""What a broker is made of: a Java that is new enough, and Kafka's jars, fetched once and kept."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).parent
POM = HERE / "pom.xml"
CACHE = HERE.parents[1] / ".cache" / "kafka"
OLDEST_JAVA = 17
FETCH_SECONDS = 900


class Missing(RuntimeError):
    """The machine lacks something a broker needs; the message says what to install."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"a Kafka broker needs Java {OLDEST_JAVA} or newer, and Maven to fetch it: {found}. "
            f"On Debian: apt-get install default-jdk-headless maven"
        )


def java() -> str:
    """Return the path of a `java` that can run Kafka: the one of JAVA_HOME, else the first on the path.

    Raises
    ------
    Missing
        There is none, it does not run, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    if found is None:
        raise Missing(f"JAVA_HOME is {home}, which holds no bin/java" if home else "java was not found")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    if version is None:
        raise Missing(f"{found} does not tell its version")
    if int(version[1]) < OLDEST_JAVA:
        raise Missing(f"{found} is Java {version[1]}")
    return found


def jars(cache: Path = CACHE) -> Path:
    """Return the folder with Kafka's jars; see `built` for what is raised."""
    return built(POM, [POM], lambda folder: ("dependency:copy-dependencies", f"-DoutputDirectory={folder}"), cache)


def built(pom: Path, sources: Sequence[Path], goals: Callable[[Path], Sequence[str]], cache: Path) -> Path:
    """Return a folder that Maven filled; filled now when the contents of `sources` are new to `cache`.

    Safe to be called by several processes at once.

    Parameters
    ----------
    goals : callable
        The folder to what Maven is told.

    Raises
    ------
    Missing
        The folder is not here yet, and there is no Maven.
    RuntimeError
        Maven failed; the message ends with its last lines.
    """
    content = b"".join(source.read_bytes() for source in sources)
    folder = cache / hashlib.sha256(content).hexdigest()[:16]
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise Missing("mvn was not found")
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _fill(folder, [maven, "-q", "-B", "-f", str(pom)], goals)
    return folder


def _fill(folder: Path, maven: Sequence[str], goals: Callable[[Path], Sequence[str]]) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        whole = Path(scratch) / "whole"
        done = subprocess.run(
            [*maven, *goals(whole)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=FETCH_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            last = "\n".join(done.stdout.splitlines()[-15:])
            raise RuntimeError(f"Maven failed (exit code {done.returncode}):\n{last}")
        # Renamed when complete, so that a folder that is there is whole.
        whole.rename(folder)

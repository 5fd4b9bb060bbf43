"""The reference job on Kafka Streams, in Java; Maven compiles it into the cache on first use."""

from __future__ import annotations

from pathlib import Path

from tests.kafka import distribution

HERE = Path(__file__).parent
POM = HERE / "pom.xml"
SOURCE = HERE / "src" / "main" / "java" / "LabelTasks.java"
CACHE = HERE.parents[2] / ".cache" / "kafka-streams"


def command(*options: str) -> list[str]:
    """Return what starts it; `options` are the Java machine's.

    Raises
    ------
    tests.kafka.distribution.Missing, RuntimeError
        It is not built yet, and cannot be.
    """
    folder = distribution.built(POM, [POM, SOURCE], _goals, CACHE)
    return [distribution.java(), *options, "-cp", f"{folder / 'classes'}:{folder / 'jars'}/*", "LabelTasks"]


def _goals(folder: Path) -> list[str]:
    return ["compile", "dependency:copy-dependencies", f"-Dfolder={folder}", f"-DoutputDirectory={folder / 'jars'}"]

"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

from benchmarks.peers import kafka_streams, quix
from tests.kafka import distribution


def describe() -> dict[str, str]:
    """Return the machine and the versions of what ran on it, in words."""
    return {
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "load before": f"{os.getloadavg()[0]:.2f}",
        "python": platform.python_version(),
        "java": _java(),
        "kafka": _pom_version(distribution.POM, "kafka_[^<]*"),
        "kafka streams": _pom_version(kafka_streams.POM, "kafka-streams"),
        "quix streams": _quix(),
        "faust-streaming": version("faust-streaming"),
        "aiokafka": version("aiokafka"),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _java() -> str:
    said = subprocess.run([distribution.java(), "-version"], capture_output=True, text=True, check=False).stderr
    return said.partition("\n")[0].strip()


def _pom_version(pom: Path, artifact: str) -> str:
    """Return the version of the first dependency whose artifact this pattern matches."""
    found = re.search(rf"<artifactId>{artifact}</artifactId>\s*<version>([^<]+)<", pom.read_text())
    return found[1] if found else "unknown"


def _quix() -> str:
    found = re.search(r"^quixstreams==(.+)$", quix.REQUIREMENTS.read_text(), re.MULTILINE)
    return found[1] if found else "unknown"

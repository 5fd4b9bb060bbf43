"""What the figures were measured on."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

from tests.kafka import distribution


def describe() -> dict[str, str]:
    """Return the machine and the versions of what ran on it, in words."""
    return {
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "load before": f"{os.getloadavg()[0]:.2f}",
        "python": platform.python_version(),
        "kafka": _kafka(),
        "faust-streaming": f"{version('faust-streaming')}, tuned {_json()}",
        "aiokafka": version("aiokafka"),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _kafka() -> str:
    found = re.search(r"<artifactId>kafka_[^<]*</artifactId>\s*<version>([^<]+)<", distribution.POM.read_text())
    return found[1] if found else "unknown"


def _json() -> str:
    return "with orjson" if importlib.util.find_spec("orjson") else "without orjson, which is not installed"

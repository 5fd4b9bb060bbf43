"""The README's examples do what it says they do."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

from tests.kafka.cluster import make_topics, settings_for, until, workers

README = Path(__file__).parents[2] / "README.md"


def examples(bootstrap: str, namespace: str) -> list[str]:
    """Return the README's Python blocks, pointed at the test's broker and namespace."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [block.replace("127.0.0.1:9092", bootstrap).replace('"goldstream.', f'"{namespace}.') for block in blocks]


def test_the_part_before_the_reference_fits_two_screens() -> None:
    assert README.read_text(encoding="utf-8").split("# Reference")[0].count("\n") <= 120


async def test_the_producer_and_the_consumer_work_as_printed(bootstrap: str, namespace: str, tmp_path: Path) -> None:
    settings = settings_for(bootstrap, namespace)
    await make_topics(settings)
    producer, consumer = examples(bootstrap, namespace)
    with workers(settings, tmp_path, 1) as (worker,):
        await until(worker.is_ready, seconds=60, what="ready")
        done = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", producer], timeout=60, check=False)
        assert done.returncode == 0
        reading = await asyncio.create_subprocess_exec(sys.executable, "-uc", consumer, stdout=subprocess.PIPE)
        assert reading.stdout is not None
        try:
            line = await asyncio.wait_for(reading.stdout.readline(), 60)
        finally:
            reading.kill()
            await reading.wait()
    said = re.search(r"It prints `(.+?)`", README.read_text(encoding="utf-8"))
    assert said is not None
    assert line.decode().strip() == said[1]

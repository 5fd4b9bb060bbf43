"""``python -m benchmarks``: start a broker, measure, print a table, leave `benchmarks/results/latest.json`.

Exit code 0 when every figure stands and every aim is met, 1 when not, 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks import machine, workload
from benchmarks.display import Display
from benchmarks.report import Results
from benchmarks.restoring import restore
from benchmarks.throughput import Backlog, Round, faust_peer, goldstream
from tests.kafka.broker import Broker

RESULTS = Path(__file__).parent / "results" / "latest.json"
PEER_BLOCKS = 7
"""A round of a Faust app has at most so many blocks, 21,000 annotations: at saturation a rate does not need more."""


def _options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure goldstream beside an idiomatic Faust app, and beside the same app tuned, "
        "on an Apache Kafka broker of its own.",
    )
    parser.add_argument("--annotations", type=int, help="backlog of a round for goldstream (default: 120000)")
    parser.add_argument("--rounds", type=int, help="rounds of each, alternated (default: 3)")
    parser.add_argument(
        "--quick", action="store_true", help="one small round and 20,000 open tasks: shows that it works"
    )
    options = parser.parse_args(arguments)
    if options.annotations is None:
        options.annotations = 30_000 if options.quick else 120_000
    if options.rounds is None:
        options.rounds = 1 if options.quick else 3
    options.peer_blocks = 2 if options.quick else PEER_BLOCKS
    options.open_tasks = 20_000 if options.quick else 200_000
    least = workload.BLOCK * workload.VOTES
    if options.annotations < least or options.rounds < 1:
        parser.error(f"--annotations must be at least {least}, --rounds at least 1")
    return options


async def _measure(options: argparse.Namespace, folder: Path, broker: Broker, display: Display) -> Results:
    description = machine.describe()
    blocks = options.annotations // (workload.BLOCK * workload.VOTES)
    annotations = list(workload.votes(blocks * workload.BLOCK))
    ours = Backlog.of(blocks * workload.BLOCK, annotations)
    theirs = Backlog.of(min(blocks, options.peer_blocks) * workload.BLOCK, annotations)
    # What a Java machine has not run yet is slow: no contestant shall be the one who warms the broker.
    small = Backlog.of(workload.BLOCK, annotations)
    await goldstream(broker, folder, 0, small, display)
    await faust_peer(broker, folder, 0, small, display, tuned=False)
    await faust_peer(broker, folder, 0, small, display, tuned=True)
    fast: list[Round] = []
    plain: list[Round] = []
    tuned: list[Round] = []
    for number in range(1, options.rounds + 1):
        fast.append(await goldstream(broker, folder, number, ours, display))
        plain.append(await faust_peer(broker, folder, number, theirs, display, tuned=False))
        tuned.append(await faust_peer(broker, folder, number, theirs, display, tuned=True))
    restored = await restore(broker.bootstrap, folder, options.open_tasks, display)
    return Results(description, fast, plain, tuned, restored)


def main() -> int:
    """Run the benchmarks; return the exit code."""
    options = _options()
    console = Console()
    display = Display(console)
    # Clients try again while topics get their leaders; what does not work in the end is raised.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        with tempfile.TemporaryDirectory(prefix="goldstream-benchmarks-") as folder, display.running():
            with display.step("starting Kafka", None):
                broker = Broker(heap_mb=1024)
                broker.start()
            try:
                results = asyncio.run(_measure(options, Path(folder), broker, display))
            finally:
                broker.close()
    except KeyboardInterrupt:
        return 130
    except RuntimeError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results.as_json(), indent=2) + "\n")
    display.note(f"\n{results.markdown()}\n")
    shortfalls = results.shortfalls()
    for line in shortfalls or ["Every figure stands and every aim is met."]:
        display.note(line)
    return 1 if shortfalls else 0


if __name__ == "__main__":
    sys.exit(main())

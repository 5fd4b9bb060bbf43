"""``python -m benchmarks``: start a broker, measure, print tables; all of it leaves `benchmarks/results/latest.json`.

Exit code 0 when every figure stands, 1 when one is void or nothing could be measured, 2 for wrong usage. A missed aim
is said, and is no failure.
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

from benchmarks import machine, plots
from benchmarks.display import Display
from benchmarks.parts import PARTS, Bench, Part
from benchmarks.report import Aim, Failed, Findings, Results, void
from tests.kafka.broker import Broker

RESULTS = Path(__file__).parent / "results" / "latest.json"


def _options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure goldstream beside Faust, Quix Streams, Kafka Streams and aiokafka by hand, "
        "on an Apache Kafka broker of its own.",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="everything once and small, in five minutes; leaves the results file as it is",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=[part.name for part in PARTS],
        help="measure this part alone (may be given again), and leave the results file as it is",
    )
    return parser.parse_args(arguments)


async def _measure(parts: Sequence[Part], bench: Bench) -> Results:
    description = machine.describe()
    findings: dict[str, Findings] = {}
    aims: list[Aim] = []
    with bench.display.step("parts", len(parts)) as advance:
        for part in parts:
            try:
                findings[part.name], about = await part.measure(bench)
                aims += about
            except Exception as error:  # noqa: BLE001 - whatever ails one part, the others are measured
                findings[part.name] = Failed(part.name, str(error) or type(error).__name__)
                bench.display.note(f"{part.name}: {void(findings[part.name].faults)}")
            advance(1)
    return Results(description, bench.quick, findings, aims)


def main() -> int:
    """Run the benchmarks; return the exit code."""
    options = _options()
    parts = [part for part in PARTS if options.only is None or part.name in options.only]
    display = Display(Console())
    # Clients try again while topics get their leaders; what does not work in the end is raised.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        with tempfile.TemporaryDirectory(prefix="goldstream-benchmarks-") as folder, display.running():
            with display.step("starting Kafka", None):
                broker = Broker(heap_mb=1024)
                broker.start()
            try:
                results = asyncio.run(_measure(parts, Bench(broker, Path(folder), display, options.quick)))
            finally:
                broker.close()
    except KeyboardInterrupt:
        return 130
    except RuntimeError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    if options.only is None and not options.quick:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results.as_json(), indent=2) + "\n")
        plots.write(RESULTS.parent, results.findings.values())
    display.note(f"\n{results.markdown()}\n")
    for line in results.verdict():
        display.note(line)
    return 1 if results.faults else 0


if __name__ == "__main__":
    sys.exit(main())

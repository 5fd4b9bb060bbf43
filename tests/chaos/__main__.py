"""Break a real group on purpose, then tell in one line whether anything was lost, doubled or changed.

``python -m tests.chaos --kills 30 --seed 7``. The same seed draws the same faults. Exit code 0 when every promise was
kept, 1 when one was broken or nothing could be started, 130 for Ctrl-C.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.display import Display
from streams.loops import LoopPolicy
from tests.chaos.run import RATE, Report, play
from tests.chaos.schedule import KINDS, Fault, draw

INTERRUPTED = 130


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=30, help="how many faults (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="draws the faults and the campaign (default: %(default)s)")
    parser.add_argument("--only", action="append", choices=KINDS, help="no other kinds of faults (may be given again)")
    parser.add_argument("--rate", type=int, default=RATE, help="annotations a second (default: %(default)s)")
    return parser.parse_args()


async def _play(schedule: Sequence[Fault], options: argparse.Namespace, folder: Path, display: Display) -> Report:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await play(schedule, options.seed, folder, display, options.rate)


def main() -> int:
    """Return the exit code."""
    options = _options()
    display = Display(Console())
    schedule = draw(options.seed, options.kills, options.only or ())
    folder = Path(tempfile.mkdtemp(prefix="goldstream-chaos-"))
    display.note(f"seed {options.seed}: {len(schedule)} faults, each so long after the one before has ended")
    for number, fault in enumerate(schedule, 1):
        display.note(f"{number:>3} {fault}")
    display.note(f"logs of the workers: {folder}")
    # Clients complain about every connection they lose, which here is the point.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    asyncio.set_event_loop_policy(LoopPolicy())
    try:
        with display.running():
            report = asyncio.run(_play(schedule, options, folder, display))
    except (KeyboardInterrupt, asyncio.CancelledError):
        shutil.rmtree(folder)
        return INTERRUPTED
    except RuntimeError as error:
        print(f"chaos: {error}", file=sys.stderr)
        return 1
    for finding in report.findings:
        display.note(f"  {finding}")
    if report.findings:
        display.note(f"again: make chaos KILLS={options.kills} SEED={options.seed}; the logs are in {folder}")
    else:
        shutil.rmtree(folder)
    display.note(report.verdict(options.seed))
    return int(bool(report.findings))


if __name__ == "__main__":
    sys.exit(main())

"""Fuzz for a time, then tell how many records of each topic came to what, and what broke.

``python -m tests.fuzz --seconds 600 --seed 7``. A finding names its round; ``--seed 7 --round N`` does only that again.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time

from tests.fuzz.rounds import Finding, fuzz_round
from tests.fuzz.world import Tally, reasons


def main() -> int:
    """Return the exit code: 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed sends the same records")
    parser.add_argument("--round", type=int, help="only this round")
    options = parser.parse_args()
    tally = Tally()
    findings: dict[str, Finding] = {}
    until = time.monotonic() + options.seconds
    rounds = itertools.count() if options.round is None else [options.round]
    done = 0
    for number in rounds:
        finding = fuzz_round(options.seed, number, tally)
        done += 1
        if finding is not None and finding.what not in findings:
            findings[finding.what] = finding
            print(finding, file=sys.stderr, flush=True)
        if time.monotonic() > until:
            break
        if sys.stdout.isatty():
            print(f"\r{sum(tally.fates.values()):,} records, {len(findings)} findings ", end="", flush=True)
    print("\n".join(reasons(tally.fates)))
    print(f"{tally.compared:,} annotations decoded both ways, {tally.short:,} of them the short way")
    print(f"seed {options.seed}: {sum(tally.fates.values()):,} records in {done} rounds, {len(findings)} findings")
    return int(bool(findings))


if __name__ == "__main__":
    raise SystemExit(main())

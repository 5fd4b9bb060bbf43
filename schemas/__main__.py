"""Export the contracts' JSON Schema, or check that what is committed is current."""

from __future__ import annotations

import argparse
import sys

from schemas import export


def main() -> int:
    """Return the exit code: 1 when `--check` finds a stale file."""
    parser = argparse.ArgumentParser(prog="python -m schemas", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; name the stale files and exit with 1")
    if not parser.parse_args().check:
        for name in export.write(export.FOLDER):
            print(f"wrote {export.FOLDER / name}")
        return 0
    names = export.stale(export.FOLDER)
    for name in names:
        print(f"{export.FOLDER / name} is stale: run python -m schemas", file=sys.stderr)
    return int(bool(names))


if __name__ == "__main__":
    raise SystemExit(main())

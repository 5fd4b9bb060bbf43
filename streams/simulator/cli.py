"""The flags of `goldstream simulate`. What the command does is imported when it runs."""

from __future__ import annotations

from pathlib import Path

import click

from streams.simulator.campaigns import PRESETS, even

_PRESETS = tuple(PRESETS)


@click.command(
    "simulate",
    short_help="Write a campaign of simulated annotators.",
    epilog="Example: goldstream simulate --out runs/skewed-90 --preset skewed-90 --seed 7",
)
@click.option(
    "--out", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), required=True, help="The folder."
)
@click.option("--preset", type=click.Choice(_PRESETS), default=_PRESETS[0], help="What the campaign is like.")
@click.option("--seed", metavar="N", type=click.IntRange(0, 2**32 - 1), default=0, help="Of all chance [default 0].")
@click.option("--tasks", metavar="N", type=click.IntRange(1, 10_000_000), help="Tasks [default: the preset's].")
@click.option("--annotators", metavar="N", type=click.IntRange(1, 10_000), help="Annotators [default: the preset's].")
@click.option("--redundancy", metavar="N", type=click.IntRange(1, 64), help="Votes a task [default: the preset's].")
@click.option("--classes", metavar="K", type=click.IntRange(2, 50), help="Classes, equally frequent.")
def simulate(out: Path, preset: str, seed: int, classes: int | None, **sizes: int | None) -> int:
    """Write a campaign of simulated annotators, with the truth, as the files that goldstream replay reads.

    The presets: classes of which one is rare (skewed-90, skewed-95), annotators who mean harm (adversaries) or tire
    (drift), tasks that mislead everybody (correlated), many annotators with little work each (sparse), a scale
    (ordinal), 30 classes (many-classes). A few spammers are among all of them.
    """
    from streams.simulator.command import run

    changed: dict[str, object] = {name: value for name, value in sizes.items() if value is not None}
    if classes is not None:
        changed["prior"] = even(classes)
    return run(out, preset, seed, changed)

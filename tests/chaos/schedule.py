"""Which faults come, when and how: a pure function of the seed and of how many are wanted."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

WORKERS = 3
NAMED = 2
"""The first of them have an `instance_id`: a static membership, which outlives a restart within the session."""

KindName = Literal[
    "kill",
    "terminate",
    "zombie",
    "broker-kill",
    "broker-outage",
    "broker-frozen",
    "cut",
    "delay",
    "throttle",
    "restless",
    "twin",
    "clock-jump",
    "poison",
    "disk-full",
]


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Attributes
    ----------
    text : str
        What happens, for people; `size` and `lasts_s` are filled in.
    lasts_s : tuple of float
        Least and most seconds that it holds.
    size : tuple of float
        Least and most of what it is measured in, its unit being in `text`.
    weight : int
        How often it is drawn beside the others, once each has come.
    most : int or None
        Bound on how often it comes: those that stop everything for long.
    """

    text: str
    lasts_s: tuple[float, float]
    size: tuple[float, float] = (0.0, 0.0)
    weight: int = 2
    most: int | None = None


# A session ends after 6 s, a transaction after 10.
KINDS: Mapping[KindName, Kind] = {
    "kill": Kind("{worker}: SIGKILL, started again after {lasts_s:.1f} s", (0.2, 8.0), weight=5),
    "terminate": Kind("{worker}: SIGTERM, started again after {lasts_s:.1f} s", (0.2, 3.0), weight=3),
    "zombie": Kind("{worker}: SIGSTOP for {lasts_s:.1f} s, then SIGCONT", (7.5, 12.0), weight=3),
    "broker-kill": Kind("broker: SIGKILL, started again after {lasts_s:.1f} s", (0.0, 2.0), weight=3),
    "broker-outage": Kind("broker: SIGKILL, out for {lasts_s:.1f} s", (11.5, 15.0), weight=1, most=2),
    "broker-frozen": Kind("broker: SIGSTOP for {lasts_s:.1f} s, then SIGCONT", (11.5, 15.0), weight=1, most=2),
    "cut": Kind("{worker}: its connections are cut, and refused for {lasts_s:.1f} s", (0.0, 8.0)),
    "delay": Kind("{worker}: {size:.0f} ms later each way, for {lasts_s:.1f} s", (4.0, 9.0), (100, 1500)),
    "throttle": Kind("{worker}: {size:.0f} kB/s each way, for {lasts_s:.1f} s", (4.0, 9.0), (5, 60)),
    "restless": Kind("a fourth worker comes and goes three times, {lasts_s:.1f} s each", (2.5, 6.0), weight=1, most=3),
    "twin": Kind("{worker}: a second one is started with its instance_id", (6.0, 9.0), weight=1, most=3),
    "clock-jump": Kind("producer: its clock {size:+.0f} days off for {lasts_s:.1f} s", (3.0, 8.0), (-20000, 20000)),
    "poison": Kind("producer: {size:.0f} poison messages at once", (0.0, 0.0), (50, 400)),
    "disk-full": Kind(
        "broker: its disk is full for {lasts_s:.1f} s, then it is started again", (1.0, 4.0), weight=1, most=1
    ),
}


@dataclass(frozen=True)
class Fault:
    """One fault: `pause_s` after the one before has ended, `kind` happens for `lasts_s`.

    `worker` counts from 0; `size` is what `Kind.size` says.
    Each field is drawn, whether or not the kind has a use for it.
    """

    kind: KindName
    pause_s: float
    lasts_s: float
    worker: int
    size: float

    @property
    def text(self) -> str:
        """What happens."""
        return KINDS[self.kind].text.format(worker=worker_name(self.worker), lasts_s=self.lasts_s, size=self.size)

    def __str__(self) -> str:
        return f"+{self.pause_s:.1f} s  {self.kind:<13} {self.text}"


def worker_name(worker: int) -> str:
    return f"worker-{worker + 1}"


def draw(seed: int, kills: int, only: Sequence[KindName] = ()) -> list[Fault]:
    """Return `kills` faults, the same for the same arguments; every kind is among them if so many are wanted.

    With `only`, no other kinds are drawn.

    Short pauses are drawn too: the group is then hit while it still recovers.

    >>> [fault.kind for fault in draw(seed=7, kills=3)] == [fault.kind for fault in draw(seed=7, kills=3)]
    True
    >>> {fault.kind for fault in draw(seed=7, kills=30)} == KINDS.keys()
    True
    """
    rng = random.Random(f"{seed}/{kills}")
    names: list[KindName] = list(only or KINDS)
    drawn = rng.sample(names, min(kills, len(names)))
    while len(drawn) < kills:
        (name,) = rng.choices(names, [KINDS[name].weight for name in names])
        most = KINDS[name].most
        if only or most is None or drawn.count(name) < most:
            drawn.append(name)
    rng.shuffle(drawn)
    return [
        Fault(
            kind=name,
            pause_s=round(rng.choice([rng.uniform(0.2, 1.5), rng.uniform(2, 8)]), 1),
            lasts_s=round(rng.uniform(*KINDS[name].lasts_s), 1),
            worker=rng.randrange(NAMED if name == "twin" else WORKERS),
            size=round(rng.uniform(*KINDS[name].size)),
        )
        for name in drawn
    ]

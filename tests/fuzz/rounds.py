"""A round: so many records into a new world, all from one seed."""

from __future__ import annotations

import itertools
import traceback
from dataclasses import dataclass

from tests.fuzz.generator import Generator, Sent
from tests.fuzz.world import Tally, World

RECORDS = 1_000
SHOWN = 2_000


@dataclass(frozen=True)
class Finding:
    """A record that broke a promise; `what` is the same for the same defect."""

    seed: int
    round: int
    place: int
    sent: Sent
    what: str
    trace: str

    def __str__(self) -> str:
        value = self.sent.value
        return (
            f"--seed {self.seed} --round {self.round}, record {self.place}: {self.what}\n{self.trace}"
            f"topic {self.sent.topic}, timestamp {self.sent.timestamp}, key {(self.sent.key or b'')[:200]!r}, "
            f"value of {len(value or b'')} bytes: {value and value[:SHOWN]!r}"
        )


def fuzz_round(seed: int, number: int, tally: Tally, records: int = RECORDS) -> Finding | None:
    """Send one round's records; count what became of them in `tally`.

    Returns
    -------
    Finding or None
        The first record that broke a promise: what comes after it in the round means nothing.
    """
    generator, world = Generator(f"{seed}/{number}"), World(f"{seed}/{number}", tally)
    for place, sent in enumerate(itertools.islice(generator, records)):
        try:
            is_new = world.feed(sent)
        except Exception as error:  # noqa: BLE001  # whatever is raised here is what is looked for
            frames = traceback.extract_tb(error.__traceback__)
            what = f"{type(error).__name__} at {frames[-1].name}:{frames[-1].lineno}: {str(error)[:120]}"
            return Finding(seed, number, place, sent, what, traceback.format_exc())
        if is_new or place % 10 == 0:
            generator.remember(sent)
    return None

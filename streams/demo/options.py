"""What the user of `goldstream demo` may choose."""

from __future__ import annotations

from dataclasses import dataclass

from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Choices for one run of the demo.

    Attributes
    ----------
    settings : Settings
        From environment, file and flags; its broker counts only when `embedded` is false.
    embedded : bool
        Whether to start the embedded broker.
    seed : int
        Of everything that is simulated.
    tasks : int or None
        Tasks in the campaign; None lets the demo choose.
    seconds : int
        So long after the demo's start the campaign ends, done or not; it gets at least five seconds.
    keep : bool
        Whether broker and worker go on after the summary until Ctrl-C.
    """

    settings: Settings
    embedded: bool = True
    seed: int = 1
    tasks: int | None = None
    seconds: int = 45
    keep: bool = False

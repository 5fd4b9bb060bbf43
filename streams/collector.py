"""Python's cyclic garbage collector, run as rarely as programs that make hardly any cycles need it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def calm_collector() -> Iterator[None]:
    """Let cyclic garbage collection run a hundredth as often while the block runs.

    A batch makes tens of thousands of short-lived records, events and structs, none of which is part of a cycle:
    looking through them again and again while they live cost a third of the worker's time. A replay, which keeps its
    tables as structs, spent a tenth of its time looking through those.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()

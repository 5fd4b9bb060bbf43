"""How long labels are missing around an event, from when they were read."""

from __future__ import annotations

import pytest

from benchmarks.rebalancing import Interruption, Rebalances, interruption, longest_gap
from benchmarks.steady import Seen


@pytest.mark.parametrize(
    ("times", "start", "end", "gap"),
    [
        ([0, 1, 2, 3], 0, 3, 1),
        # A gap counts whole, wherever within it the event was.
        ([0, 1, 9, 10], 4, 20, 10),
        ([0, 1, 9, 10], 4, 10, 8),
        ([0, 1, 9, 10], 0, 1, 1),
        ([0, 5, 6, 7], 6, 7, 1),
        # What the next event does is not this one's.
        ([0, 1, 9, 10], 0, 1.5, 1),
        # Nothing came after, or before, or at all.
        ([0, 1], 1, 6, 5),
        ([8, 9], 2, 9, 6),
        ([], 2, 9, 7),
    ],
)
def test_the_longest_gap_that_overlaps_the_event(times: list[float], start: float, end: float, gap: float) -> None:
    assert longest_gap(times, start, end) == gap


def label(read: float, partition: int = 0, due: float | None = None) -> Seen:
    return Seen("task", partition, read if due is None else due, read, b"")


def test_a_partition_may_be_silent_while_others_are_not() -> None:
    labels = [label(second, partition=0) for second in range(11)]
    labels += [label(second, partition=1) for second in (0, 1, 8, 9, 10)]
    labels.sort(key=lambda each: each.read)
    found = interruption("leaves", labels, 2, start=2, end=10)
    assert (found.gap_s, found.silence_s) == (7, 1)


def test_the_longest_wait_is_of_labels_that_were_read_meanwhile() -> None:
    labels = [label(3, due=-9), label(5, due=2), label(30, due=9)]
    assert interruption("dies", labels, 1, start=3, end=10).wait_s == 3


def test_a_fault_voids_the_figures() -> None:
    events = [Interruption("joins", 2.0, 1.0, 3.0), Interruption("joins", 4.0, 1.0, 3.0)]
    whole = Rebalances("goldstream", events, labels=10, faults=())
    assert "| a third worker joins | 2 | 3.0 (2.0 to 4.0) | 1.0 | 3.0 |" in " ".join(whole.markdown().split())
    assert "void" in Rebalances("goldstream", events, labels=10, faults=("1 labels missing",)).markdown()

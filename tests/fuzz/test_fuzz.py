"""The short form of ``python -m tests.fuzz``, and that it would notice."""

from __future__ import annotations

import pytest

from streams.quality import votes
from tests.fuzz.rounds import fuzz_round
from tests.fuzz.traffic import SOURCES
from tests.fuzz.world import Tally

SEED = 20
ROUNDS = 6


def test_hostile_records_break_no_promise_and_good_ones_among_them_are_accepted() -> None:
    tally = Tally()
    findings = [fuzz_round(SEED, number, tally) for number in range(ROUNDS)]
    assert not any(findings), "\n".join(map(str, filter(None, findings)))
    assert 100 < tally.short < tally.compared - 100
    fates = tally.fates
    for topic in SOURCES:
        assert fates[topic, "accepted"] > 50, topic
        assert sum(count for (name, fate), count in fates.items() if name == topic and fate != "accepted") > 20, topic


def test_a_defect_is_found_and_its_round_finds_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(votes, "_weigh", lambda *_: 1 // 0)
    first, again = (fuzz_round(SEED, 0, Tally()) for _ in range(2))
    assert first is not None
    assert first.what.startswith("ZeroDivisionError")
    assert first == again

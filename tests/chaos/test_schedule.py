"""The faults follow from the seed alone, and each is strong enough for what it is meant to break."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.settings import Settings
from tests.chaos.faults import CAUSES
from tests.chaos.schedule import KINDS, NAMED, WORKERS, draw

law = settings(deadline=None)  # the machine may have other work
seeds = st.integers(0, 2**31)


@law
@given(seeds, st.integers(0, 60))
def test_the_same_seed_draws_the_same_faults(seed: int, kills: int) -> None:
    assert draw(seed, kills) == draw(seed, kills)
    assert len(draw(seed, kills)) == kills
    assert "\n".join(map(str, draw(seed, kills))) == "\n".join(map(str, draw(seed, kills)))


@law
@given(seeds, st.integers(len(KINDS), 60))
def test_every_kind_comes_and_the_long_ones_seldom(seed: int, kills: int) -> None:
    drawn = [fault.kind for fault in draw(seed, kills)]
    assert set(drawn) == KINDS.keys()
    assert all(kind.most is None or drawn.count(name) <= kind.most for name, kind in KINDS.items())


@law
@given(seeds, st.integers(0, 30))
def test_faults_keep_to_their_bounds(seed: int, kills: int) -> None:
    for fault in draw(seed, kills):
        kind = KINDS[fault.kind]
        assert kind.lasts_s[0] <= fault.lasts_s <= kind.lasts_s[1]
        assert kind.size[0] <= fault.size <= kind.size[1]
        assert 0 <= fault.worker < (NAMED if fault.kind == "twin" else WORKERS)


def test_other_seeds_draw_other_faults() -> None:
    assert len({tuple(draw(seed, 30)) for seed in range(20)}) == 20


def test_only_what_is_wanted_is_drawn() -> None:
    assert {fault.kind for fault in draw(1, 12, ["broker-outage", "kill"])} == {"broker-outage", "kill"}


def test_a_zombie_outlasts_its_session_and_an_outage_a_transaction() -> None:
    promised = Settings()
    assert KINDS["zombie"].lasts_s[0] > promised.session_timeout_s
    assert KINDS["broker-outage"].lasts_s[0] > promised.transaction_timeout_s
    assert KINDS["broker-frozen"].lasts_s[0] > promised.transaction_timeout_s


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_cause(kind: str) -> None:
    assert kind in CAUSES

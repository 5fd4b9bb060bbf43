"""The lower bound of alpha holds as often as it says, by simulation, and is not far below where units are many."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from streams.quality.agreement.alpha import alpha, lower_bound, metrics
from streams.quality.agreement.coincidences import Coincidences, Scale, Undefined
from tests.quality.agreement.units import coincidences

RUNS = 250


@dataclass(frozen=True)
class Campaign:
    """Units as they may come: classes by prevalence, annotators of one accuracy, every third item hard."""

    prevalence: Sequence[int]
    accuracy: float
    raters: Sequence[int]
    is_interval: bool = False

    @property
    def scale(self) -> Scale:
        return Scale(tuple(map(str, self.prevalence)), 1 if self.is_interval else None)

    def play(self, rng: random.Random, units: int) -> Coincidences:
        categories = range(len(self.prevalence))
        return coincidences(
            (self._votes(rng, rng.choices(categories, self.prevalence)[0]) for _ in range(units)),
            len(categories),
            is_interval=self.is_interval,
        )

    def _votes(self, rng: random.Random, truth: int) -> list[int]:
        most = len(self.prevalence) - 1
        raters = rng.choice(self.raters)
        if self.is_interval:
            wide = 6 * (1 - self.accuracy)
            return [min(most, max(0, truth + round(rng.gauss(0, wide)))) for _ in range(raters)]
        right = self.accuracy - 0.25 if rng.random() < 0.3 else min(1.0, self.accuracy + 0.1)
        return [truth if rng.random() < right else rng.randint(0, most) for _ in range(raters)]


CAMPAIGNS = [
    Campaign([1, 1], 0.85, [3]),
    Campaign([1, 1], 0.95, [2, 3]),
    Campaign([9, 1], 0.9, [3]),
    Campaign([1, 1, 1, 1], 0.7, [3, 5]),
    Campaign([1] * 10, 0.9, [2, 3, 4, 5]),
    Campaign([1, 2, 3, 2, 1], 0.8, [3], is_interval=True),
    Campaign([1] * 7, 0.9, [3], is_interval=True),
]


def estimate(campaign: Campaign, found: Coincidences) -> float:
    value = alpha(found, campaign.scale, metrics(campaign.scale)[0])
    assert not isinstance(value, Undefined)
    return float(value)


@pytest.mark.slow
@pytest.mark.parametrize("campaign", CAMPAIGNS, ids=str)
@pytest.mark.parametrize(("units", "within"), [(50, 0.31), (200, 0.13)])
def test_it_holds_about_as_often_as_it_says(campaign: Campaign, units: int, within: float) -> None:
    """Of 250 campaigns 95% are 237; with 225 the bound would hold in 90%, which it does in the worst one here."""
    rng = random.Random(7)
    truth = estimate(campaign, campaign.play(rng, 20_000))
    held, below = 0, 0.0
    for _ in range(RUNS):
        found = campaign.play(rng, units)
        bound = lower_bound(found, campaign.scale)
        assert not isinstance(bound, Undefined)
        held += bound <= truth
        below += estimate(campaign, found) - bound
    assert held >= 225
    assert below / RUNS < within


@pytest.mark.parametrize("units", [10, 60, 1_000])
def test_without_any_disagreement_it_is_the_rule_of_three(units: int) -> None:
    campaign = Campaign([1, 1], 1.0, [3])
    found = coincidences([[0, 0], [1, 1]] * (units // 2), 2)
    assert lower_bound(found, campaign.scale) == pytest.approx(1 - 3 / units)


def test_it_says_nothing_from_one_unit_or_none() -> None:
    scale = Scale(("a", "b"))
    assert lower_bound(coincidences([], 2), scale) is Undefined.no_units
    assert lower_bound(coincidences([[0, 0]], 2), scale) is Undefined.one_value
    assert lower_bound(coincidences([[0, 1]], 2), scale) == -1

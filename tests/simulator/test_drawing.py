"""A campaign is drawn as it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streams.simulator.campaigns import PRESETS, Campaign, even
from streams.simulator.drawing import Drawn, draw
from streams.simulator.personas import Persona
from tests.simulator.drawn import drawn, drawn_file


def accuracy(campaign: Drawn, chosen: np.ndarray) -> float:
    return float((campaign.label == campaign.truth[campaign.task])[chosen].mean())


def by(campaign: Drawn, persona: Persona) -> np.ndarray:
    """Return which answers are by annotators of a persona."""
    return np.array([one.persona is persona for one in campaign.annotators])[campaign.worker]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_task_has_its_votes_each_by_another_annotator(preset: str) -> None:
    campaign = drawn(preset)
    assert np.all(np.bincount(campaign.task) == campaign.campaign.redundancy)
    assert len({*zip(campaign.task.tolist(), campaign.worker.tolist(), strict=True)}) == len(campaign.task)


def test_the_same_seed_draws_the_same_bytes(tmp_path: Path) -> None:
    first, second, other = (
        drawn_file(tmp_path / name, "drift", seed, tasks=50).read_bytes()
        for name, seed in zip("abc", (4, 4, 5), strict=True)
    )
    assert first == second != other


@pytest.mark.parametrize(("preset", "share"), [("skewed-90", 0.1), ("skewed-95", 0.05)])
def test_a_rare_class_is_rare(preset: str, share: float) -> None:
    assert drawn(preset, tasks=20_000).truth.mean() == pytest.approx(share, abs=0.006)


def test_honest_annotators_are_as_right_as_their_distribution_says() -> None:
    campaign = draw(Campaign(tasks=5_000, annotators=500, prior=even(3), skill=(8.0, 2.0), class_spread=0.0), 1)
    means = [one.accuracy for one in campaign.annotators if one.persona is Persona.HONEST]
    assert np.mean(means) == pytest.approx(0.8, abs=0.02)
    assert np.std(means) == pytest.approx(0.12, abs=0.02)
    assert accuracy(campaign, by(campaign, Persona.HONEST)) == pytest.approx(0.8, abs=0.03)


def test_adversaries_are_worse_than_chance_and_spammers_at_chance() -> None:
    campaign = drawn("adversaries", tasks=10_000)
    assert accuracy(campaign, by(campaign, Persona.ADVERSARY)) < 0.2
    assert accuracy(campaign, by(campaign, Persona.RANDOM_SPAMMER)) == pytest.approx(1 / 3, abs=0.03)


def test_who_tires_gets_worse() -> None:
    campaign = drawn("drift", tasks=10_000, drifting=1.0)
    honest, half = by(campaign, Persona.HONEST), np.arange(len(campaign.task)) < len(campaign.task) // 2
    assert accuracy(campaign, honest & half) > accuracy(campaign, honest & ~half) + 0.15


def test_hard_tasks_mislead_everybody_to_the_same_class() -> None:
    campaign = drawn("correlated", tasks=5_000, redundancy=15)
    wrong = campaign.label != campaign.truth[campaign.task]
    misleading = np.bincount(campaign.task, wrong, campaign.campaign.tasks) > 7
    assert misleading.mean() == pytest.approx(0.2, abs=0.06)
    said = np.zeros((campaign.campaign.tasks, campaign.campaign.classes))
    np.add.at(said, (campaign.task, campaign.label), 1)
    assert np.mean(said[misleading].max(axis=1) / 15) > 0.5


def test_a_few_annotators_do_most_of_sparse_work() -> None:
    campaign = drawn("sparse", tasks=5_000)
    counts = np.sort(np.bincount(campaign.worker, minlength=campaign.campaign.annotators))
    assert counts[-40:].sum() > 0.5 * counts.sum()
    assert np.median(counts) < 20


def test_errors_on_a_scale_are_near() -> None:
    campaign = drawn("ordinal", tasks=5_000)
    away = np.abs(campaign.label - campaign.truth[campaign.task])[by(campaign, Persona.HONEST)]
    assert np.sum(away == 1) > 3 * np.sum(away == 2) > 0


@pytest.mark.parametrize("fields", [{"redundancy": 61}, {"prior": (1.0,)}, {"prior": (0.5, 0.4)}, {"tasks": 0}])
def test_what_cannot_be_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Campaign(**fields)

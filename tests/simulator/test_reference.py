"""The reference methods give what crowd-kit's give."""

from __future__ import annotations

import numpy as np
import pytest

from tests.simulator.drawn import drawn
from tests.simulator.reference import Method, posterior

METHODS: dict[Method, str] = {"one_coin": "OneCoinDawidSkene", "dawid_skene": "DawidSkene"}


@pytest.mark.filterwarnings("ignore")  # crowd-kit is written for an older pandas
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("preset", ["skewed-90", "adversaries", "ordinal"])
def test_a_reference_agrees_with_crowd_kit(method: Method, preset: str) -> None:
    aggregation = pytest.importorskip("crowdkit.aggregation")
    pandas = pytest.importorskip("pandas")
    campaign = drawn(preset, seed=3, tasks=300)
    table = pandas.DataFrame({"task": campaign.task, "worker": campaign.worker, "label": campaign.label})
    expected = getattr(aggregation, METHODS[method])(n_iter=100, tol=0).fit_predict(table).sort_index().to_numpy()
    found = posterior(campaign, method).argmax(axis=1)
    # What differs is which of two equal classes is taken.
    assert np.mean(found == expected) > 0.985

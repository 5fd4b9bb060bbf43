"""Scores, beside scikit-learn's and scipy's and by hand."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.replay.labels import Labels
from streams.replay.scoring import NOTHING, Scores, Verdict, ece, scores, spearman, verdict

ABC = Labels(("a", "b", "c"))
SCALE = Labels(("1", "2", "3", "4"), first=1)
PLACES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60)


@given(PLACES)
def test_accuracy_and_macro_f1_are_scikit_learns(places: list[tuple[int, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    found = scores([(Verdict((said,)), ABC.names[truth]) for said, truth in places], ABC)
    said, truth = zip(*places, strict=True)
    assert found.accuracy == pytest.approx(metrics.accuracy_score(truth, said))
    assert found.macro_f1 == pytest.approx(metrics.f1_score(truth, said, average="macro", zero_division=0))


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=2, max_size=40))
def test_rank_correlation_is_scipys(pairs: list[tuple[int, int]]) -> None:
    stats = pytest.importorskip("scipy.stats")
    left, right = np.array(pairs, dtype=float).T
    found = spearman(left, right)
    if found is None:
        assert len(set(left)) == 1 or len(set(right)) == 1
    else:
        assert found == pytest.approx(stats.spearmanr(left, right).statistic)


@pytest.mark.parametrize(
    ("found", "share"),
    [(Verdict((0,)), 1.0), (Verdict((1,)), 0.0), (Verdict((0, 2)), 0.5), (Verdict((1, 2)), 0.0), (NOTHING, 1 / 3)],
)
def test_ties_and_missing_labels_count_in_parts(found: Verdict, share: float) -> None:
    assert scores([(found, "a")], ABC).accuracy == pytest.approx(share)


def test_a_truth_that_nobody_may_give_is_missed() -> None:
    assert scores([(Verdict((0,)), "a"), (Verdict((0,)), "z")], ABC).accuracy == 0.5


def test_without_truth_there_are_no_scores() -> None:
    assert scores([], ABC) == Scores()


def test_calibration_error_by_hand() -> None:
    # Two bins: .9 sure and right half of the time, .5 sure and always right.
    assert ece([(0.9, 1.0), (0.9, 0.0), (0.5, 1.0), (None, 1.0)]) == pytest.approx((2 * 0.4 + 0.5) / 3)
    assert ece([(None, 1.0)]) is None


def test_a_step_has_an_error_in_steps() -> None:
    found = scores([(Verdict((2,), value=2.0, mean=1.9), "1"), (Verdict((3,), value=3.0, mean=3.0), "3.5")], SCALE)
    assert found.mae == pytest.approx((2 + 0.5) / 2)
    assert found.spearman == pytest.approx(1.0)


def record(label: object, **shares: float) -> bytes:

    answer = {"label": label, "confidence": None, "distribution": shares}
    return msgspec.json.encode({"status": "undecided", "reason": "tie", "votes": 4, "answers": {"label": answer}})


def test_an_undecided_label_leads_with_what_its_distribution_leads_with() -> None:
    found = verdict(record(None, a=0.4, b=0.4, c=0.2), ABC)
    assert (found.leaders, found.confidence, found.votes) == ((0, 1), 0.4, 4)


def test_a_label_on_a_scale_is_its_step_or_the_median_of_its_distribution() -> None:
    shares = {"1": 0.2, "2": 0.2, "3": 0.6, "4": 0.0}
    assert verdict(record(2, **shares), SCALE).value == 1.0
    assert verdict(record(None, **shares), SCALE).value == 2.0
    assert verdict(record(2, **shares), SCALE).mean == pytest.approx(1.4)

"""Each statistic against its oracle, after every element of random streams; and where there is nothing to tell."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa as inter_rater_kappa

from streams.quality.agreement.ac1 import ac1
from streams.quality.agreement.alpha import Metric, alpha, metrics
from streams.quality.agreement.coincidences import Coincidences, Scale, Undefined, dispute, of_unit
from streams.quality.agreement.kappa import Kappa, cohens_kappa
from streams.quality.agreement.raw import raw_agreement
from tests.quality.agreement.units import coincidences

METRICS: tuple[Metric, ...] = ("nominal", "ordinal", "interval", "ratio")

# The table of Krippendorff (2011): four observers, twelve units, 0 where nothing was said.
CANONICAL = """
1 2 3 3 2 1 4 1 2 0 0 0
1 2 3 3 2 2 4 1 2 5 0 3
0 3 3 3 2 3 4 2 2 5 1 0
1 2 3 3 2 4 4 1 2 5 1 0
"""
ROWS = [[int(value) for value in line.split()] for line in CANONICAL.split("\n") if line]
TABLE = [[value - 1 for value in column if value] for column in zip(*ROWS, strict=True)]

UNIT = st.lists(st.integers(0, 4), max_size=6)
STREAMS = st.lists(UNIT, min_size=1, max_size=12)


def scale(categories: int, first: int | None) -> Scale:
    return Scale(tuple(map(str, range(categories))), first)


def oracle(units: Sequence[Sequence[int]], first: int, categories: int, metric: Metric) -> float | None:
    """Return the alpha of the package krippendorff, or None where it has none."""
    if not units:
        return None
    counts = np.array([[Counter(votes)[category] for category in range(categories)] for votes in units])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = krippendorff.alpha(
                value_counts=counts,
                value_domain=[first + category for category in range(categories)],
                level_of_measurement=metric,
            )
        except ValueError:  # all votes are for one value
            return None
    return None if np.isnan(found) else float(found)


@pytest.mark.parametrize(
    ("metric", "right", "wrong"),
    [("nominal", 0.7434, 0.7201), ("ordinal", 0.8154, 0.7667), ("interval", 0.8491, 0.7429), ("ratio", 0.7974, None)],
)
def test_the_canonical_table_to_four_digits(metric: Metric, right: float, wrong: float | None) -> None:
    found = alpha(coincidences(TABLE, 5), scale(5, 1), metric)
    assert not isinstance(found, Undefined)
    assert round(float(found), 4) == right
    assert round(float(found), 4) not in {0.7201, 0.7667, 0.7429, wrong}


@settings(deadline=None)
@given(STREAMS, st.integers(0, 3))
def test_alpha_is_that_of_its_oracle_after_every_unit(units: list[list[int]], first: int) -> None:
    for end in range(1, len(units) + 1):
        for metric in METRICS:
            found = alpha(coincidences(units[:end], 5), scale(5, first), metric)
            expected = oracle([votes for votes in units[:end] if len(votes) > 1], first, 5, metric)
            if isinstance(found, Undefined):
                assert expected is None
            else:
                assert float(found) == pytest.approx(expected, abs=1e-9)


@given(STREAMS, st.data())
def test_a_unit_taken_back_leaves_no_trace(units: list[list[int]], data: st.DataObject) -> None:
    gone = data.draw(st.integers(0, len(units) - 1))
    sums = Counter[int]()
    for votes in units:
        sums.update(dict(of_unit(tuple(sorted(votes)), True)))
    sums.subtract(dict(of_unit(tuple(sorted(units[gone])), True)))
    rest = Counter[int]()
    for votes in units[:gone] + units[gone + 1 :]:
        rest.update(dict(of_unit(tuple(sorted(votes)), True)))
    assert {place: value for place, value in sums.items() if value} == dict(rest)


@given(STREAMS)
def test_units_and_votes_are_counted_by_number_of_raters(units: list[list[int]]) -> None:
    found = coincidences(units, 5)
    sizes = Counter(len(votes) for votes in units if len(votes) > 1)
    assert found.units_by_raters == dict(sizes)
    assert found.votes == sum(raters * many for raters, many in sizes.items())
    chosen = Counter(vote for votes in units if len(votes) > 1 for vote in votes)
    assert found.marginals == [chosen[category] for category in range(5)]


def gwet(units: Sequence[Sequence[int]], categories: int) -> float:
    """Return AC1 unit by unit, as the package irrCAC computes it."""
    counts = np.array([[Counter(votes)[category] for category in range(categories)] for votes in units], dtype=float)
    raters = counts.sum(axis=1)
    agreed = ((counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))).mean()
    shares = (counts / raters[:, None]).mean(axis=0)
    chance = (shares * (1 - shares)).sum() / (categories - 1)
    return float((agreed - chance) / (1 - chance))


@given(STREAMS)
def test_ac1_is_what_it_is_unit_by_unit(units: list[list[int]]) -> None:
    for end in range(1, len(units) + 1):
        counted = [votes for votes in units[:end] if len(votes) > 1]
        found = ac1(coincidences(units[:end], 5))
        if isinstance(found, Undefined):
            assert (counted, found) == ([], Undefined.no_units)
        else:
            assert float(found) == pytest.approx(gwet(counted, 5), abs=1e-9)


def test_ac1_of_the_canonical_table_is_what_irrcac_says() -> None:
    """Of its first eleven units, as the last has one vote; irrCAC 0.4.4, which asks for an older scipy."""
    found = ac1(coincidences(TABLE, 5))
    assert not isinstance(found, Undefined)
    assert round(float(found), 5) == 0.77515


@given(STREAMS)
def test_raw_agreement_is_the_mean_over_units(units: list[list[int]]) -> None:
    counted = [votes for votes in units if len(votes) > 1]
    found = raw_agreement(coincidences(units, 5))
    if not counted:
        assert found is Undefined.no_units
        return
    same = [
        sum(one == other for i, one in enumerate(votes) for other in votes[:i]) / (len(votes) * (len(votes) - 1) / 2)
        for votes in counted
    ]
    assert not isinstance(found, Undefined)
    assert float(found) == pytest.approx(sum(same) / len(same))
    assert dispute(counted[0]) == pytest.approx(1e6 * (1 - same[0]), abs=1.0)


ANSWERS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30)


@settings(deadline=None)
@given(ANSWERS)
def test_kappa_is_that_of_two_oracles_after_every_item(answers: list[tuple[int, int]]) -> None:
    for end in range(1, len(answers) + 1):
        ours = cohens_kappa(Counter(answers[:end]))
        table = np.zeros((4, 4))
        for one, other in answers[:end]:
            table[one, other] += 1
        if not isinstance(ours, Kappa):
            one_value = len({vote for pair in answers[:end] for vote in pair}) == 1
            assert ours == (Undefined.few_shared_items if end < 10 else Undefined.one_value)
            assert end < 10 or one_value
            continue
        assert ours.n == end
        ones, others = zip(*answers[:end], strict=True)
        assert ours.value == pytest.approx(cohen_kappa_score(ones, others))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = inter_rater_kappa(table)
        if not np.isnan(theirs.kappa_low):
            assert ours.low == pytest.approx(max(-1.0, theirs.kappa_low), abs=1e-6)
            assert ours.high == pytest.approx(min(1.0, theirs.kappa_upp), abs=1e-6)


def test_where_nothing_can_be_said_a_reason_is() -> None:
    nominal, steps = scale(3, None), scale(3, -1)
    nothing, unanimous = Coincidences({}, 3), coincidences([[1, 1, 1], [1, 1], [0]], 3)
    assert alpha(nothing, nominal, "nominal") is Undefined.no_units
    assert ac1(nothing) is Undefined.no_units
    assert raw_agreement(nothing) is Undefined.no_units
    assert alpha(coincidences([[0], [1]], 3), nominal, "nominal") is Undefined.no_units, "single votes are no units"
    assert alpha(unanimous, nominal, "nominal") is Undefined.one_value, "0 / 0 is neither 0 nor 1"
    assert ac1(unanimous) == raw_agreement(unanimous) == 1
    assert alpha(coincidences([[0, 1]], 3), steps, "ratio") is Undefined.negative_values
    assert cohens_kappa({(0, 0): 9}) is Undefined.few_shared_items
    assert cohens_kappa({(0, 0): 10}) is Undefined.one_value


def test_an_order_is_only_asked_of_steps() -> None:
    assert metrics(scale(3, None)) == ("nominal",)
    assert metrics(scale(3, 1)) == ("interval", "nominal", "ordinal", "ratio")

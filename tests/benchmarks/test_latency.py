"""Percentiles of latency, their medians over the rounds, and what voids them."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from benchmarks import workload
from benchmarks.contestants import Goldstream
from benchmarks.latency import SHARES, Latencies, Latency, percentiles
from benchmarks.steady import APART, Outcome, Seen, judged, steady_votes


def latency(seconds: float, *faults: str) -> Latency:
    return Latency(labels=100, seconds=tuple(seconds for _ in SHARES), behind_s=0.0, faults=faults)


@pytest.mark.parametrize(("share", "value"), [(0.01, 1), (0.5, 50), (0.501, 51), (0.99, 99), (0.999, 100), (1.0, 100)])
def test_a_percentile_is_a_value_that_was_seen(share: float, value: int) -> None:
    assert percentiles(list(range(100, 0, -1)), [share]) == (value,)


def test_no_labels_give_no_latency() -> None:
    assert percentiles([]) == (0.0,) * len(SHARES)


def test_the_rounds_median_is_shown_with_their_spread() -> None:
    found = Latencies({"ours": [latency(0.1), latency(0.4), latency(0.2)], "theirs": [latency(0.3)] * 3})
    assert "| p99, ms | 200 (100 to 400) | 300 |" in " ".join(found.markdown().split())
    assert found.median("ours") == [0.2] * len(SHARES)


def test_a_fault_voids_the_figures_of_its_contestant() -> None:
    found = Latencies({"ours": [latency(0.1), latency(0.1, "3 labels wrong")], "theirs": [latency(0.3)]})
    assert found.faults == ["ours, round 2: 3 labels wrong"]
    assert "| p50, ms | void | 300 |" in " ".join(found.markdown().split())


def test_the_votes_of_a_steady_load_are_the_workloads_in_another_order() -> None:
    votes = [message for _, message in steady_votes(workload.BLOCK)]
    assert sorted(votes) == sorted(workload.votes(workload.BLOCK))


def test_tasks_are_completed_at_an_even_pace() -> None:
    places: dict[str, list[int]] = {}
    for place, (task_id, _) in enumerate(steady_votes(2 * workload.BLOCK)):
        places.setdefault(task_id, []).append(place)
    assert max(max(each) - min(each) for each in places.values()) <= 2 * APART
    completed = sorted(max(each) for each in places.values())
    assert max(later - earlier for earlier, later in itertools.pairwise(completed)) < APART / 10


def outcome(*labels: tuple[str, str], complete: list[str], failed: int = 0) -> Outcome:
    def value(label: str) -> bytes:
        return msgspec.json.encode({"status": "settled", "answers": {"animal": {"label": label}}})

    seen = [Seen(task_id, 0, 1.0, 2.0, value(label)) for task_id, label in labels]
    return Outcome(began=0.0, behind_s=0.0, failed=failed, complete=complete, labels=seen)


def test_a_load_is_judged_by_the_tasks_whose_votes_were_all_sent(worker: Goldstream) -> None:
    votes = [message for _, message in steady_votes(3)]
    expected = workload.serial_answer(votes)
    (first, right), (second, _), _ = ((task_id, label.label) for task_id, label in expected.items())
    assert judged(outcome((first, right), complete=[first]), expected, worker) == []
    assert judged(outcome((first, right), complete=[first, second]), expected, worker) == ["1 labels missing"]
    assert judged(outcome((first, right), complete=[]), expected, worker) == ["1 labels of unknown tasks"]
    twice = outcome((first, right), (first, right), complete=[first], failed=2)
    assert judged(twice, expected, worker) == ["1 labels more than one a task", "2 annotations could not be sent"]

"""What the benchmarks compute themselves: the serial answer, the comparison with it, spreads and the tables."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import workload
from benchmarks.contestants import ROOT
from benchmarks.labels import compare
from benchmarks.report import Results, Spread, table
from benchmarks.restoring import Restore
from benchmarks.throughput import Backlog, Round

TEN_PER_SECOND = Round(annotations=100, seconds=10, cpu_s=5, broker_cpu_s=1, peak_rss_bytes=2**20, faults=())
RESTORE = Restore(
    tasks=10,
    records=40,
    seconds=0.5,
    ready_s=2,
    peak_rss_bytes=2**20,
    ingest_per_second=5,
    bytes_mean=500.4,
    bytes_most=510,
    faults=(),
)


def results(
    *,
    ours: Round = TEN_PER_SECOND,
    tuned: Round = replace(TEN_PER_SECOND, seconds=50),  # noqa: B008
    restore: Restore = RESTORE,
) -> Results:
    slower = replace(TEN_PER_SECOND, seconds=100)
    return Results({"processor": "a chip"}, [ours, ours], [slower, slower], [tuned, tuned], restore)


def vote(task_id: str, label: str) -> workload.Message:
    return "annotations", b"someone", f'{{"task_id": "{task_id}", "label": "{label}"}}'.encode()


def test_the_serial_answer_is_the_majority_of_the_first_three() -> None:
    votes = [vote("a", "cat"), vote("b", "dog"), vote("a", "owl"), vote("a", "cat"), vote("a", "owl"), vote("a", "owl")]
    assert workload.serial_answer(votes) == {"a": "cat"}


def test_every_task_gets_three_votes_of_which_two_agree() -> None:
    votes = list(workload.votes(2 * workload.BLOCK))
    assert len(votes) == 2 * workload.BLOCK * workload.VOTES
    answers = workload.serial_answer(votes)
    assert answers.keys() == {key.decode() for _, key, _ in workload.tasks(2 * workload.BLOCK)}
    assert set(answers.values()) == set(workload.CLASSES)


def test_a_prefix_of_whole_blocks_holds_whole_tasks() -> None:
    votes = list(workload.votes(3 * workload.BLOCK))
    backlog = Backlog.of(workload.BLOCK, votes)
    assert len(backlog.expected) == workload.BLOCK
    assert backlog.expected.items() <= workload.serial_answer(votes).items()


@pytest.mark.parametrize(
    ("labels", "faults"),
    [
        ([("a", "cat"), ("b", "dog")], []),
        ([("a", "cat")], ["1 labels missing"]),
        ([("a", "cat"), ("b", "owl")], ["1 labels wrong"]),
        ([("a", "cat"), ("b", "dog"), ("b", "dog")], ["1 labels more than one a task"]),
        ([("a", "cat"), ("b", "dog"), ("c", "dog")], ["1 labels of unknown tasks"]),
    ],
)
def test_anything_but_one_right_label_a_task_is_a_fault(labels: list[tuple[str, object]], faults: list[str]) -> None:
    assert compare(labels, {"a": "cat", "b": "dog"}) == faults


def test_a_spread_shows_the_rounds_only_where_they_differ() -> None:
    assert Spread.of([3, 1, 2]).text() == "2 (1 to 3)"
    assert Spread.of([8.04, 8.01]).text(".1f", "x") == "8.0x"


def test_a_table_is_markdown_whose_columns_line_up() -> None:
    assert table(("what", "ours"), [("rate", "1,000"), ("a longer one", "2")]).splitlines() == [
        "| what         |  ours |",
        "| ------------ | ----: |",
        "| rate         | 1,000 |",
        "| a longer one |     2 |",
    ]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")[1:-1]]


def test_the_ratios_to_faust_stand_first() -> None:
    lines = results().markdown().splitlines()
    assert cells(lines[0])[1:] == ["vs Faust", "vs Faust, tuned", "goldstream", "Faust", "Faust, tuned", "aim"]
    assert cells(lines[2]) == ["annotations a second", "10.0x", "5.0x", "10", "1", "2", ">= 8x Faust"]
    assert lines[-1] == "Measured on processor a chip."


def test_the_aim_is_about_faust_as_it_comes() -> None:
    assert results(tuned=TEN_PER_SECOND).shortfalls() == []


def test_a_missed_aim_is_said_with_its_figure() -> None:
    slow = results(ours=replace(TEN_PER_SECOND, seconds=20), restore=replace(RESTORE, bytes_most=1025))
    assert slow.shortfalls() == [
        "missed: 5.0x Faust, the aim is 8x or more",
        "missed: 1,025 bytes for an open task, the aim is 1,024 or less",
    ]


def test_wrong_labels_void_a_figure() -> None:
    wrong = results(ours=replace(TEN_PER_SECOND, faults=("3 labels wrong",)))
    assert wrong.shortfalls() == [
        "void: goldstream, round 1: 3 labels wrong",
        "void: goldstream, round 2: 3 labels wrong",
    ]
    assert "void" in wrong.markdown()


def test_wrong_labels_of_a_peer_void_what_it_is_in() -> None:
    wrong = results(tuned=replace(TEN_PER_SECOND, faults=("3 labels wrong",)))
    assert wrong.shortfalls() == [
        "void: Faust, tuned, round 1: 3 labels wrong",
        "void: Faust, tuned, round 2: 3 labels wrong",
    ]
    first = wrong.markdown().splitlines()[2]
    assert cells(first) == ["annotations a second", "10.0x", "void", "10", "1", "void", ">= 8x Faust"]


def test_results_are_plain_data() -> None:
    data = results().as_json()
    assert data["times_faust"] == {"median": 10.0, "least": 10.0, "most": 10.0}
    assert data["times_tuned_faust"] == {"median": 5.0, "least": 5.0, "most": 5.0}
    assert data["restore"]["per_second"] == 80.0


_CHOICES = """
from benchmarks.peers import faust_app
from faust.utils import json
app = faust_app.create_app("localhost:9", "peer", 1)
print(json.orjson is not None, app.conf.producer_linger, app.conf.broker_max_poll_records)
"""


@pytest.mark.parametrize(("tuned", "choices"), [(False, "False 0.0 None"), (True, "True 0.02 500")])
def test_the_peer_is_faust_as_it_comes_unless_tuned(tmp_path: Path, tuned: bool, choices: str) -> None:
    (tmp_path / "orjson.py").write_text("dumps = loads = OPT_NON_STR_KEYS = OPT_UTC_Z = 0\n")
    kept = {name: value for name, value in os.environ.items() if name != "PEER_TUNED"}
    told = {"PYTHONPATH": f"{tmp_path}:{ROOT}"} | ({"PEER_TUNED": "1"} if tuned else {})
    done = subprocess.run(
        [sys.executable, "-c", _CHOICES], env=kept | told, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.strip() == choices, done.stderr

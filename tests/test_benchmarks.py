"""What the benchmarks compute themselves: the serial answer, the comparison with it, ratios, tables and verdicts."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest

from benchmarks import machine, reference, side_by_side, workload
from benchmarks.contestants import ROOT
from benchmarks.labels import Answer, compare
from benchmarks.parts import PARTS
from benchmarks.reference import Annotation, Annotator, Label, Scored, Task, count, score
from benchmarks.report import Aim, Failed, Results
from benchmarks.side_by_side import IMPLEMENTATIONS, RATIOS, SideBySide
from benchmarks.tables import Spread, table
from benchmarks.throughput import Backlog, Round

TEN_PER_SECOND = Round(annotations=100, seconds=10, cpu_s=5, broker_cpu_s=1, peak_rss_bytes=2**20, faults=())


def annotation(task_id: str, annotator_id: str, label: str, seconds: float = 30) -> Annotation:
    return Annotation(f"{task_id}-{annotator_id}", task_id, annotator_id, "animals", label, seconds, "")


def message(each: Annotation) -> workload.Message:
    return "annotations", each.annotator_id.encode(), msgspec.json.encode(each)


def vote(annotator_id: str, label: str, weight: float) -> Scored:
    return Scored("", "t", annotator_id, "animals", label, 30, "", [], weight)


def counted(votes: Sequence[Scored]) -> Label:
    task = Task()
    *early, last = (count(task, each) for each in votes)
    assert early == [None] * len(early)
    assert last is not None
    return last


def test_an_annotator_is_scored_by_the_running_mean_over_ten_good_annotations_and_their_own() -> None:
    annotator = Annotator()
    seen = [score(annotator, annotation("t", "a", "cat", seconds)) for seconds in (4, 700, 10)]
    assert [each.flags for each in seen] == [["too_fast"], ["too_slow"], []]
    assert [each.quality_score for each in seen] == pytest.approx([10.3 / 11, 11.1 / 12, 12.1 / 13])
    assert (annotator.annotations, annotator.too_fast, annotator.too_slow) == (3, 1, 1)
    assert annotator.mean_time_s == pytest.approx(238)


@pytest.mark.parametrize(
    ("votes", "label", "share"),
    [
        ([("a", "cat", 0.6), ("b", "dog", 0.9), ("c", "cat", 0.6)], "cat", 1.2 / 2.1),
        ([("a", "cat", 0.4), ("b", "dog", 0.9), ("c", "cat", 0.4)], "dog", 0.9 / 1.7),
        ([("a", "owl", 0.5), ("b", "dog", 0.5), ("c", "cat", 0.4)], "dog", 0.5 / 1.4),
    ],
)
def test_the_label_is_the_heaviest_class_and_of_equal_ones_the_first_by_name_in_any_order_of_the_votes(
    votes: list[tuple[str, str, float]], label: str, share: float
) -> None:
    for order in itertools.permutations(votes):
        found = counted([vote(*each) for each in order])
        assert (found.label, found.votes) == (label, 3)
        assert found.vote_share == pytest.approx(share)


def test_what_comes_after_the_third_vote_changes_nothing() -> None:
    votes = [annotation("t", who, label) for who, label in (("a", "cat"), ("b", "cat"), ("c", "owl"))]
    late = [annotation("t", who, "owl") for who in "def"]
    encoded = [msgspec.json.encode(each) for each in (*votes, *late)]
    assert reference.serial_answer(encoded) == reference.serial_answer(encoded[:3])


def test_every_task_gets_three_votes_whose_majority_is_the_label() -> None:
    votes = list(workload.votes(2 * workload.BLOCK))
    assert len(votes) == 2 * workload.BLOCK * workload.VOTES
    answers = workload.serial_answer(votes)
    assert answers.keys() == {key.decode() for _, key, _ in workload.tasks(2 * workload.BLOCK)}
    assert {each.label for each in answers.values()} == set(workload.CLASSES)


def test_input_on_which_weight_and_number_disagree_is_refused() -> None:
    hasty = [annotation(f"{who}-{number}", who, "cat", seconds=1) for who in "ab" for number in range(100)]
    disputed = [annotation("t", who, label) for who, label in (("a", "cat"), ("b", "cat"), ("c", "owl"))]
    with pytest.raises(ValueError, match="task t: owl by weight, but not by number"):
        workload.serial_answer([message(each) for each in (*hasty, *disputed)])


def test_a_backlog_is_whole_tasks_and_those_to_warm_up_with() -> None:
    votes = list(workload.votes(3 * workload.BLOCK))
    backlog = Backlog.of(workload.BLOCK, workload.BLOCK, votes)
    assert [*backlog.first, *backlog.rest] == votes[: 2 * workload.BLOCK * workload.VOTES]
    assert backlog.tasks == 2 * workload.BLOCK
    assert backlog.expected.items() <= workload.serial_answer(votes).items()
    with pytest.raises(ValueError, match="1500 tasks, but"):
        Backlog.of(workload.BLOCK, workload.BLOCK // 2, votes)


@pytest.mark.parametrize(
    ("labels", "faults"),
    [
        ([("a", ("cat", 0.6)), ("b", ("dog", 1.0))], []),
        ([("a", ("cat", None)), ("b", ("dog", None))], []),
        ([("a", ("cat", 0.6 + 1e-15)), ("b", ("dog", 1.0))], []),
        ([("a", ("cat", 0.6))], ["1 labels missing"]),
        ([("a", ("cat", 0.6)), ("b", ("owl", 1.0))], ["1 labels wrong"]),
        ([("a", ("cat", 0.61)), ("b", ("dog", 1.0))], ["1 labels wrong"]),
        ([("a", ("cat", 0.6)), ("b", ("dog", 1.0)), ("b", ("dog", 1.0))], ["1 labels more than one a task"]),
        ([("a", ("cat", 0.6)), ("b", ("dog", 1.0)), ("c", ("dog", 1.0))], ["1 labels of unknown tasks"]),
    ],
)
def test_anything_but_one_right_label_a_task_is_a_fault(labels: list[tuple[str, Answer]], faults: list[str]) -> None:
    assert compare(labels, {"a": Label("a", "cat", 0.6, 3), "b": Label("b", "dog", 1.0, 3)}) == faults


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


def beside(**rounds: Sequence[Round]) -> SideBySide:
    """All at ten annotations a second in two rounds, but for those given."""
    return SideBySide({kind.key: rounds.get(kind.key, [TEN_PER_SECOND] * 2) for kind in IMPLEMENTATIONS})


def results(found: SideBySide) -> Results:
    return Results({"processor": "a chip"}, False, {"throughput": found}, found.aims())


SLOW = replace(TEN_PER_SECOND, seconds=100)
WRONG = replace(TEN_PER_SECOND, faults=("3 labels wrong",))


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    quick = replace(TEN_PER_SECOND, seconds=5)
    found = beside(engine=[TEN_PER_SECOND, quick, TEN_PER_SECOND], faust_tuned=[SLOW, SLOW, quick])
    assert found.ratio("engine_vs_faust") == Spread(10, 0.5, 20)


def test_every_implementation_has_a_row_and_a_backlog_of_its_pace() -> None:
    first = [cells(line)[0] for line in beside().markdown().splitlines()[2:]]
    assert first == [kind.title for kind in IMPLEMENTATIONS]
    assert len(set(first)) == len({kind.key for kind in IMPLEMENTATIONS}) == len(IMPLEMENTATIONS)
    for extent in (side_by_side.FULL, side_by_side.QUICK):
        assert {kind.pace for kind in IMPLEMENTATIONS} == extent.blocks.keys()


def test_wrong_labels_void_a_row_and_every_ratio_it_is_in() -> None:
    found = beside(engine=[TEN_PER_SECOND, WRONG], faust_tuned=[SLOW] * 2)
    rows = {cells(line)[0]: cells(line)[2:] for line in found.markdown().splitlines()}
    assert rows["goldstream's engine"] == ["void", "void", "void", "void", "100", "1 of 2"]
    assert rows["Faust, tuned"] == ["1", "50,000", "10,000", "1", "100", "2 of 2"]
    assert [name for name in RATIOS if found.ratio(name) is None] == list(RATIOS)
    assert results(found).faults == ["throughput: goldstream's engine, round 2: 3 labels wrong"]
    assert results(found).verdict()[0] == "void: throughput: goldstream's engine, round 2: 3 labels wrong"
    assert not any(line.startswith("missed") for line in results(found).verdict())


def test_a_missed_aim_is_said_with_its_figure_and_voids_nothing() -> None:
    found = beside(faust_tuned=[SLOW] * 2)
    assert results(found).faults == []
    missed = [line for line in results(found).verdict() if line.startswith("missed")]
    assert missed == [
        "missed: annotations a second, goldstream's engine / Faust, tuned 10.00, should be >= 15.00",
        "missed: annotations a second, goldstream's engine / Quix Streams, exactly once 1.00, should be >= 4.00",
        "missed: annotations a second, goldstream's engine / Kafka Streams, exactly once 1.00, should be >= 1.50",
    ]
    assert results(found).verdict()[-1].startswith("A missed aim is a finding, not a failure")


@pytest.mark.parametrize(
    ("figure", "at_least", "verdict"),
    [(2.0, True, "met"), (1.9, True, "missed"), (2.0, False, "met"), (2.1, False, "missed"), (None, True, "void")],
)
def test_an_aim_is_met_at_its_bound(figure: float | None, at_least: bool, verdict: str) -> None:
    assert Aim("something", figure, 2.0, at_least).row()[-1] == verdict


def test_results_are_plain_data_with_the_ratios_on_top() -> None:
    data = results(beside(faust_tuned=[SLOW] * 2)).as_json()
    assert msgspec.json.decode(msgspec.json.encode(data)) == data
    assert data["ratios"].keys() == RATIOS.keys()
    assert data["ratios"]["engine_vs_faust"] == 10.0
    assert data["parts"]["throughput"]["ratios"]["engine_vs_faust"] == {"median": 10.0, "least": 10.0, "most": 10.0}
    assert data["parts"]["throughput"]["rounds"]["faust_tuned"][0]["per_second"] == 1.0


def test_what_failed_is_void_and_says_why_in_a_line() -> None:
    failed = Round.void(100, "it did not get ready:\nstarting\nValueError: no port\n")
    found = beside(faust_tuned=[TEN_PER_SECOND, failed])
    assert found.ratio("engine_vs_faust") is None
    assert found.ratio("product_vs_engine") == Spread(1, 1, 1)
    data = Results({}, False, {"throughput": found, "restore": Failed("restore", "no room left")}, found.aims())
    assert data.verdict()[:2] == [
        "void: throughput: Faust, tuned, round 2: it did not get ready: ... ValueError: no port",
        "void: restore: no room left",
    ]
    assert ["all of it", "void"] in [cells(line) for line in data.markdown().splitlines()]
    assert data.as_json()["ratios"]["engine_vs_faust"] is None
    json.dumps(data.as_json(), allow_nan=False)


def test_each_version_is_of_what_it_names() -> None:
    described = machine.describe()
    assert described["kafka streams"] == described["kafka"]
    assert "unknown" not in described.values()


def test_parts_are_told_apart_by_their_names() -> None:
    assert len({part.name for part in PARTS}) == len(PARTS)


_CHOICES = """
from benchmarks.peers import faust_app
from faust.utils import json
app = faust_app.create_app("localhost:9", "peer", 1)
print(json.orjson is not None, app.conf.producer_linger, app.conf.broker_max_poll_records)
"""


@pytest.mark.parametrize(("tuned", "choices"), [(False, "False 0.0 None"), (True, "True 0.02 500")])
def test_the_peer_is_faust_as_it_comes_unless_tuned(tuned: bool, choices: str) -> None:
    kept = {name: value for name, value in os.environ.items() if name != "PEER_TUNED"}
    told = {"PYTHONPATH": str(ROOT)} | ({"PEER_TUNED": "1"} if tuned else {})
    done = subprocess.run(
        [sys.executable, "-c", _CHOICES], env=kept | told, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.strip() == choices, done.stderr

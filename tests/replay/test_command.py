"""`goldstream replay` and `goldstream simulate` as their users meet them."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from streams import cli
from streams.replay import crowd_kit
from tests.replay.histories import file, truths, votes
from tests.simulator.drawn import drawn_file

KEYS = {"accuracy_first", "accuracy", "macro_f1", "votes_used_share", "ece", "seconds", "us_per_annotation"}

MISSING = "is missing, there are task, worker, label; name the right one with --time-column"
NAMES = "expected two or more different names with commas between them"
EITHER = "exclude each other: the labels are classes or steps of a scale"


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    return drawn_file(tmp_path / "herd", "adversaries", seed=2, tasks=120)


def printed(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run `goldstream replay`, and return what it prints; nothing may be told on standard error."""
    assert cli.run(["replay", *map(str, arguments)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def as_json(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(printed(capsys, "--json", *arguments))
    return found


def refused(capsys: pytest.CaptureFixture[str], code: int, *arguments: object) -> str:
    """Run `goldstream replay`, which must end with `code` and one line; return that line."""
    assert cli.run(["replay", *map(str, arguments)]) == code
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    return str(line).removeprefix("goldstream: ").removesuffix(" (see goldstream replay --help)")


def test_json_has_an_object_for_each_file(campaign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = votes(tmp_path / "plain.csv", "t1 ann duck", "t1 bob duck", "t2 bob swan")
    herd, plain = as_json(capsys, campaign, other)
    assert [(one["name"], one["annotations"], one["tasks"]) for one in (herd, plain)] == [
        ("herd", 600, 120),
        ("plain", 3, 2),
    ]
    assert set(herd) >= KEYS
    assert set(herd["methods"]) == {"reliability", "majority"}
    assert set(herd["methods"]["majority"]) >= KEYS
    assert 0.5 < herd["methods"]["majority"]["accuracy"] < herd["accuracy"] <= 1
    assert herd["votes_used_share"] == 1.0
    assert plain["accuracy"] is None
    assert plain["methods"]["majority"]["macro_f1"] is None


def test_seeds_are_averaged(campaign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (both,) = as_json(capsys, campaign, "--order", "random", "--seeds", 2, "--gold-share", 0.2)
    (first,) = as_json(capsys, campaign, "--order", "random", "--gold-share", 0.2)
    assert both["gold"] == first["gold"] == 24
    assert both["accuracy"] != first["accuracy"]


def test_policies_are_compared(campaign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = as_json(capsys, campaign, "--policy", "uniform", "--policy", "reliability", "--redundancy", 3)
    assert list(found["methods"]) == ["uniform", "reliability", "majority"]
    assert found["accuracy"] == found["methods"]["uniform"]["accuracy"]
    assert found["votes_used_share"] < 1


def test_a_scale_has_its_errors_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = drawn_file(tmp_path / "scale", "ordinal", tasks=60)
    (found,) = as_json(capsys, path, "--ordinal", "0,1,2,3,4")
    assert found["methods"]["majority"]["mae"] < 0.6
    assert found["methods"]["majority"]["spearman"] > 0.6
    (classes,) = as_json(capsys, path)
    assert "mae" not in classes


@pytest.mark.parametrize(
    "methods",
    [("MajorityVote", "Wawa", "DawidSkene"), pytest.param(crowd_kit.METHODS, marks=pytest.mark.slow)],
)
def test_crowd_kit_is_in_the_same_table(
    methods: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("crowdkit")
    monkeypatch.setattr(crowd_kit, "METHODS", methods)
    path = drawn_file(tmp_path / "herd", "adversaries", tasks=8)
    (found,) = as_json(capsys, path, "--compare", "crowd-kit")
    assert set(found["methods"]) == {"reliability", "majority", *methods}
    assert all(0 < one["accuracy"] <= 1 and 0 <= one["ece"] <= 1 for one in found["methods"].values())


def test_the_summary_says_what_a_team_can_act_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = drawn_file(tmp_path / "herd", "adversaries", seed=2, tasks=400)
    lines = printed(capsys, path).splitlines()
    assert lines[0] == "herd: 2,000 annotations of 400 tasks by 60 annotators; 400 with known truth"
    said = {line[2:13].strip(): line for line in lines[2:] if line[2:13].strip()}
    assert "2,000 were paid, 5.0 a task" in said["votes"]
    assert {"labels", "people", "fixed rule"} <= set(said)
    personas = {one["annotator"]: one["persona"] for one in csv.DictReader((path.parent / "annotators.csv").open())}
    start = lines.index(said["people"]) + 1
    named = [line.split(":")[0].strip() for line in lines[start : start + 5]]
    assert {personas[name] for name in named} <= {"adversary", "random_spammer", "constant_spammer"}


def test_names_from_files_cannot_command_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"t{n},w{who},\x1b[31m{'a' if who else 'b'}" for n in range(30) for who in range(3)]
    path = file(tmp_path / "a.csv", "\n".join(["task,worker,label", *rows]))
    assert "\x1b" not in printed(capsys, path)


def test_the_files_that_are_written(campaign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = {name: tmp_path / f"{name}.csv" for name in ("labels", "annotators", "recheck")}
    printed(capsys, campaign, "--json", *(part for name, path in out.items() for part in (f"--{name}", path)))
    labels, annotators, recheck = (list(csv.DictReader(path.open())) for path in out.values())
    assert {row["task"] for row in labels} == {f"task-{n:06d}" for n in range(120)}
    assert {row["status"] for row in labels} <= {"settled", "undecided"}
    assert sum(json.loads(labels[0]["distribution"]).values()) == pytest.approx(1, abs=1e-4)
    assert sum(int(row["annotations"]) for row in annotators) == 600
    assert all(row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"] for row in annotators)
    sureness = [float(row["confidence"]) for row in recheck]
    assert sureness == sorted(sureness)
    assert {row["task"] for row in recheck} >= {row["task"] for row in labels if row["status"] == "undecided"}
    lines = tmp_path / "labels.jsonl"
    printed(capsys, campaign, "--json", "--labels", lines)
    assert [json.loads(line)["task"] for line in lines.read_text().splitlines()] == [row["task"] for row in labels]


def test_a_figure_is_drawn(campaign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    printed(capsys, campaign, "--plot", tmp_path / "out.svg")
    assert "<svg" in (tmp_path / "out.svg").read_text()[:500]
    assert refused(capsys, 1, campaign, "--plot", tmp_path / "out.xyz").startswith(
        f"{tmp_path}/out.xyz: cannot be drawn"
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("--order time", "{file}: --order time needs a column of times; name it with --timestamp-column"),
        (
            "--time-column ms",
            "{file}:1: column 'ms': is missing, there are task, worker, label; name the right one with --time-column",
        ),
        ("--classes a,b", "{file}:2: column 'label': expected one of a, b (--classes), got 'duck'"),
        ("--labels {folder}/none/l.csv", "{folder}/none/l.csv: cannot be written: there is no folder {folder}/none"),
    ],
)
def test_what_is_wrong_with_the_file_is_one_line(
    arguments: str, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = votes(tmp_path / "a.csv", "t1 ann duck", "t1 bob swan")
    flags = arguments.format(folder=tmp_path).split()
    assert refused(capsys, 1, "--json", path, *flags) == line.format(file=path, folder=tmp_path)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("", "Missing argument 'FILE...'."),
        ("none.csv", "Invalid value for 'FILE...': File 'none.csv' does not exist."),
        ("{file} --redundancy 65", "Invalid value for '--redundancy': expected 1 to 64, or all, got '65'"),
        ("{file} --redundancy some", "Invalid value for '--redundancy': expected 1 to 64, or all, got 'some'"),
        ("{file} --gold-share 2", "Invalid value for '--gold-share': 2.0 is not in the range 0<=x<=1."),
        (
            "{file} --classes a",
            "Invalid value for '--classes': expected two or more different names with commas between them, got 'a'",
        ),
        (
            "{file} --ordinal a,,b",
            "Invalid value for '--ordinal': expected two or more different names with commas between them, got 'a,,b'",
        ),
        (
            "{file} --classes a,b --ordinal a,b",
            "--classes and --ordinal exclude each other: the labels are classes or steps of a scale",
        ),
        ("{file} {file} --recheck r.csv", "--recheck takes one FILE, got 2"),
        ("{file} --compare others", "Invalid value for '--compare': 'others' is not 'crowd-kit'."),
    ],
)
def test_a_wrong_flag_is_one_line(
    arguments: str, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = votes(tmp_path / "a.csv", "t1 ann duck", "t1 bob swan")
    assert refused(capsys, 2, *arguments.format(file=path).split()) == line


def test_a_policy_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = votes(tmp_path / "a.csv", "t1 ann duck", "t1 bob swan")
    line = refused(capsys, 2, path, "--policy", "random")
    assert line.startswith("--policy: weighting: Input should be 'reliability', ")


def test_a_task_may_close_as_soon_as_it_is_sure(campaign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = as_json(capsys, campaign, "--target-confidence", 0.9)
    assert 0.4 <= found["votes_used_share"] < 1
    assert found["unlabelled"] == 0
    assert refused(capsys, 2, campaign, "--target-confidence", 0.4).startswith(
        "Invalid value for '--target-confidence'"
    )


@pytest.mark.parametrize(
    ("module", "flags", "line"),
    [
        (
            "crowdkit",
            "--compare crowd-kit",
            "--compare crowd-kit needs the extra compare: pip install 'goldstream[compare]'",
        ),
        ("matplotlib", "--plot {folder}/a.svg", "--plot needs the extra plot: pip install 'goldstream[plot]'"),
    ],
)
def test_an_extra_that_is_missing_is_named(
    module: str,
    flags: str,
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    path = votes(tmp_path / "a.csv", "t1 ann duck", "t1 bob swan")
    assert refused(capsys, 1, "--json", path, *flags.split()).endswith(line)


def test_simulate_writes_what_replay_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "drift"
    assert cli.run(["simulate", "--out", str(out), "--preset", "drift", "--tasks", "40", "--classes", "3"]) == 0
    said = f"200 annotations of 40 tasks by 60 annotators, 3 classes: {out / 'annotations.csv'}\n"
    assert capsys.readouterr().out == said
    (found,) = as_json(capsys, out / "annotations.csv", "--order", "time")
    assert (found["name"], found["annotations"], found["with_truth"]) == ("drift", 200, 40)


def test_simulate_refuses_more_votes_than_annotators(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["simulate", "--out", str(tmp_path), "--annotators", "4"]) == 2
    assert capsys.readouterr().err == (
        "goldstream: redundancy: expected at most as many as annotators, 4 (see goldstream simulate --help)\n"
    )


def test_simulate_names_a_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = file(tmp_path / "taken", "")
    assert cli.run(["simulate", "--out", str(taken / "inside")]) == 1
    assert capsys.readouterr().err == f"goldstream: --out {taken / 'inside'}: cannot be written: Not a directory\n"


def test_the_public_sets_have_the_majority_they_are_known_for(dataset: Any, capsys: pytest.CaptureFixture[str]) -> None:
    expected = {"snow_rte": 0.8969, "bluebirds": 0.7593, "music_genre": 0.7042}
    found = as_json(capsys, *map(dataset, expected), "--order", "random")
    assert {one["name"]: round(one["methods"]["majority"]["accuracy"], 4) for one in found} == expected
    assert all(one["refused"] == {} and one["unlabelled"] == 0 for one in found)


def test_a_truth_file_may_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = votes(tmp_path / "a.csv", "t1 ann duck", "t1 bob duck", "t2 ann swan")
    truth = truths(tmp_path / "b.csv", "t1 duck", "t2 duck")
    (found,) = as_json(capsys, path, "--truth", truth)
    assert (found["accuracy"], found["accuracy_first"], found["with_truth"]) == (0.5, 0.5, 2)


def test_ratings_are_nearer_to_the_truth_than_the_plain_mean(dataset: Any, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = as_json(capsys, dataset("web_search"), "--ordinal", "0,1,2,3,4", "--order", "random")
    plain = found["methods"]["majority"]
    assert found["mae"] < plain["mae"]
    assert found["spearman"] > plain["spearman"]

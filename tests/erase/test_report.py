"""The report, from what was found, and until when it says that things remain."""

from __future__ import annotations

import io
import json

import pytest

from schemas import ErasureKind
from streams import cli
from streams.erase import remains, report
from streams.erase.asking import Progress, key_of, request
from streams.erase.remains import COMPACTED, REQUESTS, WHERE, Configs, Remains
from streams.erase.report import Outcome
from streams.topics import TOPICS

DAY = 86_400_000


def told_of(**configs: str) -> Configs:
    return {"annotations": {name.replace("_", "."): value for name, value in configs.items()}}


def outcome(*left: Remains, missing: bool = False, problems: tuple[str, ...] = ()) -> Outcome:
    progress = Progress(frozenset({("tasks", 0)} if missing else ()))
    return Outcome(request(ErasureKind.annotator, "ann", "ops", "why"), progress, 3, problems, left)


def test_a_record_may_stay_as_long_as_its_segments_newest_one() -> None:
    kept = told_of(retention_ms=str(30 * DAY), segment_ms=str(DAY))
    assert remains._end(kept, "annotations", 1_000, 30 * DAY) == 1_000 + 31 * DAY
    assert remains._end(told_of(), "annotations", 1_000, 30 * DAY) == 1_000 + 37 * DAY
    assert remains._end(told_of(), "annotations", 1_000, None) is None


@pytest.mark.parametrize("lag", [None, "9223372036854775807"])
def test_without_a_bound_on_compaction_it_says_so(lag: str | None) -> None:
    configs = {} if lag is None else {"max_compaction_lag_ms": lag}
    assert remains._compacted(told_of(**configs), "annotations").until_ms is None


def test_every_topic_that_may_name_an_annotator_or_a_task_is_told_of() -> None:
    silent = {
        ErasureKind.annotator: {
            *("tasks", "gold", "reviews", "labels", "labels.latest", "project-deltas", "agreement"),
        },
        ErasureKind.task: {"annotators", "retractions", "erasures.a"},
    }
    neither = {"projects", "globals.a", "globals.t", "ticks.a", "ticks.t", "erasures.done"}
    for kind, others in silent.items():
        told = {*WHERE[kind], *COMPACTED[kind]}
        assert set(TOPICS) - told == others | neither
    assert {topic for kind in WHERE for topic in WHERE[kind]} <= {
        name for name, topic in TOPICS.items() if topic.cleanup == "delete"
    }


def test_the_report_never_holds_the_id_and_ends_with_a_verdict() -> None:
    whole = outcome(Remains("annotations", 2, 400 * DAY, "kept"), Remains("labels", 0, 0, "nothing"))
    assert '"ann"' not in report.as_json(whole)
    assert json.loads(report.as_json(whole))["remains"][0]["until"] == "1971-02-05T00:00:00+00:00"
    assert "ann" not in [word for line in report.as_text(whole) for word in line.split()]
    assert report.verdict(whole) == "annotator erased; the last of it is gone by 1971-02-06"
    assert "without a bound" in report.verdict(outcome(Remains("gold", None, None, "no bound")))
    assert "not everything could be done" in report.verdict(outcome(problems=("p",)))
    assert "NOT erased everywhere" in report.verdict(outcome(missing=True))


def test_who_asks_again_replaces_what_was_asked_and_nothing_else() -> None:
    one, again = (request(ErasureKind.annotator, "ann", "ops", "why") for _ in range(2))
    assert one.pseudonym != again.pseudonym
    assert key_of(one) == key_of(again)
    assert len({key_of(one), key_of(request(ErasureKind.task, "ann", "ops", "why"))}) == 2
    assert key_of(one) != key_of(request(ErasureKind.annotator, "bob", "ops", "why"))


def test_a_request_that_is_not_confirmed_is_said_to_be_there() -> None:
    told = remains._asked({"erasures.t": {"retention.ms": str(30 * DAY), "segment.ms": str(DAY)}}, "erasures.t")
    assert "until a run of this is confirmed" in told.why
    assert told.until_ms
    assert {name for name in TOPICS if name.startswith("erasures.") and name != "erasures.done"} == REQUESTS


def test_requests_have_pseudonyms_that_nothing_leads_to() -> None:
    made = {request(ErasureKind.annotator, "ann", "ops", "why").pseudonym for _ in range(100)}
    assert len(made) == 100
    assert not [one for one in made if "ann" in one]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("annotator", "", "--reason", "x", "--yes"), "ID: expected 1 to 200 characters"),
        (("annotator", "a\tb", "--reason", "x", "--yes"), "ID: expected 1 to 200 characters"),
        (("task", "a" * 201, "--reason", "x", "--yes"), "ID: expected 1 to 200 characters"),
        (("annotator", "\udcff", "--reason", "x", "--yes"), "ID: expected UTF-8"),
        (("annotator", "bob", "--reason", "bob asked", "--yes"), "--reason: names what is to be erased"),
        (("annotator", "bob", "--reason", "x", "--actor", "bob", "--yes"), "--actor: names what is to be erased"),
        (("annotator", "bob", "--reason", "", "--yes"), "--reason: "),
        (("annotator", "bob", "--reason", "x"), "--yes: must be given where nobody can be asked"),
        (("annotator", "bob"), "Missing option '--reason'"),
    ],
)
def test_what_is_wrong_is_one_line_before_anything_connects(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert cli.run(["erase", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert told in said

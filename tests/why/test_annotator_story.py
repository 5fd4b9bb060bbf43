"""The story of an annotator: the counts it tells are those that the annotator side keeps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import schemas
from streams.quality.annotator_state import Stats
from streams.quality.annotators import AnnotatorSide
from streams.quality.keys import key
from streams.replay.state import LiveState, apply
from streams.why.annotator_story import AnnotatorStory
from streams.why.folding import folded
from streams.why.found import Found
from tests.quality.sent import event, outcome
from tests.why.made import found, told

EXAMPLES = Path(schemas.__file__).parent / "examples"
KINDS = ("gold", "consensus", "attention", "training")
DAY = 86_400_000


@st.composite
def outcomes(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Outcomes of two projects; what is taken back was told, and not yet taken back."""
    sent: list[dict[str, Any]] = []
    standing: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, 25))):
        if standing and draw(st.sampled_from([0, 1])):
            sent.append({**standing.pop(draw(st.integers(0, len(standing) - 1))), "sign": -1})
            continue
        one = outcome(
            f"x{number}",
            project=draw(st.sampled_from(["birds", "fish"])),
            kind=draw(st.sampled_from(KINDS)),
            correct=draw(st.booleans()),
        )
        sent.append(one)
        standing.append(one)
    return sent


@given(outcomes())
def test_the_running_counts_are_those_of_the_annotator_side(sent: list[dict[str, Any]]) -> None:
    side, state, story = AnnotatorSide(), LiveState(), AnnotatorStory("ann")
    for offset, body in enumerate(sent):
        apply(side, state, event(side, "outcomes", "ann", body, offset=offset))
        line = story.tell(found("outcomes", body, offset))
        stats = state.get(key("s", "ann", body["project"]), Stats) or Stats()
        counts = {kind: line.more["counts"].get(kind, {"n": 0, "right": 0}) for kind in KINDS}
        assert counts == {
            "gold": {"n": stats.gold_n, "right": stats.gold_correct},
            "consensus": {"n": stats.consensus_n, "right": stats.consensus_agree},
            "attention": {"n": stats.attention_n, "right": stats.attention_correct},
            "training": {"n": stats.training_n, "right": stats.training_correct},
        }


def scored(task_id: str, action: str = "submit", **more: Any) -> dict[str, Any]:
    return {"annotator_id": "ann", "task_id": task_id, "project": "birds", "action": action, "reliability": 0.8, **more}


@given(outcomes(), st.lists(st.integers(0, 3), max_size=5), st.data())
def test_told_together_no_fact_is_lost_and_the_last_counts_stand(
    sent: list[dict[str, Any]], decisions: list[int], data: st.DataObject
) -> None:
    records = [found("outcomes", body, n, data.draw(st.integers(0, 3)) * DAY) for n, body in enumerate(sent)]
    records += [found("annotators", {"actor": "mara"}, n, day * DAY) for n, day in enumerate(decisions)]
    lines, _ = told("ann", records)
    fewer = list(folded(lines))
    assert sum(line.more.get("facts", 1) for line in fewer) == len(lines)
    assert [line.found for line in fewer if line.kind == "decided"] == [
        line.found for line in lines if line.kind == "decided"
    ]
    assert {line.found.place for line in fewer} <= {line.found.place for line in lines}
    for line in fewer:
        assert (line.found, line.more.get("counts")) in [(one.found, one.more.get("counts")) for one in lines]


def test_a_stretch_of_work_is_one_line_up_to_what_matters() -> None:
    records = [
        *(found("annotations.scored", scored(f"t{n}", label="wren"), n, 10 + n) for n in range(3)),
        *(found("outcomes", outcome(f"x{n}", correct=n > 0, kind="consensus"), n, 20 + n) for n in range(3)),
        found("quality-events", {"kind": "too_fast", "project": "birds", "value": 2.0, "threshold": 5.0}, 0, 24),
        found("annotators", {"actor": "mara", "reason": "passed", "tier": "trained"}, 0, 30),
        *(found("outcomes", outcome(f"y{n}", correct=n > 0, truth="robin"), 10 + n, 40 + n) for n in range(2)),
        found("outcomes", outcome("x1", sign=-1, kind="consensus"), 12, 50),
        found("annotators", {"actor": "mara", "tier": "trained", "active": False, "reason": "left"}, 1, 60),
    ]
    lines, summary = told("ann", records)
    counts = "right on gold 1 of 2 (.50), with the others 1 of 2 (.50)"
    assert [line.text for line in folded(lines)] == [
        "3 answers, too fast once, with the others 2 of 3 (.67)",
        "entered as human, tier trained, active by mara: passed",
        f"right on gold 1 of 2 (.50), 1 outcome taken back; in all now {counts}",
        "made inactive by mara: left",
    ]
    assert summary == (
        "Annotator ann is human, tier trained, not active, last decided by mara: left. Answered 3 times on 3 tasks. "
        f"In birds: {counts}, reliability .80 when last scored. Noticed: too fast once."
    )


def test_labels_that_followed_from_what_they_did_are_told_with_it() -> None:
    before = {"version": 1, "answers": {"q": {"label": "wren", "confidence": 0.9}}}
    after = {"version": 2, "supersedes": 1, "task_id": "t1", "answers": {}, "reason": "reopened"}
    label = found("labels", after, 7, 20)
    story = AnnotatorStory("ann", {label.place: before})
    story.tell(found("annotations.scored", scored("t1", "withdraw"), 0, 20))
    assert story.tell(label).text == (
        "label of t1: version 1, wren (.90), became version 2, reopened, after they withdrew the answer"
    )
    unknown = AnnotatorStory("ann", {label.place: None}).tell(label)
    assert "version 2, reopened, took the place of version 1 after they answered" in unknown.text
    assert "1 label superseded after what they did: t1: version 1" in story.summary()


def test_a_change_of_standing_is_told_with_its_numbers() -> None:
    events = [json.loads(line) for line in (EXAMPLES / "quality-events.jsonl").read_text().splitlines()]
    (event, *_) = [event for event in events if event["kind"] == "standing_training"]
    lines, summary = told("ann-1", [found("quality-events", event)])
    assert lines[0].text.startswith("standing training on birds-1 (value .55, threshold .80, n 33, ")
    for number in (
        "task type classification",
        "reasons gold and speed",
        "low .38",
        "e value 41.38",
        "until 2026-",
        "spammer score .31",
    ):
        assert number in lines[0].text
    assert "Now training in birds, classification." in summary


def test_whoever_is_unknown_or_odd_is_told_all_the_same() -> None:
    assert told("ann", [])[1] == "Annotator ann has no entry by an administrator that can be seen."
    odd: dict[str, Any] = {
        "annotator_id": "ann",
        "kind": [1],
        "sign": "x",
        "correct": 3,
        "reliability": None,
        "tier": 4,
    }
    for topic in (
        "annotators",
        "annotations.scored",
        "outcomes",
        "quality-events",
        "labels",
        "dead-letters",
        "projects",
    ):
        lines, summary = told("ann", [found(topic, odd), found(topic, {}, 1), Found(topic, 0, 2, -1, None)])
        assert all(line.text.isprintable() for line in [*lines, *folded(lines)])
        assert summary


def test_a_decision_to_take_votes_back_is_told() -> None:
    asked = {"project": "p", "since": "2026-02-01T00:00:00Z"}
    body = {"actor": "mara", "reason": "answers were sold", "active": False, "retract_votes": asked}
    lines, _ = told("ann", [found("annotators", body)])
    assert lines[0].text.endswith("votes taken back in p since 2026-02-01T00:00:00Z by mara: answers were sold")

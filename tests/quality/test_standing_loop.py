"""Standings through all sides, as bytes between them: gold goes out, answers come back, and who guesses is found."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec

from streams.events import Output
from streams.replay.loop import Loop
from tests.quality.sent import T0

ACCURACY = {"ann": 0.95, "bob": 0.9, "cat": 0.9, "bot": 0.5}
CLASSES = ["wren", "tit"]
SANCTIONS = {"standing_training", "standing_paused"}


def test_who_guesses_is_sent_to_training_then_paused_and_nobody_else_is() -> None:
    taken: list[Output] = []
    loop = Loop(taken.append)
    draw = Random(8)
    at = T0

    def send(topic: str, key: str, body: dict[str, Any]) -> None:
        loop.send(topic, key, msgspec.json.encode(body), at)

    send("projects", "p", {"project": "p", "policy": {"redundancy": 4}})
    for number in range(240):
        task_id, truth = f"t{number}", draw.choice(CLASSES)
        at += 3_600_000
        send("ticks.a", "0", {"at": at})
        space = {"type": "classification", "classes": CLASSES}
        task = {"task_id": task_id, "project": "p", "task_type": "classification", "prompt": "Which?"}
        send("tasks", task_id, {**task, "questions": [{"question_id": "q", "label_space": space}]})
        if number % 2:
            send("gold", task_id, {"task_id": task_id, "project": "p", "answer": truth})
        for who, accuracy in ACCURACY.items():
            label = truth if draw.random() < accuracy else CLASSES[truth == "wren"]
            body = {"annotation_id": f"{who}-{number}", "task_id": task_id, "annotator_id": who, "project": "p"}
            times = {"time_spent_s": 20, "submitted_at": "2026-03-01T10:00:00Z"}
            send("annotations", who, {**body, **times, "label": label})

    events = [msgspec.json.decode(one.value or b"null") for one in taken if one.topic == "quality-events"]
    sanctions = [(one["annotator_id"], one["kind"]) for one in events if one["kind"] in SANCTIONS]
    assert sanctions[:2] == [("bot", "standing_training"), ("bot", "standing_paused")]
    assert {who for who, _ in sanctions} == {"bot"}
    scored = [msgspec.json.decode(one.value or b"null") for one in taken if one.topic == "annotations.scored"]
    assert {one["standing"] for one in scored if one["annotator_id"] == "ann"} <= {"active", "watched"}
    assert {one["standing"] for one in scored if one["annotator_id"] == "bot"} == {
        "active",
        "watched",
        "training",
        "paused",
    }
    work = next(one["work"] for one in events if one["kind"] == "standing_paused")
    assert work["quartiles_s"] is not None
    assert work["spammer_score"] is not None
    assert not loop.refused

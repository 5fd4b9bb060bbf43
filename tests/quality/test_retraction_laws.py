"""What is taken back never happened, through all three sides: votes, counts, agreement and final labels are the same.

With all votes weighing alike that is exact. With inferred weights, votes, what gold judges and agreement are exact
where no weight decides how many votes count; these depend on the path, each within a bound:

- versions of labels, of copies of counts, and of events: they only grow;
- which copies of an annotator's counts a task partition has, so weights by what a copy lags, `constants.RENEWED`;
- a posterior, told anew only when it moved by `constants.MOVED`, so counts by so much for each vote;
- consensus outcomes and labels where such a weight tips the balance; rounds of re-scoring, which bring them together;
- standings and what they rest on beside gold (drift, fatigue, hasty times): a sanction that was is told of;
- times and numbers of annotations, and ids of annotations seen: the time was spent;
- what a return asks for: it follows from the votes there were.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.events import Output
from streams.quality.annotator_state import Stats
from streams.quality.records import DAY_MS
from streams.quality.task_state import Task
from streams.replay.loop import Loop

AT = 1_760_000_000_000
TASKS = ("t0", "t1")
CLASSES = ("cat", "dog")
PEOPLE = ("a0", "a1", "a2", "a3", "a4", "a5")
BAD = "bad"

Record = tuple[str, str, dict[str, Any] | None]
law = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)

COUNTED = ("gold_n", "gold_correct", "consensus_n", "consensus_agree")


def project(**policy: Any) -> Record:
    return "projects", "p", {"project": "p", "policy": policy}


def task(task_id: str) -> Record:
    space = {"type": "classification", "classes": list(CLASSES)}
    questions = [{"question_id": "q", "label_space": space}]
    body = {"task_id": task_id, "project": "p", "task_type": "classification", "prompt": "?", "questions": questions}
    return "tasks", task_id, body


def said(who: str, task_id: str, number: int, label: str | None, action: str = "submit") -> Record:
    body = {
        "annotation_id": f"{who}-{number}",
        "task_id": task_id,
        "annotator_id": who,
        "project": "p",
        "action": action,
        "time_spent_s": 20,
        "submitted_at": "2026-01-01T00:00:00Z",
    }
    return "annotations", who, body | ({} if label is None else {"label": label})


def gold(task_id: str, answer: str | None) -> Record:
    return "gold", task_id, None if answer is None else {"task_id": task_id, "project": "p", "answer": answer}


def review(task_id: str, verdict: str, **more: Any) -> Record:
    body = {"task_id": task_id, "project": "p", "verdict": verdict, "actor": "eve", "reason": "seen"}
    return "reviews", task_id, body | more


def banned() -> Record:
    body = {"annotator_id": BAD, "actor": "eve", "reason": "bought", "retract_votes": {"project": "p"}}
    return "annotators", BAD, body


def played(records: Sequence[Record]) -> tuple[Loop, list[Output]]:
    """Return the sides after `records`, and after ticks until nothing is left to do."""
    outputs: list[Output] = []
    loop = Loop(outputs.append)
    for number, (topic, key, body) in enumerate(records):
        loop.send(topic, key, None if body is None else json.dumps(body).encode(), AT + 10 * number)
    for second in range(12):
        for topic in ("ticks.a", "ticks.t"):
            at = AT + DAY_MS // 2 + 1_000 * second
            loop.send(topic, "0", json.dumps({"at": at}).encode(), at)
    return loop, outputs


def votes(loop: Loop) -> dict[str, Any]:
    """Return of each task who says what, and how many of them count; of a known answer nobody counts."""
    found = {}
    for key, one in loop.tables["tasks"].values.items():
        if isinstance(one, Task):
            said = [(entry.annotator_id, entry.answers) for entry in one.entries]
            found[key] = (one.phase, said, one.counted if one.truth is None else None)
    return found


def counts(loop: Loop, *names: str) -> dict[str, Any]:
    """Return what was told of each annotator and not taken back."""
    found = {
        key: [getattr(one, name) for name in names]
        for key, one in loop.tables["annotators"].values.items()
        if isinstance(one, Stats)
    }
    return {key: numbers for key, numbers in found.items() if any(numbers)}


def agreement(outputs: Sequence[Output]) -> dict[Any, int]:
    """Return the sums of agreement, as they were told."""
    sums: dict[Any, int] = {}
    for output in outputs:
        if output.topic == "project-deltas" and output.tag == "agreement":
            for question in json.loads(output.value or b"")["agreement"]:
                for *place, value in question["sums"]:
                    name = (question["question"], *map(str, place))
                    sums[name] = sums.get(name, 0) + value
    return {name: value for name, value in sums.items() if value}


def final(outputs: Sequence[Output]) -> dict[str, Any]:
    """Return each task's newest label, without its version, its reason and what says that it was reviewed once."""
    found: dict[str, Any] = {}
    for output in outputs:
        if output.topic == "labels":
            body = json.loads(output.value or b"")
            kept = ("status", "answers", "votes", "non_answers", "closed_by", "needs_review")
            found[body["task_id"]] = {name: body[name] for name in kept}
    # Open again is what an open task is that never had a label.
    return {task_id: one for task_id, one in found.items() if one["status"] != "provisional"}


@st.composite
def campaigns(draw: st.DrawFn) -> tuple[list[Record], list[list[Record]]]:
    """Return what everybody else does, and histories that take back all they do, to be mixed in."""
    others: list[Record] = [task(task_id) for task_id in TASKS]
    steps = draw(st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(TASKS)), min_size=5, max_size=20))
    place: dict[tuple[str, str], None] = {}
    for number, (who, task_id) in enumerate(steps):
        action = "edit" if (who, task_id) in place else "submit"
        place[who, task_id] = None
        others.append(said(who, task_id, number, draw(st.sampled_from(CLASSES)), action))
    lanes: list[list[Record]] = []
    mine = draw(st.lists(st.sampled_from(TASKS), unique=True, min_size=1))
    lane = [said(BAD, task_id, number, draw(st.sampled_from(CLASSES))) for number, task_id in enumerate(mine)]
    if draw(st.booleans()):
        lane.append(banned())
    else:
        lane += [said(BAD, task_id, 100 + number, None, "withdraw") for number, task_id in enumerate(mine)]
    lanes.append(lane)
    golden = draw(st.lists(st.sampled_from(TASKS), unique=True, max_size=2))
    lanes += [[gold(task_id, draw(st.sampled_from(CLASSES))), gold(task_id, None)] for task_id in golden]
    return others, lanes


def mixed(draw: Any, lanes: Sequence[Sequence[Record]]) -> list[Record]:
    """Return the lanes in one, each in its own order; tasks first, so that nothing waits for one."""
    left = [list(lane) for lane in lanes if lane]
    found: list[Record] = []
    while left:
        lane = left[draw(st.integers(0, len(left) - 1))]
        found.append(lane.pop(0))
        left = [one for one in left if one]
    return found


def split(records: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    return list(records[: len(TASKS)]), list(records[len(TASKS) :])


UNIFORM = (
    {"weighting": "uniform", "redundancy": 2, "max_redundancy": 6, "min_agreement": 0.8},
    {"weighting": "uniform", "redundancy": 3, "max_redundancy": 3},
)


@law
@given(campaigns(), st.sampled_from(UNIFORM), st.data())
def test_what_is_taken_back_never_happened(
    campaign: tuple[list[Record], list[list[Record]]], policy: dict[str, Any], data: st.DataObject
) -> None:
    others, lanes = campaign
    published, rest = split(others)
    history = [project(**policy), *published, *mixed(data.draw, [rest, *lanes])]
    loop, outputs = played(history)
    clean, expected = played([project(**policy), *published, *rest])
    assert votes(loop) == votes(clean)
    assert counts(loop, *COUNTED) == counts(clean, *COUNTED)
    assert agreement(outputs) == agreement(expected)
    assert final(outputs) == final(expected)


@law
@given(campaigns(), st.data())
def test_with_inferred_weights_votes_gold_and_agreement_are_exact(
    campaign: tuple[list[Record], list[list[Record]]], data: st.DataObject
) -> None:
    others, lanes = campaign
    published, rest = split(others)
    # All votes count that there may be, whatever they weigh; and one task is gold all the time.
    policy = project(redundancy=7, max_redundancy=7)
    known = gold(TASKS[0], "cat")
    lanes = [lane for lane in lanes if lane[0][:2] != known[:2]]
    loop, outputs = played([policy, *published, known, *mixed(data.draw, [rest, *lanes])])
    clean, expected = played([policy, *published, known, *rest])
    assert votes(loop) == votes(clean)
    assert counts(loop, "gold_n", "gold_correct") == counts(clean, "gold_n", "gold_correct")
    assert agreement(outputs) == agreement(expected)


@law
@given(campaigns(), st.sampled_from(TASKS), st.sampled_from(["fix", "reject"]), st.booleans(), st.data())
def test_a_verdict_returned_leaves_what_a_return_alone_leaves(
    campaign: tuple[list[Record], list[list[Record]]],
    task_id: str,
    verdict: str,
    gold_too: bool,
    data: st.DataObject,
) -> None:
    others, _ = campaign
    published, rest = split(others)
    given_: dict[str, Any] = {"answer": "cat", "becomes_gold": gold_too} if verdict == "fix" else {}
    first, last = data.draw(st.tuples(st.integers(0, len(rest)), st.integers(0, len(rest))).map(sorted))
    policy = project(**UNIFORM[0])
    back = review(task_id, "return")
    with_verdict = [*rest[:first], review(task_id, verdict, **given_), *rest[first:last], back, *rest[last:]]
    without = [*rest[:last], back, *rest[last:]]
    loop, outputs = played([policy, *published, *with_verdict])
    clean, expected = played([policy, *published, *without])
    assert votes(loop) == votes(clean)
    assert counts(loop, *COUNTED) == counts(clean, *COUNTED)
    assert agreement(outputs) == agreement(expected)
    assert final(outputs) == final(expected)

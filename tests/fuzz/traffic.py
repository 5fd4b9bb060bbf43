"""Messages as they should be: contract examples, and campaigns over so few ids that everything meets everything."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.schemas.examples import VALID

NOW = 1_760_000_000_000
HOUR = 3_600_000
SOURCES = (
    "projects",
    "tasks",
    "gold",
    "reviews",
    "annotations",
    "annotators",
    "annotations.scored",
    "outcomes",
    "retractions",
    "project-deltas",
    "globals.a",
    "globals.t",
    "ticks.a",
    "ticks.t",
    "erasures.a",
    "erasures.t",
)
IDENTITY = {
    "projects": "project",
    "tasks": "task_id",
    "gold": "task_id",
    "reviews": "task_id",
    "annotations": "annotator_id",
    "annotators": "annotator_id",
    "annotations.scored": "task_id",
    "outcomes": "annotator_id",
    "project-deltas": "project",
    "globals.a": "project",
    "globals.t": "project",
}
"""Topic to the field that its key repeats."""

POOLS = {
    "project": ("p", "q"),
    "task_id": ("t0", "t1", "t2", "t3"),
    "annotator_id": ("a0", "a1", "a2", "a3", "a4", "a5"),
}
CLASSES = ("cat", "dog", "fox")
SPACES: dict[str, Any] = {
    "classification": {"type": "classification", "classes": list(CLASSES)},
    "free_text": {"type": "free_text", "max_chars": 50_000},
    "likert_scale": {"type": "likert_scale", "min": 1, "max": 5},
}

NAMED: tuple[tuple[list[str], dict[str, list[str]]], ...] = (
    (["cat", "dog", "fox"], {"canine": ["dog", "fox"], "tom": ["cat"]}),
    (["cat", "canine"], {"dog": ["canine"], "fox": ["canine"], "tom": ["cat"]}),
    (["tom", "dog", "fox"], {"cat": ["tom"], "canine": []}),
)
"""The classes of the named label space in turn, and what becomes of the others' on the way to them."""

Ids = dict[str, str]


def message(topic: str, now: int, rng: random.Random) -> dict[str, Any]:
    """Return a valid message of `topic`; what it holds may be shared, so it is copied before it is bent."""
    return _example(topic, rng) if rng.random() < 0.3 else MAKERS[topic](_ids(rng), now, rng)


def _example(topic: str, rng: random.Random) -> dict[str, Any]:
    body = dict(rng.choice(VALID[topic]))
    if rng.random() < 0.7:
        body |= {name: rng.choice(pool) for name, pool in POOLS.items() if name in body}
    if body.get("project_settings"):
        body["project_settings"] = body["project_settings"] | {"project": body["project"]}
    return body


def _ids(rng: random.Random) -> Ids:
    ids = {name: rng.choice(pool) for name, pool in POOLS.items()}
    if rng.random() < 0.9:
        ids["project"] = "q" if ids["task_id"] == "t3" else "p"
    return ids


def _project(ids: Ids, _: int, rng: random.Random) -> dict[str, Any]:
    redundancy = rng.randrange(1, 4)
    body = {
        "project": ids["project"],
        "policy": {"redundancy": redundancy, "max_redundancy": redundancy + rng.randrange(3)},
        "thresholds": {"min_gold": rng.randrange(1, 4)},
        "label_spaces": {"named": SPACES["classification"]},
    }
    if rng.random() < 0.3:
        change = _change(rng)
        body["label_spaces"] = {"named": change["after"]}
        body |= {"mappings": {"named": change["mapping"]}, "actor": "eve", "reason": "not told apart"}
    return body


def _change(rng: random.Random) -> dict[str, Any]:
    (before, _), (after, becomes) = rng.sample(NAMED, 2)
    return {
        "number": rng.randrange(1, 4),
        "space": "named",
        "before": {"type": "classification", "classes": before},
        "after": {"type": "classification", "classes": after},
        "mapping": {name: becomes[name] for name in before if name not in after},
        "change_id": "projects/0/1",
        "actor": "eve",
        "reason": "not told apart",
    }


def _globals(ids: Ids, now: int, rng: random.Random) -> dict[str, Any]:
    body = {"project": ids["project"], "version": 1, "policy_version": rng.randrange(1, 50)}
    kind = rng.random()
    if kind < 0.2:
        return body | {"removed": True}
    if kind < 0.4:
        return body | {"change": _change(rng)}
    return body | {"project_settings": _project(ids, now, rng)}


def _task(ids: Ids, _: int, rng: random.Random) -> dict[str, Any]:
    kind = rng.choice(["classification", *SPACES])
    questions = [{"question_id": "q", "label_space": SPACES[kind]}]
    if rng.random() < 0.2:
        questions.append({"question_id": "r", "label_space": "named"})
    body = {"task_id": ids["task_id"], "project": ids["project"], "task_type": kind, "questions": questions}
    return body | {"prompt": rng.choice("??!")}


def _gold(ids: Ids, _: int, rng: random.Random) -> dict[str, Any]:
    kind = rng.choice(["gold", "gold", "attention", "training"])
    return {"task_id": ids["task_id"], "project": ids["project"], "answer": _answer(rng), "kind": kind}


def _review(ids: Ids, _: int, rng: random.Random) -> dict[str, Any]:
    verdict = rng.choice(["accept", "fix", "reject", "return"])
    body: dict[str, Any] = {"task_id": ids["task_id"], "project": ids["project"], "verdict": verdict}
    if verdict == "fix":
        body["answer"] = _answer(rng)
    if verdict in {"accept", "fix"}:
        body["becomes_gold"] = rng.random() < 0.5
    if rng.random() < 0.2:
        body["expected_version"] = rng.randrange(4)
    return body | {"actor": "eve", "reason": "looked at it"}


def _annotator(ids: Ids, _: int, rng: random.Random) -> dict[str, Any]:
    return {"annotator_id": ids["annotator_id"], "actor": "eve", "active": rng.random() < 0.9}


def _retraction(ids: Ids, now: int, rng: random.Random) -> dict[str, Any]:
    body = {"retraction_id": f"annotators/0/{rng.randrange(1_000)}", "annotator_id": ids["annotator_id"]}
    project = ids["project"] if rng.random() < 0.5 else None
    since = rng.choice([0, now - HOUR])
    return body | {"project": project, "since": since, "until": now, "actor": "eve", "reason": "bought"}


def _tick(_: Ids, now: int, rng: random.Random) -> dict[str, Any]:
    return {"at": now + rng.choice([-HOUR, 0, 0, 0, 40 * 24 * HOUR])}


def _erasure(ids: Ids, _: int, rng: random.Random) -> dict[str, Any]:
    kind = rng.choice(["annotator", "annotator", "task"])
    number = f"{rng.randrange(1_000_000)}"
    body = {"erasure_id": number, "kind": kind, "id": ids[f"{kind}_id"], "pseudonym": f"erased-{number}"}
    return body | {"actor": "eve", "reason": "asked for"}


def _outcome(ids: Ids, _: int, rng: random.Random) -> dict[str, Any]:
    return {**VALID["outcomes"][0], **ids, "sign": rng.choice([1, 1, -1])}


def _delta(ids: Ids, _: int, rng: random.Random) -> dict[str, Any]:
    return {**rng.choice(VALID["project-deltas"]), "project": ids["project"], "changes": rng.choice([0, 1, 64])}


def _annotation(ids: Ids, _: int, rng: random.Random) -> dict[str, Any]:
    action = rng.choice(["submit"] * 5 + ["edit", "withdraw"])
    body: dict[str, Any] = ids | {
        "annotation_id": f"x{rng.randrange(100_000)}",
        "action": action,
        "time_spent_s": rng.choice([0, 2.5, 20, 900]),
        "submitted_at": "2026-01-01T10:00:00Z",
    }
    if action == "withdraw":
        return body
    return body | ({"non_answer": "broken_item"} if rng.random() < 0.1 else {"label": _answer(rng)})


def _scored(ids: Ids, now: int, rng: random.Random) -> dict[str, Any]:
    known = {"reliability": rng.random(), "reliability_n": 3, "tier": "crowd", "kind": "human", "policy_version": 1}
    return _annotation(ids, now, rng) | known | {"flags": [], "quality_score": 1.0}


def _answer(rng: random.Random) -> Any:
    one = rng.choice([*CLASSES, *CLASSES, rng.randrange(1, 7), "text " * rng.choice([1, 200, 4_000])])
    return one if rng.random() < 0.8 else {"q": one, "r": rng.choice(CLASSES)}


MAKERS: dict[str, Callable[[Ids, int, random.Random], dict[str, Any]]] = {
    "projects": _project,
    "tasks": _task,
    "gold": _gold,
    "reviews": _review,
    "annotations": _annotation,
    "annotators": _annotator,
    "annotations.scored": _scored,
    "outcomes": _outcome,
    "retractions": _retraction,
    "project-deltas": _delta,
    "globals.a": _globals,
    "globals.t": _globals,
    "ticks.a": _tick,
    "ticks.t": _tick,
    "erasures.a": _erasure,
    "erasures.t": _erasure,
}

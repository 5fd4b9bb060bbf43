"""The reference job as a Quix Streams app: one streaming dataframe, regrouped by task half-way.

``python quix_app.py`` runs it, in an environment that has `quix_requirements.txt` and nothing of this project.

As its documentation has it: `apply` with `stateful=True`, `group_by`, state in RocksDB with changelog topics, JSON by
orjson, which Quix Streams brings. Its consumers read committed records only, by default.

What differs from its defaults: `auto_offset_reset`, without which a backlog is not read at all; exactly-once commits
every second instead of every 5, because each stage waits for the commit of the one before it; the producer collects
for 50 ms instead of 5.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from quixstreams import Application, State

TOO_FAST_S, TOO_SLOW_S = 5.0, 600.0
TOO_FAST_FACTOR, TOO_SLOW_FACTOR = 0.3, 0.8
PRIOR = 10
REDUNDANCY = 3


def score(annotation: dict[str, Any], state: State) -> dict[str, Any]:
    """Count the annotation towards its author's running figures, and flag it."""
    annotator = state.get("annotator") or {
        "annotations": 0,
        "mean_time_s": 0.0,
        "too_fast": 0,
        "too_slow": 0,
        "quality_score": 1.0,
    }
    seconds = annotation["time_spent_s"]
    flags = []
    counted = 1.0
    if seconds < TOO_FAST_S:
        flags.append("too_fast")
        annotator["too_fast"] += 1
        counted = TOO_FAST_FACTOR
    elif seconds > TOO_SLOW_S:
        flags.append("too_slow")
        annotator["too_slow"] += 1
        counted = TOO_SLOW_FACTOR
    annotator["annotations"] += 1
    annotator["mean_time_s"] += (seconds - annotator["mean_time_s"]) / annotator["annotations"]
    annotator["quality_score"] += (counted - annotator["quality_score"]) / (PRIOR + annotator["annotations"])
    state.set("annotator", annotator)
    annotation["flags"] = flags
    annotation["quality_score"] = annotator["quality_score"]
    return annotation


def count(vote: dict[str, Any], state: State) -> dict[str, Any] | None:
    """Count a vote; return the label when it is the one that completes the task."""
    task = state.get("task") or {"votes": {}, "weights": {}}
    votes, weights = task["votes"], task["weights"]
    if len(votes) == REDUNDANCY:
        return None
    label = vote["label"]
    votes[vote["annotator_id"]] = label
    weights[label] = weights.get(label, 0.0) + vote["quality_score"]
    state.set("task", task)
    if len(votes) < REDUNDANCY:
        return None
    best = max(sorted(weights), key=weights.__getitem__)
    share = weights[best] / sum(weights.values())
    return {"task_id": vote["task_id"], "label": best, "vote_share": share, "votes": REDUNDANCY}


def create_app(broker: str, namespace: str, guarantee: str, state_dir: Path) -> Application:
    """Return the app; it creates its changelogs and the topic between its stages."""
    exactly_once = guarantee == "exactly_once"
    app = Application(
        broker_address=broker,
        consumer_group=namespace,
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once" if exactly_once else "at-least-once",
        commit_interval=1.0 if exactly_once else 5.0,
        producer_extra_config={"linger.ms": 50},
        state_dir=state_dir,
    )
    annotations = app.topic(f"{namespace}.annotations", key_deserializer="str", value_deserializer="json")
    labels = app.topic(f"{namespace}.labels", key_serializer="str", value_serializer="json")
    stream = app.dataframe(annotations)
    stream = stream.apply(score, stateful=True)
    stream = stream.group_by("task_id", key_deserializer="str", key_serializer="str")
    stream = stream.apply(count, stateful=True)
    stream = stream.filter(lambda label: label is not None)
    stream.to_topic(labels)
    return app


if __name__ == "__main__":
    create_app(
        os.environ["PEER_BROKER"],
        os.environ["PEER_NAMESPACE"],
        os.environ["PEER_GUARANTEE"],
        Path(os.environ["PEER_FOLDER"]),
    ).run()

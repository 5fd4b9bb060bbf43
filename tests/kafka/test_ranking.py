"""`goldstream ranking` on a real broker: what labels decide, as they stand now."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from streams import cli
from tests.kafka.cluster import make_topics, publish, settings_for, until, workers
from tests.kafka.workload import Message, annotation, project, task


def comparison(task_id: str, first: str, second: str) -> Message:
    space = {"type": "pairwise_comparison", "options": [first, second]}
    topic, key, value = task(task_id)
    body: dict[str, Any] = {**json.loads(value or b""), "task_type": "pairwise_comparison"}
    body["questions"] = [{"question_id": "better", "label_space": space}]
    return topic, key, json.dumps(body).encode()


async def test_comparisons_are_ranked_and_a_correction_counts(
    bootstrap: str, namespace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(bootstrap, namespace)
    await make_topics(settings)

    def ranked(*more: str) -> int:
        place = ("--broker", str(settings["broker"]), "--namespace", str(settings["namespace"]))
        return cli.run(["ranking", *place, *more])

    assert await asyncio.to_thread(ranked, "frozen") == 1
    assert "there are no settled comparisons among the labels" in capsys.readouterr().err
    winners = {"t1": ("m0", "m1", "m0"), "t2": ("m1", "m2", "m1"), "t3": ("m2", "m0", "m0"), "t4": ("m0", "m1", "tie")}
    with workers(settings, tmp_path, 1) as (worker,):
        await until(worker.is_ready, seconds=60, what="ready")
        tasks = [comparison(name, *options[:2]) for name, options in winners.items()]
        votes = [
            annotation(f"{name}-{who}", name, who, {"winner": options[2]})
            for name, options in winners.items()
            for who in ("ann", "bob")
        ]
        await publish(bootstrap, namespace, [project("frozen", redundancy=2, max_redundancy=2), *tasks, *votes])
        await until(lambda: worker.metric("goldstream_labels_total") == 4, seconds=30, what="all labels")
        assert await asyncio.to_thread(ranked, "frozen", "--json") == 0
        (before,) = json.loads(capsys.readouterr().out)
        edits = [annotation(f"t1-{who}-again", "t1", who, {"winner": "m1"}, action="edit") for who in ("ann", "bob")]
        await publish(bootstrap, namespace, edits)
        await until(lambda: worker.metric("goldstream_labels_total") >= 6, seconds=30, what="the correction")
    assert (before["comparisons"], before["ties"]) == (4, 1)
    assert [one["item"] for one in before["items"]] == ["m0", "m1", "m2"]
    assert await asyncio.to_thread(ranked, "frozen", "--json") == 0
    (after,) = json.loads(capsys.readouterr().out)
    assert [one["item"] for one in after["items"]] == ["m1", "m0", "m2"]
    assert await asyncio.to_thread(ranked, "frozen") == 0
    head, columns, best, *_ = capsys.readouterr().out.splitlines()
    assert head == "better: 4 comparisons of 3 items; 1 tied, in 0 both bad"
    assert columns.split() == ["item", "strength", "95%", "interval", "won", "lost", "tied"]
    assert best.startswith("m1")

"""Agreement on a real broker: from votes over the task and the project side to what people read."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

from streams.quality.agreement.alpha import alpha
from streams.quality.agreement.coincidences import Coincidences, Scale, Undefined, of_unit
from tests.kafka.cluster import make_topics, publish, read_topic, settings_for, until, workers
from tests.kafka.reconciling import read_outputs, replay_all, replay_faults
from tests.kafka.workload import CLASSES, annotation, encode, gold, task

TASKS, PARTITIONS = 60, 2
POLICY = {"redundancy": 3, "max_redundancy": 3}


async def test_low_agreement_is_told_and_freezes_sanctions(bootstrap: str, namespace: str, tmp_path: Path) -> None:
    settings = settings_for(bootstrap, namespace, partitions=PARTITIONS)
    await make_topics(settings)
    rng = random.Random(3)
    votes = {f"t{n}": [rng.choice(CLASSES) for _ in range(3)] for n in range(TASKS)}
    golden = {f"t{n}" for n in range(0, TASKS, 10)}

    async def newest() -> dict[str, Any]:
        told = [json.loads(record.value) for record in await read_topic(bootstrap, namespace, "agreement")]
        return told[-1] if told else {"units": 0}

    async def is_whole() -> bool:
        return bool((await newest())["units"] == TASKS - len(golden))

    with workers(settings, tmp_path, 2) as running:
        for worker in running:
            await until(worker.is_ready, seconds=60, what="ready")
        project = encode(project="frozen", policy=POLICY, agreement={"min_units": 20})
        await publish(bootstrap, namespace, [("projects", b"frozen", project)])
        await publish(bootstrap, namespace, [task(name) for name in votes])
        await publish(bootstrap, namespace, [gold(name, CLASSES[0]) for name in sorted(golden)])
        said = [(name, who, answer) for name in votes for who, answer in enumerate(votes[name])]
        rng.shuffle(said)
        answers = [annotation(f"{name}-{who}", name, f"ann-{who}", answer) for name, who, answer in said]
        await publish(bootstrap, namespace, answers)
        await until(is_whole, seconds=90, what="the agreement over all units")
        found = await newest()

    sums: Counter[int] = Counter()
    for name in votes.keys() - golden:
        sums.update(dict(of_unit(tuple(sorted(sorted(CLASSES).index(answer) for answer in votes[name])), False)))
    expected = alpha(Coincidences(sums, len(CLASSES)), Scale(tuple(sorted(CLASSES))), "nominal")
    assert not isinstance(expected, Undefined)
    assert abs(found["questions"][0]["all_time"]["alpha"]["nominal"]["value"] - float(expected)) < 1e-6
    assert (found["standing"], found["sanctions_frozen"]) == ("low", True)
    assert [pair["n"] for pair in found["questions"][0]["kappa"]["pairs"]] == [TASKS - len(golden)] * 3

    outputs = await read_outputs(bootstrap, namespace)
    events = [json.loads(record.value) for record in outputs["quality-events"]]
    assert [one["kind"] for one in events if one["annotator_id"] is None] == ["agreement_low"]
    for side in ("globals.a", "globals.t"):
        copies = [json.loads(record.value) for record in outputs[side] if record.key == b"frozen"]
        assert [(one["sequence"], one["sanctions_frozen"]) for one in copies] == [(1, False), (2, True)] * PARTITIONS
    assert replay_faults(outputs, await replay_all(bootstrap, namespace, PARTITIONS), PARTITIONS) == []

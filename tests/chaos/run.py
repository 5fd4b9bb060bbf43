"""From the first worker's start to the verdict."""

from __future__ import annotations

import asyncio
import time
import traceback
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.display import Display
from benchmarks.rebalancing import longest_gap
from tests.chaos.faults import cause
from tests.chaos.load import Load
from tests.chaos.schedule import KINDS, Fault
from tests.chaos.settling import note_labels, settle
from tests.chaos.stage import PARTITIONS, Stage
from tests.chaos.truth import INPUTS, Truth, refusal_faults, truth_of
from tests.chaos.undisturbed import Outcome, live_agreement, outcome_faults, run_undisturbed
from tests.kafka.reconciling import (
    agreement_in,
    latest_labels,
    promise_faults,
    read_outputs,
    read_topics,
    replay_all,
    replay_faults,
    votes_in,
)

RATE = 300
LEAD_S = 3.0
"""How long the load runs before the first fault and after the last."""

SETTLE_S = 180.0


@dataclass
class Report:
    """What a run came to.

    Attributes
    ----------
    findings : list of str
        What was promised and not kept, a line each.
    coordinator_restarts : int
        How often the broker had to be started again because its group coordinator answered nobody any more.
    stall_s : float
        The longest time under load without any label.
    """

    caused: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    annotations: int = 0
    labels: int = 0
    dead_letters: int = 0
    live_agreement: float = 0.0
    coordinator_restarts: int = 0
    stall_s: float = 0.0
    seconds: float = 0.0

    def verdict(self, seed: int) -> str:
        """Return one plain line."""
        kinds = ", ".join(f"{kind} {self.caused[kind]}" for kind in KINDS if self.caused[kind])
        skipped = "".join(f"; {kind} skipped, no file system can be mounted here" for kind in self.skipped)
        if self.coordinator_restarts:
            skipped += "; the broker restarted once more, for its group coordinator was stuck: Kafka's own fault"
        count = len(self.findings)
        ended = f"FAILED ({count} finding{'s' * (count > 1)})" if count else "passed"
        return (
            f"chaos {ended}: seed {seed}, "
            f"{self.caused.total()} faults ({kinds}{skipped}), {self.annotations:,} annotations, "
            f"{self.labels:,} labels, {self.dead_letters:,} dead letters, live labels {self.live_agreement:.2%} as "
            f"undisturbed, longest stall {self.stall_s:.1f} s, {self.seconds:.0f} s in all"
        )


def most_seconds(schedule: Sequence[Fault]) -> float:
    """Return how long a run may take: several times what it takes on a machine with nothing else to do."""
    return 900 + sum(20 + fault.pause_s + 4 * fault.lasts_s for fault in schedule)


async def play(schedule: Sequence[Fault], seed: int, folder: Path, display: Display, rate: int = RATE) -> Report:
    """Let the faults of `schedule` happen to a group at work, and reconcile.

    Parameters
    ----------
    folder : Path
        Takes the logs of the workers and of the broker.
    rate : int
        Annotations a second.
    """
    report = Report()
    began = time.monotonic()
    stage = Stage(folder, f"chaos-{uuid.uuid4().hex[:8]}")
    try:
        async with asyncio.timeout(most_seconds(schedule)):
            with display.step("starting a broker and three workers", None):
                await stage.start()
            await _disturb(stage, schedule, seed, rate, report, display)
            await _reconcile(stage, report, display)
    except TimeoutError:
        stage.findings.append(f"no end within {most_seconds(schedule):.0f} s")
    except Exception as error:  # noqa: BLE001  # whatever it is, the seed that led to it is told
        (folder / "chaos.log").write_text(traceback.format_exc())
        stage.findings.append(f"the run broke off, chaos.log has the trace: {error!r}")
    finally:
        await stage.close()
    report.findings += stage.findings
    report.seconds = time.monotonic() - began
    return report


async def _disturb(
    stage: Stage, schedule: Sequence[Fault], seed: int, rate: int, report: Report, display: Display
) -> None:
    load = Load(stage.broker.bootstrap, stage.namespace, seed, rate)
    labels: list[float] = []
    tasks = [asyncio.create_task(note_labels(stage.broker.bootstrap, stage.namespace, labels))]
    pouring = asyncio.create_task(load.run())
    tasks.append(pouring)
    began = time.monotonic()
    try:
        with display.step("faults", len(schedule)) as advance:
            await asyncio.sleep(LEAD_S)
            for number, fault in enumerate(schedule, 1):
                if pouring.done():
                    break  # raises what ended it, below
                happened = await cause(stage, load, fault)
                (report.caused if happened else report.skipped)[fault.kind] += 1
                state = f"{load.sent:,} annotations sent, {len(labels):,} labels"
                done = "" if happened else " (skipped)"
                display.note(f"{time.monotonic() - began:6.1f} s  {number:>3} {fault.text}{done}: {state}")
                advance(1)
            await asyncio.sleep(LEAD_S)
        load.stop()
        with display.step("the last annotations", None):
            await pouring
        report.stall_s = longest_gap(labels, began, time.monotonic())
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _reconcile(stage: Stage, report: Report, display: Display) -> None:
    bootstrap, namespace = stage.broker.bootstrap, stage.namespace
    with display.step("waiting for the last label", None):
        inputs = await read_topics(bootstrap, namespace, INPUTS)
        truth = truth_of(inputs)
        stage.look_after()
        settled = await settle(stage.group, bootstrap, namespace, truth, SETTLE_S)
        if not settled and stage.coordinator_is_stuck():
            # No client can help it, and it is none of ours: what a person would do, and it is told.
            await asyncio.to_thread(stage.broker.restart)
            report.coordinator_restarts += 1
            settled = await settle(stage.group, bootstrap, namespace, truth, SETTLE_S)
        if not settled:
            report.findings.append(f"not everything was decided within {SETTLE_S:.0f} s after the last annotation")
        for worker in stage.group:
            await stage.stop(worker)
    with display.step("reconciling", None):
        found = await _judge(bootstrap, namespace, truth, report)
    with display.step("the same input through an undisturbed worker", None):
        again = await run_undisturbed(bootstrap, f"{namespace}-again", inputs, truth, stage.folder, SETTLE_S)
        report.findings += outcome_faults(found, again, truth.promise.gold)
        report.live_agreement = live_agreement(found, again)


async def _judge(bootstrap: str, namespace: str, truth: Truth, report: Report) -> Outcome:
    outputs = await read_outputs(bootstrap, namespace)
    replays = await replay_all(bootstrap, namespace, PARTITIONS)
    report.findings += promise_faults(outputs, replays, truth.promise)
    report.findings += refusal_faults(outputs["dead-letters"], truth)
    report.findings += replay_faults(outputs, replays, PARTITIONS)
    report.annotations = len(outputs["annotations.scored"])
    report.labels = len(outputs["labels"])
    report.dead_letters = len(outputs["dead-letters"])
    return Outcome(votes_in(replays), latest_labels(outputs["labels"]), agreement_in(replays))

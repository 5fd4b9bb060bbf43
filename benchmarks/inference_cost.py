"""What the label inference costs an annotation, amortised: `python -m benchmarks.inference_cost`.

Replays a simulated campaign through the sides twice. The first run gives the processor time of all their steps. In the
second every function is timed that does what would not be done without the inference: posteriors, evidence, counts,
models, sums, every step over a record that it alone sends, and looking at closed tasks again with the labels that
follow. Times are a function's own, without what else it calls of these. What timing costs is much beside functions so
short, so the second run gives shares only. Writing tables to their changelog is not in it: a replay has none.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import wraps
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any, Final

from streams.collector import calm_collector
from streams.events import Output
from streams.quality import (
    calibrating,
    evidence,
    inferring,
    learning,
    outcomes,
    rescoring,
    shared,
    summing,
)
from streams.quality.inference import model, posterior
from streams.replay import playing
from streams.replay.history import Answer, Columns, History
from streams.replay.labels import Labels
from streams.replay.loop import Loop
from streams.replay.playing import Plan, play
from streams.simulator.campaigns import Campaign, even
from streams.simulator.drawing import draw, records, task_name

AIMS: Final = {2: 25.0, 5: 25.0, 10: 60.0}
"""Microseconds an annotation, by the number of classes."""

FUNCTIONS: Final[dict[str, tuple[Callable[..., Any], ...]]] = {
    "models": (model.Model.__init__, model.Model.column, model.strengths),
    "posteriors": (inferring.bases, inferring.Reading.__init__, inferring.Reading.add, posterior.softmax),
    "evidence": (evidence.target, evidence.change, evidence.move),
    "counts": (learning.changed, learning.learn, learning.untold, inferring.learn),
    "sums": (summing.gather, summing.tell_all, shared.store),
    "gold": (calibrating.check,),
    "looking again": (rescoring.closed, rescoring.voted, rescoring.look, rescoring.ticked),
}
"""What is timed, by what it is called in the table."""

RECORDS: Final = {"posterior": "outcomes of its own", "inference": "sums", "statistics": "sums"}
"""Records of these tags are sent for the inference alone: a step over one is part of its cost."""


class Stopwatch:
    """Adds up time by part; of parts within each other each gets its own.

    Attributes
    ----------
    seconds, calls : dict
        By part.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.calls: Counter[str] = Counter()
        self._running: list[str] = []
        self._since = 0.0

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, timed."""

        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            self.enter(part)
            try:
                return function(*args, **kwargs)
            finally:
                self.leave()

        return run

    def enter(self, part: str) -> None:
        """Stop the time of what runs and begin with a part's."""
        now = perf_counter()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._running.append(part)
        self.calls[part] += 1
        self._since = perf_counter()

    def leave(self) -> None:
        """Stop the time of the part that runs, and go on with the one around it."""
        now = perf_counter()
        self.seconds[self._running.pop()] += now - self._since
        self._since = perf_counter()

    def own_cost(self) -> float:
        """Return what timing a call adds to its part, seconds."""
        other = Stopwatch()
        nothing = other.timed("nothing", lambda: None)
        for _ in range(50_000):
            nothing()
        return other.seconds["nothing"] / other.calls["nothing"]


@dataclass(frozen=True)
class Cost:
    """Microseconds of processor time an annotation.

    Attributes
    ----------
    parts : dict of str to float
        The inference's, by what it is for.
    sides : float
        All of the three sides' steps, the inference's included.
    """

    classes: int
    annotations: int
    annotators: int
    inference: float
    aim: float | None
    parts: dict[str, float]
    sides: float


@contextmanager
def loops(kind: type[Loop]) -> Iterator[None]:
    """Let replays run in another kind of loop while the block runs."""
    before = vars(playing)["Loop"]
    vars(playing)["Loop"] = kind
    try:
        yield
    finally:
        vars(playing)["Loop"] = before


def steps(history: History, labels: Labels, seed: int) -> float:
    """Return the processor time of all the sides' steps in a replay, seconds."""
    spent = 0.0

    class Counted(Loop):
        def _step(self, record: Output) -> list[Output]:
            nonlocal spent
            began = thread_time()
            outputs = super()._step(record)
            spent += thread_time() - began
            return outputs

    with loops(Counted):
        play(history, labels, Plan(), seed)
    return spent


@contextmanager
def watched(watch: Stopwatch) -> Any:
    """Time `FUNCTIONS` wherever they are called from, and every step of a replay, while the block runs."""
    before: list[tuple[Any, str, Any]] = []
    for part, functions in FUNCTIONS.items():
        for function in functions:
            within, _, _ = function.__qualname__.rpartition(".")
            owners = [vars(sys.modules[function.__module__])[within]] if within else _streams()
            for owner in owners:
                for name, found in list(vars(owner).items()):
                    if found is function:
                        before.append((owner, name, found))
                        setattr(owner, name, watch.timed(part, function))

    tell = outcomes._outcome

    def told(case: Any, entry: Any, place: int, told: Any, *rest: Any) -> Output:
        part = RECORDS.get(told.kind, "")
        return (watch.timed(part, tell) if part else tell)(case, entry, place, told, *rest)

    class Timed(Loop):
        def _step(self, record: Output) -> list[Output]:
            watch.enter(RECORDS.get(record.tag, "the rest"))
            try:
                return super()._step(record)
            finally:
                watch.leave()

    before.append((outcomes, "_outcome", tell))
    vars(outcomes)["_outcome"] = told
    try:
        with loops(Timed):
            yield
    finally:
        for owner, name, found in reversed(before):
            setattr(owner, name, found)


def _streams() -> list[Any]:
    return [module for name, module in sys.modules.items() if name.startswith("streams.")]


def measure(classes: int, annotations: int, annotators: int, redundancy: int, seed: int) -> Cost:
    """Replay one simulated campaign."""
    campaign = Campaign(
        tasks=annotations // redundancy, annotators=annotators, redundancy=redundancy, prior=even(classes)
    )
    drawn = draw(campaign, seed)
    answers = [Answer(number + 2, task, who, label, None, None) for task, who, label, _, number in records(drawn)]
    votes = {task_name(number): redundancy for number in range(campaign.tasks)}
    truth = {task_name(number): str(label) for number, label in enumerate(drawn.truth.tolist())}
    labels = Labels(tuple(map(str, range(classes))))
    history = History(Path("simulated"), "simulated", Columns(), answers, votes, truth)
    watch = Stopwatch()
    with calm_collector():
        sides = steps(history, labels, seed)
        with watched(watch):
            play(history, labels, Plan(), seed)
    each = watch.own_cost()
    timed = {part: watch.seconds[part] - each * watch.calls[part] for part in watch.seconds}
    scale = sides / sum(timed.values()) / len(answers) * 1e6
    rest = timed.pop("the rest") * scale
    parts = {part: seconds * scale for part, seconds in timed.items()}
    inference = sum(parts.values())
    return Cost(classes, len(answers), annotators, inference, AIMS.get(classes), parts, inference + rest)


def main() -> None:
    """Print a table, or with ``--json`` a list with an object per number of classes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inference_cost", description=__doc__)
    parser.add_argument("--annotations", type=int, default=200_000)
    parser.add_argument("--annotators", type=int, default=500)
    parser.add_argument("--redundancy", type=int, default=5)
    parser.add_argument("--classes", type=int, nargs="+", default=list(AIMS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = []
    for classes in asked.classes:
        cost = measure(classes, asked.annotations, asked.annotators, asked.redundancy, asked.seed)
        found.append(cost)
        if not asked.json:
            print("\n".join(_told(cost)), flush=True)
    if asked.json:
        print(json.dumps([asdict(cost) for cost in found]))


def _told(cost: Cost) -> list[str]:
    aim = ""
    if cost.aim is not None:
        aim = f" (aim: {cost.aim:g}, {'met' if cost.inference <= cost.aim else 'missed'})"
    head = (
        f"{cost.classes} classes, {cost.annotations} annotations by {cost.annotators} annotators:"
        f" {cost.inference:.1f} us an annotation{aim}, of {cost.sides:.1f} us in all sides' steps"
    )
    parts = sorted(cost.parts.items(), key=lambda one: -one[1])
    return [head, *(f"  {part:<20} {us:6.1f}" for part, us in parts)]


if __name__ == "__main__":
    main()

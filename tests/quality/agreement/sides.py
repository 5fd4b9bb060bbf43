"""The task and the project side in memory: what the one tells of agreement, the other gathers."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from streams.events import Output
from streams.quality.agreement import figures, gathering
from streams.quality.agreement.coincidences import of_unit
from streams.quality.agreement.leaves import leaves
from streams.quality.agreement.telling import counted
from streams.quality.projects import ProjectSide
from streams.quality.summing import PROJECT_DELTAS
from streams.quality.task_state import Task
from streams.quality.tasks import TaskSide
from streams.replay.state import apply
from tests.quality import sent
from tests.quality.campaign import AT, Campaign
from tests.quality.harness import MemoryState

SIDE = ProjectSide(partitions=1)


class Sides:
    """A campaign whose deltas go to a project side; nothing else comes back."""

    def __init__(self, side: TaskSide | None = None, project: dict[str, Any] | None = None, **policy: Any) -> None:
        self.tasks = Campaign(side=side, **policy)
        self.projects = MemoryState()
        self.outputs: list[Output] = []
        self.told = 0
        self._time = AT
        if project is not None:
            self._apply("projects", "p", {"project": "p", **project})

    def pass_on(self) -> list[Output]:
        """Let the project side take what the task side told since; return what it says."""
        deltas = [
            output for output in self.tasks.outputs if output.topic == PROJECT_DELTAS and output.tag == "agreement"
        ]
        outputs = [
            output
            for delta in deltas[self.told :]
            for output in self._apply(PROJECT_DELTAS, "p", msgspec.json.decode(delta.value or b""))
        ]
        self.told = len(deltas)
        return outputs

    def settle(self) -> list[Output]:
        """Let the clock move until everything is told and taken."""
        self._time += 1_000_000
        self.tasks.tick(self._time)
        self.tasks.tick(self._time + 20_000)
        return self.pass_on()

    def published(self) -> dict[str, Any]:
        """Return the figures that follow from the sums as they are, whether or not they were published."""
        board = gathering.board_of(self.projects, "p")
        output = figures.published(self.projects, "p", board, AT)
        body: dict[str, Any] = msgspec.json.decode(output.value or b"")
        return body

    def sums(self) -> dict[int, int]:
        """Return the sums of the first question."""
        board = gathering.board_of(self.projects, "p")
        return gathering.question_of(self.projects, "p", 0).sums if board.figures else {}

    def recounted(self) -> dict[int, int]:
        """Return what the sums of the first question must be, from the votes that the task side stores."""
        sums: Counter[int] = Counter()
        for key, stored in self.tasks.state.committed.items():
            if key.startswith("t\x1f"):
                task = msgspec.json.decode(stored, type=Task)
                for leaf in leaves(task.questions)[:1]:
                    counting = [entry.places for entry in counted(task) if entry.answers is not None]
                    votes = sorted(map(leaf.category, counting))
                    sums.update(dict(of_unit(tuple(votes), leaf.scale.is_interval)))
        return dict(sums)

    def _apply(self, topic: str, key: str, body: dict[str, Any]) -> list[Output]:
        event = sent.event(SIDE, topic, key, body, offset=len(self.outputs))
        outputs = apply(SIDE, self.projects, event)
        self.projects.commit()
        sent.assert_contracts(outputs)
        self.outputs += outputs
        return outputs

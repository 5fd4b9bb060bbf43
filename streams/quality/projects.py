"""The project side: what a project's settings, its agreement and its sums are, and a copy of what follows to everybody.

Each copy of the settings has a number of its own, for there is more in it than the settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

import msgspec

from schemas import Project, ProjectDelta
from streams.events import Event, Output, Rejected, Source, State
from streams.quality import project_sums, savings
from streams.quality.agreement import figures, gathering, turning
from streams.quality.decode import contract
from streams.quality.keys import key
from streams.quality.records import encode

GLOBALS: Final = ("globals.a", "globals.t")
ADMINISTRATIVE: Final = frozenset({"schema_version", "actor", "reason", "at", "expected_version"})
"""Who changed the settings, why and when: passed on, but no part of the settings."""

SOURCES: Final = (
    Source("projects", contract(Project), attrgetter("project"), tombstones=True),
    Source("project-deltas", contract(ProjectDelta), attrgetter("project"), own=True),
)


class Settings(msgspec.Struct, array_like=True):
    """A project's settings: canonical JSON, or None once removed; `policy_version` and `sequence` go on counting."""

    version: int
    policy_version: int
    settings: str | None
    sequence: int = 0
    sanctions_frozen: bool = False


@dataclass(frozen=True)
class ProjectSide:
    """The projects table and what follows from its events.

    Parameters
    ----------
    partitions : int
        How many partitions the annotator and the task side have; each gets its copy.
    """

    partitions: int
    name: str = "projects"
    state_version: int = 1
    sources: tuple[Source, ...] = SOURCES
    upgrades: Mapping[int, Callable[[str, bytes], bytes]] = field(default_factory=dict)

    def step(self, state: State, event: Event) -> list[Output]:
        """Apply one event. Raises `Rejected` before anything is changed."""
        if event.topic == "project-deltas":
            return self._add(state, event, event.value)
        if event.value is None:
            return self._remove(state, event)
        return self._publish(state, event, event.value)

    def _publish(self, state: State, event: Event, project: Project) -> list[Output]:
        place = key("p", project.project)
        stored = state.get(place, Settings) or Settings(version=0, policy_version=0, settings=None)
        settings = _canonical(project)
        if stored.settings is not None:
            known = _known(stored.settings)
            if _canonical(known) == settings:
                return []
        if project.expected_version not in (None, stored.policy_version):
            raise Rejected(
                "version_conflict",
                f"expected_version {project.expected_version}:"
                f" project {project.project!r} is at version {stored.policy_version}",
            )
        if stored.settings is not None:
            _check_label_spaces(known, project)
        stored.version = project.version
        stored.policy_version += 1
        stored.settings = settings
        return self._copies(state, event, project.project, stored, project)

    def _remove(self, state: State, event: Event) -> list[Output]:
        place = key("p", event.key)
        stored = state.get(place, Settings)
        if stored is None or stored.settings is None:
            raise Rejected("unknown_project", f"key {event.key!r}: there is no such project to remove")
        stored.policy_version += 1
        stored.settings = None
        return self._copies(state, event, event.key, stored, None)

    def _add(self, state: State, event: Event, delta: ProjectDelta) -> list[Output]:
        changes, saved = gathering.read(state, delta), savings.read(state, delta)
        outputs = self._infer(state, event, delta)
        if changes is not None:
            outputs += self._agree(state, event, gathering.add(state, delta, changes), delta.changes)
        if saved is not None and savings.store(state, event.key, saved):
            board = gathering.board_of(state, event.key)
            outputs.append(figures.published(state, event.key, board, event.timestamp))
        return outputs

    def _infer(self, state: State, event: Event, delta: ProjectDelta) -> list[Output]:
        stored = state.get(key("p", event.key), Settings) or Settings(version=1, policy_version=1, settings=None)
        outputs: list[Output] = []
        for space_id, sums in project_sums.add(state, event.key, delta.inference):
            body = {
                "schema_version": 1,
                "project": event.key,
                "version": stored.version,
                "policy_version": stored.policy_version,
                "statistics": {
                    "space": space_id,
                    "version": sums.version,
                    "tasks": sums.tasks,
                    "right": sums.right,
                    "given": sums.given,
                    "strengths": sums.strengths,
                    "losses": sums.losses,
                    "gold": sums.gold,
                },
            }
            # A key of its own: compaction keeps the newest of each label space, beside the settings.
            outputs += self._to_all(encode([event.key, space_id]), encode(body), event.timestamp, "statistics")
        return outputs

    def _agree(self, state: State, event: Event, board: gathering.Board, changes: int) -> list[Output]:
        name = event.key
        outputs: list[Output] = []
        if changes and turning.is_asked(board):
            board.changes = 0
            outputs = self._turn(state, event, board)
            if outputs or turning.has_moved(board):
                turning.note_published(board)
                outputs.append(figures.published(state, name, board, event.timestamp))
        gathering.store(state, name, board)
        return outputs

    def _turn(self, state: State, event: Event, board: gathering.Board) -> list[Output]:
        name = event.key
        stored = state.get(key("p", name), Settings)
        if stored is None or stored.settings is None:
            return []  # it turns once the project is known
        project = _known(stored.settings)
        before = board.standing
        if not turning.turn(board, project.agreement):
            return []
        outputs = turning.event(
            state,
            name,
            board,
            before,
            project.agreement,
            policy_version=stored.policy_version,
            timestamp=event.timestamp,
        )
        is_frozen = board.standing == "low"
        if is_frozen != stored.sanctions_frozen:
            stored.sanctions_frozen = is_frozen
            outputs += self._copies(state, event, name, stored, project)
        return outputs

    def _copies(self, state: State, event: Event, name: str, stored: Settings, project: Project | None) -> list[Output]:
        """Store the settings under the next number, and return the copies."""
        stored.sequence += 1
        state.put(key("p", name), stored)
        body: dict[str, Any] = {
            "schema_version": 1,
            "project": name,
            "version": stored.version,
            "policy_version": stored.policy_version,
            "removed": project is None,
            "project_settings": project and project.model_dump(mode="json", exclude={"expected_version"}),
            "sequence": stored.sequence,
            "sanctions_frozen": stored.sanctions_frozen,
        }
        return self._to_all(name.encode(), encode(body), event.timestamp, "project")

    def _to_all(self, record_key: bytes, value: bytes, timestamp: int, tag: str) -> list[Output]:
        return [
            Output(topic, record_key, value, timestamp, partition=partition, tag=tag)
            for topic in GLOBALS
            for partition in range(self.partitions)
        ]


@lru_cache(maxsize=1_024)
def _known(settings: str) -> Project:
    return Project.model_validate_json(settings)


def _canonical(project: Project) -> str:
    settings = project.model_dump(mode="json", exclude=set(ADMINISTRATIVE))
    return msgspec.json.encode(settings, order="sorted").decode()


def _check_label_spaces(known: Project, project: Project) -> None:
    """Refuse a named label space that differs or is gone: tasks and votes refer to it by its name."""
    for name, space in known.label_spaces.items():
        if project.label_spaces.get(name) != space:
            gone = "is missing" if name not in project.label_spaces else "differs"
            raise Rejected(
                "label_space_changed",
                f"label_spaces.{name}: {gone}; a published label space stays, add another under a new name",
            )

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

from schemas import LabelSpace, Project, ProjectDelta
from streams.events import Event, Output, Rejected, Source, State, coordinates
from streams.quality import project_sums, savings
from streams.quality.agreement import figures, gathering, turning
from streams.quality.decode import contract
from streams.quality.keys import key
from streams.quality.mapping.classes import REASON, SPACE_CHARS, check
from streams.quality.records import encode
from streams.quality.spaces import space_text

GLOBALS: Final = ("globals.a", "globals.t")
ADMINISTRATIVE: Final = frozenset({"schema_version", "actor", "reason", "at", "expected_version", "mappings"})
"""Who changed the settings, why and when: passed on, but no part of the settings."""

SOURCES: Final = (
    Source("projects", contract(Project), attrgetter("project"), tombstones=True),
    Source("project-deltas", contract(ProjectDelta), attrgetter("project"), own=True),
)


class Settings(msgspec.Struct, array_like=True):
    """A project's settings: canonical JSON, or None once removed; the numbers go on counting.

    Of its named label spaces so many `changes` were made.
    """

    version: int
    policy_version: int
    settings: str | None
    sequence: int = 0
    sanctions_frozen: bool = False
    changes: int = 0


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
        changed = _changed(known if stored.settings is not None else None, project)
        outputs = self._change(event, project, stored, changed)
        stored.version = project.version
        stored.policy_version += 1
        stored.settings = settings
        return outputs + self._copies(state, event, project.project, stored, project)

    def _change(
        self, event: Event, project: Project, stored: Settings, changed: Mapping[str, tuple[LabelSpace, LabelSpace]]
    ) -> list[Output]:
        """Return the records that tell the task side of changed label spaces, each with its number."""
        outputs: list[Output] = []
        change_id = coordinates(event.topic, event.partition, event.offset)
        for name, (before, after) in changed.items():
            stored.changes += 1
            body = {
                "schema_version": 1,
                "project": project.project,
                "version": project.version,
                "policy_version": stored.policy_version + 1,
                "change": {
                    "number": stored.changes,
                    "space": name,
                    "before": before.model_dump(mode="json"),
                    "after": after.model_dump(mode="json"),
                    "mapping": project.mappings[name],
                    "change_id": change_id,
                    "actor": project.actor,
                    "reason": project.reason,
                },
            }
            # A key of its own: compaction keeps each change, beside the settings.
            key_of = encode([change_id, stored.changes])
            outputs += self._to_all(key_of, encode(body), event.timestamp, "change", ("globals.t",))
        return outputs

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
            "project_settings": project and project.model_dump(mode="json", exclude={"expected_version", "mappings"}),
            "sequence": stored.sequence,
            "sanctions_frozen": stored.sanctions_frozen,
        }
        return self._to_all(name.encode(), encode(body), event.timestamp, "project")

    def _to_all(
        self, record_key: bytes, value: bytes, timestamp: int, tag: str, topics: tuple[str, ...] = GLOBALS
    ) -> list[Output]:
        return [
            Output(topic, record_key, value, timestamp, partition=partition, tag=tag)
            for topic in topics
            for partition in range(self.partitions)
        ]


@lru_cache(maxsize=1_024)
def _known(settings: str) -> Project:
    return Project.model_validate_json(settings)


def _canonical(project: Project) -> str:
    settings = project.model_dump(mode="json", exclude=set(ADMINISTRATIVE))
    return msgspec.json.encode(settings, order="sorted").decode()


def _changed(known: Project | None, project: Project) -> dict[str, tuple[LabelSpace, LabelSpace]]:
    """Return the label spaces that change, as they were and as they are to be.

    Refuses one that differs without a mapping, or is gone: tasks and votes refer to it by its name.
    """
    before = {} if known is None else known.label_spaces
    for name, space in before.items():
        after = project.label_spaces.get(name)
        if after is None or (after != space and name not in project.mappings):
            raise Rejected(
                REASON,
                f"label_spaces.{name}: {'is missing' if after is None else 'differs'}; a published label space stays: "
                f"add another under a new name, or say in mappings.{name} what becomes of its classes",
            )
    changed: dict[str, tuple[LabelSpace, LabelSpace]] = {}
    for name, mapping in project.mappings.items():
        if name not in before:
            raise Rejected(REASON, f"mappings.{name}: project {project.project!r} has no such label space to change")
        after = project.label_spaces[name]
        check(name, before[name], after, mapping)
        if len(space_text(after)) > SPACE_CHARS:
            raise Rejected(REASON, f"label_spaces.{name}: at most {SPACE_CHARS} characters for one that is changed")
        changed[name] = (before[name], after)
    return changed

"""What `goldstream spaces change` reads, does and prints, and the exit codes it returns."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click
import msgspec
from pydantic import ValidationError

from schemas import ClassMapping, Globals, LabelSpace, Project, SpaceChange, explain
from streams import consent
from streams.namespace import Namespace, opened
from streams.settings import Settings, SettingsError
from streams.spaces import publishing
from streams.spaces.composing import Wanted
from streams.spaces.composing import changed as changed_space
from streams.spaces.counting import count
from streams.spaces.found import Came
from streams.topics import DEAD, GLOBALS_T, PROJECTS, QUALITY_EVENTS, changelog
from streams.topics_commands import MISMATCH, OK, aligned, ask


def run(
    settings: Settings,
    *,
    project: str,
    space: str,
    renames: Sequence[str],
    retired: Sequence[str],
    splits: Sequence[str],
    added: Sequence[str],
    reason: str,
    actor: str | None,
    is_confirmed: bool,
    as_json: bool,
    timeout_s: float,
) -> int:
    """Count what a change would do, or make it; 1 if it was not confirmed in time.

    Raises
    ------
    SettingsError
        The change is none, or is not allowed.
    Failure
        There is no such project, or the workers refused it.
    """
    wanted = Wanted(renames, retired, splits, added)
    mapping = wanted.mapping()
    who = actor or consent.actor(settings)
    asked = _change(settings, project, space, mapping, added, (who, reason), timeout_s if is_confirmed else None)
    came, partitions, after = ask(asked)
    missing = partitions - len(came.parts)
    if as_json:
        body = {"project": project, "space": space, "written": is_confirmed, "missing": missing, **came.sums()}
        body |= {"after": after.model_dump(mode="json", exclude_defaults=True) | {"type": after.type}}
        click.echo(msgspec.json.encode(body | {"gold_tasks": sorted(came.gold)}).decode())
    else:
        for line in aligned(list(came.lines())):
            click.echo(line)
    if missing:
        click.echo(
            f"goldstream: not confirmed within {timeout_s:g} s by {missing} of {partitions} partitions: is a worker "
            "running? The change is published, and is made once they run",
            err=True,
        )
        return MISMATCH
    click.echo("done" if is_confirmed else "nothing was written; --yes does it", err=as_json)
    return OK


async def _change(
    settings: Settings,
    name: str,
    space: str,
    mapping: ClassMapping,
    added: Sequence[str],
    why: tuple[str, str],
    timeout_s: float | None,
) -> tuple[Came, int, LabelSpace]:
    """Return what a change came to, or would where there is no time to wait for it; of how many partitions."""
    written = (PROJECTS.name, QUALITY_EVENTS.name, DEAD.name)
    needed = [GLOBALS_T.name, *((changelog("tasks").name,) if timeout_s is None else written)]
    async with opened(settings, "spaces", needed) as namespace:
        partitions = namespace.partitions[GLOBALS_T.name]
        async with namespace.reading() as reader:
            known = await publishing.known(namespace, reader, name)
            before = known.project.label_spaces.get(space)
            if before is None:
                has = ", ".join(sorted(known.project.label_spaces)[:10]) or "none"
                raise SettingsError(f"SPACE: project {name!r} has no label space {space!r}; it has: {has}")
            after = changed_space(space, before, mapping, added)
            try:
                record = publishing.changed(known, space, after, mapping, *why)
            except ValidationError as error:
                raise SettingsError(f"--{explain(error)}") from None
            if timeout_s is None:
                return await _count(namespace, record, known, space, before), partitions, after
            return await publishing.publish(namespace, record, timeout_s, _tell), partitions, after


async def _count(
    namespace: Namespace, record: Project, known: publishing.Known, space: str, before: LabelSpace
) -> Came:
    change = SpaceChange(
        number=1,
        space=space,
        before=before,
        after=record.label_spaces[space],
        mapping=record.mappings[space],
        change_id="dry-run",
        actor=record.actor or "",
        reason=record.reason or "",
    )
    sent = Globals(
        project=record.project, version=known.version, policy_version=known.policy_version + 1, change=change
    )
    came = Came()
    partitions = namespace.partitions[GLOBALS_T.name]
    for partition in range(partitions):
        # A reader for each: what one holds of a table goes with it.
        async with namespace.reading() as reader:
            came.add(await count(namespace, reader, partition, sent, round(time.time() * 1000)))
        _tell(partition + 1, partitions)
    return came


def _tell(done: int, partitions: int) -> None:
    click.echo(f"{done} of {partitions} partitions done", err=True)

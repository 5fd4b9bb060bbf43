"""The project's settings as the workers have them, a changed one published, and the workers' word that it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from aiokafka import TopicPartition

from schemas import ClassMapping, Globals, LabelSpace, Project
from streams.engine.records import SourceRecord
from streams.engine.routing import partition_of
from streams.events import coordinates
from streams.failures import Failure
from streams.namespace import Namespace
from streams.reading import TopicReader
from streams.spaces.found import Came
from streams.topics import DEAD, GLOBALS_T, PROJECTS, QUALITY_EVENTS


@dataclass(frozen=True)
class Known:
    """A project as the workers know it."""

    project: Project
    version: int
    policy_version: int


async def known(namespace: Namespace, reader: TopicReader, name: str) -> Known:
    """Return a project's settings, as the newest copy has them.

    Raises
    ------
    Failure
        There is no such project.
    """
    newest: Globals | None = None

    def take(_: int, record: SourceRecord) -> None:
        nonlocal newest
        if record.key == name.encode() and record.value is not None:
            newest = Globals.model_validate_json(record.value)

    await reader.read(namespace.full(GLOBALS_T.name), [0], take)
    if newest is None or newest.project_settings is None:
        raise Failure(f"project {name!r}: not in {namespace.name}, or removed; ids are exact, upper and lower case too")
    return Known(newest.project_settings, newest.version, newest.policy_version)


def changed(before: Known, space: str, after: LabelSpace, mapping: ClassMapping, actor: str, reason: str) -> Project:
    """Return the record that changes a label space, and nothing else; raises `ValidationError`."""
    spaces = {**before.project.label_spaces, space: after}
    body = before.project.model_dump(mode="json") | {
        "label_spaces": {name: one.model_dump(mode="json") for name, one in spaces.items()},
        "mappings": {space: mapping},
        "actor": actor,
        "reason": reason,
        "at": datetime.now(UTC).isoformat(),
        "expected_version": before.policy_version,
    }
    return Project.model_validate(body)


async def publish(namespace: Namespace, project: Project, timeout_s: float, tell: Callable[[int, int], None]) -> Came:
    """Publish the record and wait, `timeout_s` at most, until each partition of the task side is done with it.

    Raises
    ------
    Failure
        The workers refused it: a dead letter says why.
    """
    partitions = namespace.partitions[GLOBALS_T.name]
    key = project.project.encode()
    told = TopicPartition(
        namespace.full(QUALITY_EVENTS.name), partition_of(key, namespace.partitions[QUALITY_EVENTS.name])
    )
    letters = [TopicPartition(namespace.full(DEAD.name), number) for number in range(namespace.partitions[DEAD.name])]
    came = Came()
    async with namespace.reading() as reader, namespace.producing() as producer:
        consumer = reader.consumer
        consumer.assign([told, *letters])
        for place, end in (await consumer.end_offsets([told, *letters])).items():
            consumer.seek(place, end)
        sent = await producer.send_and_wait(namespace.full(PROJECTS.name), project.model_dump_json().encode(), key)
        change_id = coordinates(PROJECTS.name, sent.partition, sent.offset)
        tell(0, partitions)
        try:
            async with asyncio.timeout(timeout_s):
                while len(came.parts) < partitions:
                    for place, records in (await consumer.getmany(timeout_ms=200)).items():
                        for record in records:
                            if place == told:
                                came.take(msgspec.json.decode(record.value or b"{}"), change_id)
                            elif record.key == change_id.encode():
                                raise Failure(f"project {project.project!r}: refused: {_error(record)}")
                        tell(len(came.parts), partitions)
        except TimeoutError:
            pass  # what is missing is told
    return came


def _error(record: SourceRecord) -> str:
    said = [value for name, value in record.headers if name == "error"]
    return str(said[0], "utf-8") if said else "a dead letter without a reason"

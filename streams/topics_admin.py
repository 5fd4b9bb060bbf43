"""Create, list and check a namespace's topics on the brokers.

The brokers are only asked about all topics at once: where topics are created automatically, asking for one by
name creates it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import errors as kafka
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.brokers import REQUEST_SECONDS, NotAllowed, connected
from streams.refusals import not_allowed
from streams.security import client_security
from streams.settings import Settings
from streams.topics import PlannedTopic, all_topics

DESCRIBE_SECONDS = 5.0
FEW = 3
_EXISTS = kafka.TopicAlreadyExistsError.errno
_FORBIDDEN = frozenset({kafka.TopicAuthorizationFailedError.errno, kafka.ClusterAuthorizationFailedError.errno})


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """A topic as the brokers have it.

    Attributes
    ----------
    replication : int
        Copies of the partition that has the fewest.
    configs : mapping
        What the broker tells of its configuration; what it does not tell is unknown, not wrong.
    """

    partitions: int
    replication: int
    configs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """One property of a topic that is not as planned.

    Attributes
    ----------
    wanted, found : str or None
        `found` is None where the broker does not tell; both are None for a topic that is missing.
    """

    topic: str
    what: str
    wanted: str | None = None
    found: str | None = None

    @property
    def wrong(self) -> bool:
        """Whether something must be done; an unknown value is no fault."""
        return self.wanted is None or self.found is not None

    def __str__(self) -> str:
        if self.wanted is None:
            return f"{self.topic}: {self.what}"
        found = "unknown (the broker does not tell)" if self.found is None else self.found
        return f"{self.topic}: {self.what}: wanted {self.wanted}, found {found}"


@dataclass(frozen=True, slots=True)
class Created:
    """What became of a topic that was missing: `error` is None when it was created."""

    topic: str
    error: str | None = None


async def create(settings: Settings) -> list[Created]:
    """Create the topics that are missing, and leave those that exist as they are.

    Returns
    -------
    list of Created
        One for each topic that was missing.

    Raises
    ------
    BrokerUnreachable
        No broker answers in time.
    """
    async with connected(settings) as admin:
        found = await _found(admin)
        missing = [planned for planned in all_topics(settings) if planned.name not in found]
        if not missing:
            return []
        requests = [
            NewTopic(planned.name, planned.partitions, planned.replication, topic_configs=dict(planned.configs))
            for planned in missing
        ]
        answer = await admin.create_topics(requests, timeout_ms=int(REQUEST_SECONDS * 1000))
        if all(code in _FORBIDDEN for _, code, _ in answer.topic_errors):
            topics = f"create topics {settings.namespace}.*"
            raise NotAllowed(not_allowed(topics, "Create", client_security(settings)))
        created = [Created(name, _failure(code, message)) for name, code, message in answer.topic_errors]
        await _visible(admin, {each.topic for each in created if each.error is None})
        return created


async def found_topics(settings: Settings) -> dict[str, FoundTopic]:
    """Return the brokers' topics by full name, without their configuration.

    Raises
    ------
    BrokerUnreachable
        No broker answers in time.
    NotAllowed
        Topics of the namespace may be there, but we may not see them.
    """
    async with connected(settings) as admin:
        found = await _found(admin)
        if not {planned.name for planned in all_topics(settings)} <= found.keys():
            await _configs(admin, settings, found)
        return found


async def check(settings: Settings) -> list[Difference]:
    """Return every way in which the brokers' topics differ from the plan.

    Raises
    ------
    BrokerUnreachable
        No broker answers in time.
    """
    async with connected(settings) as admin:
        return compare(all_topics(settings), await found_with_configs(admin, settings))


async def found_with_configs(admin: AIOKafkaAdminClient, settings: Settings) -> dict[str, FoundTopic]:
    """Return the brokers' topics by full name, those of the plan with what the brokers tell of their configuration.

    Raises
    ------
    NotAllowed
        Topics of the namespace may be there, but we may not see them.
    """
    found = await _found(admin)
    configs = await _configs(admin, settings, found)
    return {
        name: FoundTopic(topic.partitions, topic.replication, configs.get(name, {})) for name, topic in found.items()
    }


def compare(planned: Sequence[PlannedTopic], found: Mapping[str, FoundTopic]) -> list[Difference]:
    """Return the differences between the plan and what was found, in the plan's order."""
    differences = []
    for each in planned:
        topic = found.get(each.name)
        if topic is None:
            differences.append(Difference(each.name, "missing"))
            continue
        wanted = {"partitions": str(each.partitions), "replication": str(each.replication), **each.configs}
        has = {"partitions": str(topic.partitions), "replication": str(topic.replication), **topic.configs}
        differences += [
            Difference(each.name, what, value, has.get(what))
            for what, value in wanted.items()
            if not _same(value, has.get(what))
        ]
    return differences


def _same(wanted: str, found: str | None) -> bool:
    """Compare two values, of which a list (`compact,delete`) may come in any order."""
    return found is not None and sorted(wanted.split(",")) == sorted(part.strip() for part in found.split(","))


async def partition_counts(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """Return how many partitions each topic of the brokers has, by full name; those hidden from us are not in it."""
    return {name: topic.partitions for name, topic in (await _found(admin)).items()}


async def _found(admin: AIOKafkaAdminClient) -> dict[str, FoundTopic]:
    return {
        topic["topic"]: FoundTopic(
            partitions=len(topic["partitions"]),
            replication=min((len(partition["replicas"]) for partition in topic["partitions"]), default=0),
        )
        for topic in await admin.describe_topics()
        if topic["error_code"] == 0
    }


async def _configs(
    admin: AIOKafkaAdminClient, settings: Settings, found: Mapping[str, FoundTopic]
) -> dict[str, dict[str, str]]:
    """Return what the broker tells of the planned topics; not every broker knows the request or answers it.

    A topic that we may not see looks like one that is missing, save to this request, which never creates one: raises
    `NotAllowed`.
    """
    resources = [ConfigResource(ConfigResourceType.TOPIC, planned.name) for planned in all_topics(settings)]
    try:
        async with asyncio.timeout(DESCRIBE_SECONDS):
            answers: list[Any] = await admin.describe_configs(resources)
    except (kafka.KafkaError, TimeoutError):
        return {}
    told = [resource for answer in answers for resource in answer.resources]
    hidden = sorted(name for code, _, _, name, _ in told if code in _FORBIDDEN and name not in found)
    if hidden:
        few = ", ".join(hidden[:FEW]) + (f" and {len(hidden) - FEW} more" if len(hidden) > FEW else "")
        raise NotAllowed(not_allowed(f"see {few}", "Describe, DescribeConfigs", client_security(settings)))
    return {
        name: {entry[0]: entry[1] for entry in entries if entry[1] is not None}
        for code, _, _, name, entries in told
        if code == 0
    }


async def _visible(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    """Wait until the brokers tell of the new topics: the controller knows them a moment earlier."""
    async with asyncio.timeout(REQUEST_SECONDS):
        while not names <= (await _found(admin)).keys():  # noqa: ASYNC110 - only asking again tells
            await asyncio.sleep(0.05)


def _failure(code: int, message: str | None) -> str | None:
    if code in (0, _EXISTS):  # somebody else created it meanwhile: what was wanted is there
        return None
    return f"{kafka.for_code(code).__name__}: {message or 'the broker gives no reason'}"

"""What each role may do, and nothing beyond it, as Kafka's access control lists; made from the topics."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import get_args

from streams.topics import SIDES, TOPICS, Role, changelog, full_name

ROLES: tuple[Role, ...] = get_args(Role)


class Resource(enum.IntEnum):
    """What a right is about, by Kafka's codes."""

    TOPIC = 2
    GROUP = 3
    CLUSTER = 4
    TRANSACTIONAL_ID = 5
    DELEGATION_TOKEN = 6
    USER = 7

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.name.lower().replace("_", " ")


class Pattern(enum.IntEnum):
    """Whether a name stands for itself or for all that begin with it, by Kafka's codes."""

    LITERAL = 3
    PREFIXED = 4


class Operation(enum.IntEnum):
    """What is done with a resource, by Kafka's codes. Read and Write include Describe."""

    ALL = 2
    READ = 3
    WRITE = 4
    CREATE = 5
    DELETE = 6
    ALTER = 7
    DESCRIBE = 8
    CLUSTER_ACTION = 9
    DESCRIBE_CONFIGS = 10
    ALTER_CONFIGS = 11
    IDEMPOTENT_WRITE = 12
    CREATE_TOKENS = 13
    DESCRIBE_TOKENS = 14
    TWO_PHASE_COMMIT = 15

    @property
    def title(self) -> str:
        """Kafka's name of it, as kafka-acls.sh takes it."""
        return self.name.title().replace("_", "")


@dataclass(frozen=True, order=True, slots=True)
class Right:
    """One operation on one resource, or on all whose names begin alike."""

    resource: Resource
    name: str
    pattern: Pattern
    operation: Operation

    @property
    def shown(self) -> str:
        """The name, with a star where it is only the beginning of names."""
        return f"{self.name}{'*' if self.pattern is Pattern.PREFIXED else ''}"

    def __str__(self) -> str:
        return f"{self.operation.title} {self.resource.title} {self.shown}"


def rights(namespace: str, role: Role) -> tuple[Right, ...]:
    """Return what `role` needs for its work in `namespace`, sorted; nothing while none of its topics exists.

    A role that reads may do so in consumer groups whose names begin with ``{namespace}.{role}``.
    """
    wanted = set()
    reads, writes = _worker_topics() if role == "worker" else _topics(role)
    for operation, names in ((Operation.READ, reads), (Operation.WRITE, writes)):
        wanted |= {Right(Resource.TOPIC, full_name(namespace, name), Pattern.LITERAL, operation) for name in names}
    if role == "worker":
        wanted |= _of_worker(namespace)
    elif reads:
        wanted.add(Right(Resource.GROUP, f"{namespace}.{role}", Pattern.PREFIXED, Operation.READ))
    if role == "administrator":
        wanted.add(_all_topics(namespace, Operation.CREATE))
    if role in {"administrator", "operator"}:
        wanted.add(_all_topics(namespace, Operation.DESCRIBE))  # what is missing is told from what may not be written
        replaying = replaying_id(namespace)
        wanted.add(Right(Resource.TRANSACTIONAL_ID, replaying, Pattern.LITERAL, Operation.WRITE))
    if role in {"administrator", "operator", "worker"}:
        wanted.add(_all_topics(namespace, Operation.DESCRIBE_CONFIGS))  # all compare the topics with the plan
    return tuple(sorted(wanted))


def reaches(namespace: str, right: Right) -> bool:
    """Return whether `right` lets its holder at something of `namespace`; rights on the whole cluster do."""
    if right.resource is Resource.CLUSTER or right.name == "*":
        return True
    ids = (*_transactional_ids(namespace), replaying_id(namespace))
    own = ids if right.resource is Resource.TRANSACTIONAL_ID else (f"{namespace}.",)
    is_wider = right.pattern is Pattern.PREFIXED and any(each.startswith(right.name) for each in own)
    return is_wider or right.name == namespace or right.name.startswith(own)


def default_principal(namespace: str, role: Role) -> str:
    """Return whom a role is given to where nobody is named."""
    return f"User:{namespace}-{role}"


def replaying_id(namespace: str) -> str:
    """Return the transactional id under which dead letters are replayed and erased: of all, the last one fences."""
    return f"{namespace}-operator-replay"


def _topics(role: Role) -> tuple[set[str], set[str]]:
    topics = (*TOPICS.values(), *map(changelog, SIDES))
    return (
        {topic.name for topic in topics if role in topic.read_by},
        {topic.name for topic in topics if role in topic.written_by},
    )


def _worker_topics() -> tuple[set[str], set[str]]:
    changelogs = {changelog(side).name for side in SIDES}
    return (
        changelogs | {source for sources in SIDES.values() for source in sources},
        changelogs | {topic.name for topic in TOPICS.values() if not topic.from_clients},
    )


def _of_worker(namespace: str) -> set[Right]:
    return {
        Right(Resource.GROUP, namespace, Pattern.LITERAL, Operation.READ),
        *(
            Right(Resource.TRANSACTIONAL_ID, begin, Pattern.PREFIXED, Operation.WRITE)
            for begin in _transactional_ids(namespace)
        ),
    }


def _transactional_ids(namespace: str) -> tuple[str, ...]:
    """Return how the ids of each side begin; a partition's number follows. A namespace may begin like another."""
    return tuple(f"{namespace}-{side}-" for side in SIDES)


def _all_topics(namespace: str, operation: Operation) -> Right:
    return Right(Resource.TOPIC, full_name(namespace, ""), Pattern.PREFIXED, operation)

"""The records of a story, from the topics that the login may read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aiokafka import TopicPartition
from aiokafka import errors as kafka

from streams import reading
from streams.engine.records import SourceRecord
from streams.engine.routing import partition_of
from streams.failures import Failure
from streams.namespace import Namespace, opened
from streams.reading import Take, TopicReader
from streams.settings import Settings
from streams.topics import LABELS, PROJECTS, SCORED, TOPICS
from streams.why.found import TOPICS as OF_STORIES
from streams.why.found import Body, Found, Search, parsed

STEP = 500_000
"""So many records are read between two lines that say how far it is."""

FORBIDDEN = "may not be read by this login (goldstream topics acls: the role auditor may)"
HIDDEN = "does not exist, or may not be seen by this login (goldstream topics acls: the role auditor may)"


@dataclass
class Read:
    """What was found, and what could not be.

    Attributes
    ----------
    searches : list of Search
        One for each kind that the id may be of.
    unread : dict of str to str
        Topics that could not be read, and why.
    begins : dict of str to str
        Topics whose first records are no longer kept, and since when they are.
    superseded : dict of str to Body or None
        Coordinates of the labels that follow from an annotator's answers, to the version before.
    """

    searches: list[Search]
    unread: dict[str, str] = field(default_factory=dict)
    begins: dict[str, str] = field(default_factory=dict)
    superseded: dict[str, Body | None] = field(default_factory=dict)


async def read(settings: Settings, searches: list[Search], tell: Callable[[str], None]) -> Read:
    """Read what the searches need; `tell` takes a line now and then while that is long.

    Raises
    ------
    Failure
        Nothing could be read at all; or one of `streams.namespace.opened`.
    """
    done = Read(searches)
    async with opened(settings, "why", ()) as there, there.reading() as reader:
        log = _Log(there, reader, done, tell)
        for topic in TOPICS:
            wanted = [search for search in searches if topic in OF_STORIES[search.kind]]
            if wanted:
                await log.look_through(topic, wanted)
        if len(done.unread) == len({topic for search in searches for topic in OF_STORIES[search.kind]}):
            raise Failure(
                f"topics of {there.name}: none exists, or none may be read by this login; check --namespace, or give "
                "it the role auditor with goldstream topics acls"
            )
        for search in searches:
            if search.found:
                await log.projects(search)
            if search.kind == "annotator":
                await log.superseded(search)
    return done


class _Log:
    def __init__(self, there: Namespace, reader: TopicReader, done: Read, tell: Callable[[str], None]) -> None:
        self._there = there
        self._reader = reader
        self._done = done
        self._tell = tell

    async def look_through(self, topic: str, searches: Sequence[Search]) -> None:
        """Read a topic: the partitions that may hold something for one of the searches."""
        count = self._there.partitions.get(topic, 0)
        partitions: dict[Search, frozenset[int]] = {
            search: frozenset(
                {partition_of(search.names.key, count)} if OF_STORIES[search.kind][topic] else range(count)
            )
            for search in searches
            if count
        }

        def take(partition: int, record: SourceRecord) -> None:
            for search, of_search in partitions.items():
                if partition in of_search:
                    search.take(topic, partition, record)

        await self._read(topic, sorted(frozenset[int]().union(*partitions.values())), take)

    async def projects(self, search: Search) -> None:
        """Add what administrators did to the projects that a story is about."""
        names = {str(project).encode() for one in search.found if (project := (one.body or {}).get("project"))}
        count = self._there.partitions.get(PROJECTS.name, 0)

        def take(partition: int, record: SourceRecord) -> None:
            if record.key in names:
                search.found.append(Found(PROJECTS.name, partition, record.offset, record.timestamp, record.value))

        await self._read(PROJECTS.name, sorted({partition_of(name, count) for name in names} if count else ()), take)

    async def superseded(self, search: Search) -> None:
        """Add the labels that superseded another when an answer of the annotator came: they have its time."""
        times = {
            (str(task_id).encode(), one.timestamp)
            for one in search.found
            if one.topic == SCORED.name and (task_id := (one.body or {}).get("task_id"))
        }
        tasks = {key for key, _ in times}
        count = self._there.partitions.get(LABELS.name, 0)
        before: dict[bytes, Body] = {}

        def take(partition: int, record: SourceRecord) -> None:
            key = record.key or b""
            if key not in tasks:
                return
            body = parsed(record.value)
            if body is None:
                return
            if (key, record.timestamp) in times and body.get("supersedes"):
                one = Found(LABELS.name, partition, record.offset, record.timestamp, record.value)
                search.found.append(one)
                self._done.superseded[one.place] = before.get(key)
            before[key] = body

        await self._read(LABELS.name, sorted({partition_of(key, count) for key in tasks} if count else ()), take)

    async def _read(self, topic: str, partitions: Iterable[int], take: Take) -> None:
        wanted = list(partitions)
        if topic not in self._there.partitions:
            self._done.unread[topic] = HIDDEN
        if not wanted:
            return
        name = self._there.full(topic)
        try:
            await self._note_beginning(topic, [TopicPartition(name, number) for number in wanted])
            await self._reader.read(name, wanted, self._counting(topic, take))
        except kafka.TopicAuthorizationFailedError:
            self._done.unread[topic] = FORBIDDEN
        except TimeoutError:
            self._done.unread[topic] = (
                f"nothing came for {reading.STALL_SECONDS:g} s, so it was not read to its end; try again later"
            )

    async def _note_beginning(self, topic: str, places: Sequence[TopicPartition]) -> None:
        firsts: Mapping[TopicPartition, int] = await self._reader.consumer.beginning_offsets(places)
        if any(firsts.values()) and "compact" not in TOPICS[topic].cleanup:
            self._done.begins[topic] = "its oldest records are no longer kept (retention.ms), so more may have happened"

    def _counting(self, topic: str, take: Take) -> Take:
        count = 0

        def counted(partition: int, record: SourceRecord) -> None:
            nonlocal count
            count += 1
            if count % STEP == 0:
                self._tell(f"looking through {topic}: {count:,} records")
            take(partition, record)

        return counted

"""The owner of one partition of one side: a table in memory, one worker task, one commit at a time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from operator import attrgetter

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.engine.changelog import COMMIT_KEY, OUTBOX_KEY, Changelog, Commit, encode_commit
from streams.engine.errors import Gap, PositionLost, StepFailed, Verdict, verdict
from streams.engine.inbox import Inbox
from streams.engine.intake import Intake
from streams.engine.outbox import decode_outbox, encode_outbox, is_repeat, number
from streams.engine.outgoing import by_partition, state_messages
from streams.engine.overlay import Overlay
from streams.engine.ports import CommitReport, Links, Observer, Place
from streams.engine.records import SourceRecord
from streams.engine.transport import Batch
from streams.engine.writer import Message, Outgoing, Writer
from streams.events import Event, Output, Rejected, Side

log = logging.getLogger(__name__)

QUIET_COMMIT_S = 10.0
"""How long positions may wait for a commit when what was read changed nothing."""

IDLE_S = 2.0
"""How long an idle partition waits before it looks whether a batch was lost on the way."""

COMMIT_BYTES = 16_000_000
"""A commit takes no further record of a batch once its outputs are larger: one record may lead to thousands."""

_COUNTED_AS = attrgetter("topic", "tag")


class Processor:
    """Applies batches to one partition's table and commits outputs, state and positions together.

    Parameters
    ----------
    side : Side
        The pure function.
    place : Place
    writer : Writer
    reader : callable
        Makes an unstarted reader for the changelog.
    links : Links
    observer : Observer
    batch_records : int
        Bound on the records of one commit.
    max_value_bytes : int
        Larger values are dead letters.
    by_positions : bool
        True on brokers without transactions.
    backoff_s : float
        Pause before another attempt to open.
    """

    def __init__(
        self,
        side: Side,
        place: Place,
        writer: Writer,
        reader: Callable[[], AIOKafkaConsumer],
        links: Links,
        observer: Observer,
        *,
        batch_records: int,
        max_value_bytes: int,
        by_positions: bool = False,
        backoff_s: float = 0.5,
    ) -> None:
        self.side = side
        self.place = place
        self.changelog = Changelog(side)
        self.parked_at = time.monotonic()
        self._writer = writer
        self._reader = reader
        self._links = links
        self._observer = observer
        self._by_positions = by_positions
        self._backoff_s = backoff_s
        self._intake = Intake(side.sources, place.partition, place.partitions, max_value_bytes)
        self._own = {source.topic for source in side.sources if source.own and by_positions}
        self._lossy = {source.topic for source in side.sources if source.lossy}
        self._logical = {place.topics[source.topic]: source.topic for source in side.sources}
        self._inbox = Inbox(batch_records)
        self._idle = asyncio.Event()
        self._idle.set()
        self._worker: asyncio.Task[None] | None = None
        self._opening: asyncio.Task[bool] | None = None
        # Counts opens and parks: whoever started under an older one has nothing more to do.
        self._token = 0
        # Seek count of each source after our last rewind: batches fetched before it are stale.
        self._sought: dict[str, int] = {}
        # Positions beyond the last commit, reached by records that changed nothing.
        self._unwritten: Commit | None = None
        self._unwritten_since = 0.0
        # Decoded values that the last commit wrote, equal to what the table holds under their keys.
        self._recent: dict[str, msgspec.Struct] = {}
        # Taken over and not parked since.
        self._held = False

    # -- what Faust's agents call

    async def offer(self, batch: Batch) -> None:
        """Queue a batch; wait while the queue is full. A parked partition drops it: it will be read again."""
        await self._inbox.put(batch)

    # -- what the store calls

    async def open(self) -> bool:
        """Take the partition over: fence, restore, and start to work. False when it was parked meanwhile."""
        self._token += 1
        token = self._token
        await self._stop_worker()
        opening = self._opening = asyncio.create_task(self._open(token), name=f"open-{self!r}")
        await asyncio.wait([opening])
        if opening.cancelled() or not opening.result() or token != self._token:
            return False
        self._inbox.open()
        self._worker = asyncio.create_task(self._work(token), name=f"processor-{self!r}")
        return True

    async def park(self, *, timeout_s: float) -> None:
        """Finish the commit under way (bounded), drop the rest, and let the partition go."""
        self._token += 1
        self._inbox.close()
        if self._opening is not None and not self._opening.done():
            self._opening.cancel()
            await asyncio.wait([self._opening])
        try:
            await asyncio.wait_for(self._idle.wait(), timeout_s)
        except TimeoutError:
            log.warning("%r: the open transaction did not end in %.1f s, it is left to its timeout", self, timeout_s)
        await self._stop_worker()
        await self._writer.close()
        if self._held:
            self._held = False
            self.parked_at = time.monotonic()

    @property
    def is_open(self) -> bool:
        """Whether the partition is ours and at work."""
        return self._inbox.is_open

    @property
    def positions(self) -> dict[str, int]:
        """Next offset of each source, those included whose commit is still to come because they changed nothing."""
        return (self._unwritten or self.changelog.commit).positions

    def __repr__(self) -> str:
        return f"{self.place.side}-{self.place.partition}"

    # -- opening

    async def _stop_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None and worker is not asyncio.current_task():
            worker.cancel()
            await asyncio.wait([worker])

    async def _open(self, token: int) -> bool:
        """Try until it is open, no longer wanted, or hopeless (raises)."""
        while token == self._token:
            try:
                # Who asks before fencing never fences an owner that the group has chosen instead.
                if await self._links.is_ours(self.place) and token == self._token:
                    await self._take_over(token)
                    if token == self._token:
                        log.info(
                            "%r: open in generation %d, %d keys",
                            self,
                            self._links.generation(),
                            len(self.changelog.table),
                        )
                        return True
            except Exception as error:
                if verdict(error) in (Verdict.FATAL, Verdict.BUG):
                    raise
                log.warning("%r: could not be opened, trying again: %r", self, error)
            await asyncio.sleep(self._backoff_s)
        return False

    async def _take_over(self, token: int) -> None:
        self._unwritten = None
        self._recent = {}
        await self._writer.open()
        reader = self._reader()
        try:
            await reader.start()
            restored = await self.changelog.catch_up(
                reader,
                self.place.changelog,
                self.place.partition,
                lambda: token == self._token,
                ends_are_exact=not self._by_positions,
            )
            if token != self._token:
                return
            positions = await self._positions(reader)
        finally:
            await reader.stop()
        self._observer.restored(self.place, *restored)
        if self._by_positions:
            unsent = decode_outbox(self.changelog.outbox)
            await self._writer.commit(unsent, self._changelog_place, (), self._full(positions))
        self.changelog.commit.positions = positions
        self._sought = {}
        self._held = True

    async def _positions(self, reader: AIOKafkaConsumer) -> dict[str, int]:
        """Return where each source continues: the committed position, or the log's beginning for a new source."""
        known = self.changelog.commit.positions
        places = {topic: TopicPartition(full, self.place.partition) for full, topic in self._logical.items()}
        beginnings = await reader.beginning_offsets(list(places.values()))
        ends = await reader.end_offsets(list(places.values()))
        positions = {}
        for topic, place in places.items():
            position = known.get(topic, beginnings[place])
            is_beyond = position > ends[place] and not self._by_positions
            if position < beginnings[place] or is_beyond:
                if topic not in self._lossy:
                    raise PositionLost(
                        f"{place.topic} partition {place.partition}: stands at offset {position}, the log holds "
                        f"{beginnings[place]} to {ends[place]}: records were deleted before they were processed"
                    )
                position = beginnings[place]
            positions[topic] = position
        return positions

    def _full(self, positions: Mapping[str, int]) -> dict[str, int]:
        return {self.place.topics[topic]: offset for topic, offset in positions.items()}

    @property
    def _changelog_place(self) -> TopicPartition:
        return TopicPartition(self.place.changelog, self.place.partition)

    # -- working

    async def _work(self, token: int) -> None:
        missing: dict[str, int] = {}
        while token == self._token:
            await self._inbox.wait(IDLE_S)
            self._idle.clear()
            try:
                missing = self._look_for_lost(missing)
                await self._apply(self._inbox.take())
            except Exception as error:  # noqa: BLE001  # every error has its verdict
                if not await self._mend(error, token):
                    return
            finally:
                self._idle.set()

    def _look_for_lost(self, before: dict[str, int]) -> dict[str, int]:
        """Return what was fetched and never came, by topic; raise `Gap` when that was so before, and nothing moved.

        Faust clears its queues when it resumes after a rebalance, and an agent that restarts loses what it held. A lost
        batch is noticed by the one that follows it; this is for the last one.
        """
        if self._inbox:
            return {}
        fetched, positions = self._links.fetched_to(self.place), self.positions
        missing = {topic: offset for topic, offset in fetched.items() if offset > positions.get(topic, offset)}
        lost = {topic: offset for topic, offset in missing.items() if before.get(topic) == offset}
        if lost:
            raise Gap(f"fetched to {lost}, but only delivered to {[positions[topic] for topic in lost]}")
        return missing

    async def _mend(self, error: Exception, token: int) -> bool:
        """Bring the partition back after `error`; False when this task's work is over."""
        what = verdict(error)
        if what in (Verdict.FATAL, Verdict.BUG):
            self._inbox.close()
            await self._links.crash(error)
            return False
        log.warning("%r: %s after %r", self, what.value, error)
        self._inbox.close()
        self._observer.reopened(self.place, what.value)
        self._idle.set()
        try:
            if what is not Verdict.REWIND and not await self._open(token):
                return False
            counts = await self._links.rewind(self.place, self.changelog.commit.positions)
        except Exception as failed:  # noqa: BLE001  # every error has its verdict
            if verdict(failed) in (Verdict.FATAL, Verdict.BUG):
                await self._links.crash(failed)
                return False
            return await self._mend(failed, token)
        if token != self._token:
            return False
        self._sought = counts
        self._unwritten = None
        self._inbox.open()
        return True

    async def _apply(self, batches: list[Batch]) -> None:
        """Run the side over `batches` and commit what follows."""
        started = time.perf_counter()
        base = self._unwritten or self.changelog.commit
        commit = Commit(
            version=self.side.state_version,
            sequence=self.changelog.commit.sequence + 1,
            positions=dict(base.positions),
            applied=list(self._unwritten.applied) if self._unwritten else [],
            seen={topic: dict(seen) for topic, seen in base.seen.items()},
            emitted=base.emitted,
        )
        # Until the commit stands, what its overlay has touched is no image of the table.
        recent, self._recent = self._recent, {}
        overlay = Overlay(self.changelog.table, self.side.state_version, recent)
        outputs: list[Output] = []
        report = CommitReport(self.place, 0, 0.0)
        advanced = False
        size = 0
        for place, batch in enumerate(batches):
            if overlay.searched:
                self._inbox.put_back(batches[place:])
                break
            topic = self._logical[batch.tp.topic]
            records = self._fresh(topic, batch, commit.positions[topic])
            if records is None:
                continue
            advanced = True
            done, size = self._run(topic, records, overlay, commit, outputs, size)
            end = batch.end if done == len(records) else records[done].offset
            _note_range(commit.applied, topic, max(commit.positions[topic], batch.start), end)
            commit.positions[topic] = end
            report.read[topic] += done
            report.records += done
            if done < len(records):
                skipped = len(batch.records) - len(records)
                self._inbox.put_back([batch.after(skipped + done), *batches[place + 1 :]])
                break
            await asyncio.sleep(0)
        changes = overlay.changes()
        if not changes and not outputs and not self._overdue():
            if advanced:
                self._unwritten_since = self._unwritten_since if self._unwritten else time.monotonic()
                self._unwritten = commit
            return
        if not commit.applied:
            return
        last = max((record.timestamp for batch in batches for record in batch.records[-1:]), default=0)
        await self._commit(commit, changes, outputs, last)
        self._recent = overlay.written()
        report.outputs.update(map(_COUNTED_AS, outputs))
        report.seconds = time.perf_counter() - started
        self._observer.committed(report)

    def _overdue(self) -> bool:
        return self._unwritten is not None and time.monotonic() - self._unwritten_since > QUIET_COMMIT_S

    def _fresh(self, topic: str, batch: Batch, position: int) -> list[SourceRecord] | None:
        """Return the batch's records from `position` on; raise `Gap` when it starts beyond."""
        if batch.end <= position:
            return None
        if batch.start > position and batch.seeks < self._sought.get(topic, 0):
            return None  # fetched before the seek that brought us here
        if batch.start > position and topic not in self._lossy:
            raise Gap(f"{batch!r} does not continue offset {position}")
        if batch.start >= position:
            return batch.records
        return [record for record in batch.records if record.offset >= position]

    def _run(
        self,
        topic: str,
        records: list[SourceRecord],
        overlay: Overlay,
        commit: Commit,
        outputs: list[Output],
        size: int,
    ) -> tuple[int, int]:
        """Step over `records`, until the commit's outputs are many or one has the table searched.

        Parameters
        ----------
        size : int
            Bytes of the commit's outputs so far.

        Returns
        -------
        int
            How many records it took.
        int
            `size` with what followed from them.
        """
        self._intake.expect(topic, records)
        admit, step = self._intake.gate(topic), self.side.step
        own = topic in self._own
        for count, record in enumerate(records):
            if size > COMMIT_BYTES or overlay.searched:  # whatever takes long leaves the rest to the next commit
                return count, size
            if own and is_repeat(commit.seen, topic, record):
                continue
            event = admit(record)
            if not isinstance(event, Event):
                outputs.append(event)
                continue
            try:
                made = step(overlay, event)
            except Rejected as rejected:
                outputs.append(self._intake.reject(event, rejected))
                continue
            except Exception as error:
                raise StepFailed(
                    f"{self.place.side}: {topic} partition {event.partition} offset {record.offset}: {error!r}"
                ) from error
            for output in made:
                if output.value is not None:
                    size += len(output.value)
            outputs += made
        return len(records), size

    async def _commit(self, commit: Commit, changes: dict[str, bytes | None], outputs: list[Output], now: int) -> None:
        outgoing = by_partition(outputs, self.place)
        state = state_messages(changes, self.place, now)
        numbered: Outgoing = outgoing
        if self._by_positions:
            numbered = number(outgoing, f"{self.place.side}/{self.place.partition}", commit)
            state.append(Message(OUTBOX_KEY, encode_outbox(numbered), now))
        state.append(Message(COMMIT_KEY, encode_commit(commit), now))
        begin = await self._writer.commit(numbered, self._changelog_place, state, self._full(commit.positions))
        self.changelog.absorb(changes)
        self.changelog.commit = commit
        self.changelog.position = begin
        self._unwritten = None


def _note_range(applied: list[tuple[str, int, int]], topic: str, start: int, end: int) -> None:
    """Append a range, joined to the last one where it continues it."""
    if applied and applied[-1][0] == topic and applied[-1][2] == start:
        applied[-1] = (topic, applied[-1][1], end)
    else:
        applied.append((topic, start, end))

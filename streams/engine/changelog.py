"""A partition's log of state: what a transaction appends to it, and how it is read back.

Each transaction appends the changed keys and ends with one commit record under `COMMIT_KEY`, which holds the
position of every source topic, the ranges that were applied, in order, and the layout's version. The commit record is
the truth about positions; the group's offsets follow it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.engine.errors import ForeignRecord, StateTooNew
from streams.engine.records import SourceRecord, hand_out_as_made
from streams.events import Side

COMMIT_KEY: Final = b"\x00commit"
OUTBOX_KEY: Final = b"\x00outbox"
_KEPT_APART: Final = frozenset((COMMIT_KEY, OUTBOX_KEY, b""))


class Commit(msgspec.Struct):
    """What a transaction says about itself.

    Attributes
    ----------
    sequence : int
        Counts the commits of the partition from 1.
    positions : dict of str to int
        Source topic to the next offset.
    applied : list of (topic, start, end)
        The ranges this transaction applied, in order; read in that order they reproduce every output.
    seen : dict of str to dict of str to int
        On brokers without transactions: source topic to producing partition to the last sequence taken in.
    emitted : int
        On brokers without transactions: how many outputs the partition has numbered.
    """

    version: int
    sequence: int = 0
    positions: dict[str, int] = msgspec.field(default_factory=dict)
    applied: list[tuple[str, int, int]] = msgspec.field(default_factory=list)
    seen: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    emitted: int = 0


decode_commit = msgspec.json.Decoder(Commit).decode
encode_commit = msgspec.json.Encoder().encode


class Changelog:
    """The restored image of one changelog partition.

    Attributes
    ----------
    table : dict of str to bytes
        Key to version byte and JSON.
    position : int
        The next changelog offset to read.
    outbox : bytes or None
        The last outbox record, on brokers without transactions.
    """

    def __init__(self, side: Side) -> None:
        self._side = side
        self.table: dict[str, bytes] = {}
        self.commit = Commit(version=side.state_version)
        self.outbox: bytes | None = None
        self.position = 0

    def absorb(self, changes: Mapping[str, bytes | None]) -> None:
        """Take committed changes into the table."""
        table = self.table
        for key, value in changes.items():
            if value is None:
                table.pop(key, None)
            else:
                table[key] = value

    async def catch_up(
        self,
        reader: AIOKafkaConsumer,
        topic: str,
        partition: int,
        wanted: Callable[[], bool],
        *,
        ends_are_exact: bool = True,
    ) -> tuple[int, float]:
        """Read from `position` to the end of the log.

        Parameters
        ----------
        wanted : callable
            Asked between fetches; False stops the restore where it is, to be resumed.
        ends_are_exact : bool
            False where the broker tells the end of a log only to the start of its last record batch: what a fetch
            says of it counts then (Tansu 0.6 does so).

        Returns
        -------
        records : int
        seconds : float

        Raises
        ------
        StateTooNew
            A record was written by a newer release.
        ForeignRecord
            A record was not written by a worker.
        """
        started = time.monotonic()
        count = 0
        place = TopicPartition(topic, partition)
        hand_out_as_made(reader)
        reader.assign([place])
        beginning = (await reader.beginning_offsets([place]))[place]
        end = (await reader.end_offsets([place]))[place]
        if not beginning <= self.position <= end:
            # What is here is not a part of this log: start over. (0 is before everything, and nothing is here then.)
            self.table.clear()
            self.position = beginning
        reader.seek(place, self.position)
        while self.position < end and wanted():
            fetched = await reader.getmany(place, timeout_ms=200)
            records = fetched.get(place, [])
            self._take(place, records)
            count += len(records)
            self.position = await reader.position(place)
            if not ends_are_exact:
                end = max(end, reader.highwater(place) or 0)
            await asyncio.sleep(0)
        return count, time.monotonic() - started

    def _take(self, place: TopicPartition, records: Sequence[SourceRecord]) -> None:
        # What nearly every record is comes first, and over locals: a restart is as long as this loop.
        table, current = self.table, self._side.state_version
        for record in records:
            key, value = record.key or b"", record.value
            try:
                if value is not None and value[0] == current and key not in _KEPT_APART:
                    table[key.decode()] = value
                else:
                    self._take_other(key, value)
            except (IndexError, ValueError, msgspec.DecodeError) as error:
                raise ForeignRecord(
                    f"{place.topic} partition {place.partition} offset {record.offset}: no record of this table "
                    f"({error}); nothing but its workers may write there"
                ) from error

    def _take_other(self, key: bytes, value: bytes | None) -> None:
        if key == COMMIT_KEY:
            self.commit = decode_commit(value or b"")
            self._check(self.commit.version, "commit record")
        elif key == OUTBOX_KEY:
            self.outbox = value
        elif not key:
            raise ValueError("no key")
        elif value is None:
            self.table.pop(key.decode(), None)
        else:
            name = key.decode()
            self.table[name] = self._upgrade(name, value)

    def _check(self, version: int, what: str) -> None:
        newest = self._side.state_version
        if version > newest:
            raise StateTooNew(
                f"table {self._side.name}: its {what} has state version {version}, this release knows up to {newest}: "
                "run the newer release, or one that can read it"
            )

    def _upgrade(self, key: str, value: bytes) -> bytes:
        version = value[0]
        self._check(version, "state")
        payload = bytes(value[1:])
        while version < self._side.state_version:
            payload = self._side.upgrades[version](key, payload)
            version += 1
        return bytes((version,)) + payload

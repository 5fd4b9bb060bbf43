"""What the engine promises whatever its sides do."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections import Counter
from typing import cast

import msgspec
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from streams.engine.changelog import COMMIT_KEY, decode_commit
from streams.engine.errors import StateTooNew, StepFailed
from streams.engine.processor import Processor
from streams.engine.transport import Batch, Consumer
from streams.events import Event, Output, State
from tests.kafka.cluster import publish, read_all, read_topic, until
from tests.kafka.counting import Count, CountingSide
from tests.kafka.counting_app import counting, make_counting_topics


def numbers(count: int, topic: str = "numbers") -> list[tuple[str, bytes, bytes]]:
    return [(topic, b"key-%d" % (n % 50), b"%d" % (n % 7 + 1)) for n in range(count)]


def processors(engine: object) -> list[Processor]:
    return list(engine.tables["counting"].partitioned.processors.values())  # type: ignore[attr-defined]  # an Engine


async def counted(bootstrap: str, namespace: str) -> dict[bytes, tuple[int, int]]:
    """Return the last count said of each key, after checking that none was left out or said twice."""
    last: dict[bytes, tuple[int, int]] = {}
    for record in await read_topic(bootstrap, namespace, "counts"):
        seen, total = map(int, record.value.split(b":"))
        assert seen == last.get(record.key, (0, 0))[0] + 1, f"{record.key!r} goes from {last.get(record.key)} to {seen}"
        last[record.key] = (seen, total)
    return last


def expected(messages: list[tuple[str, bytes, bytes]]) -> dict[bytes, tuple[int, int]]:
    seen, total = Counter[bytes](), Counter[bytes]()
    for _, key, value in messages:
        seen[key] += 1
        total[key] += int(value)
    return {key: (seen[key], total[key]) for key in seen}


async def test_several_sources_share_one_transaction_and_one_table(bootstrap: str, namespace: str) -> None:
    await make_counting_topics(bootstrap, namespace, 2)
    messages = [*numbers(3000), *numbers(3000, "more")]
    async with counting(bootstrap, namespace, CountingSide()):
        await asyncio.gather(*(publish(bootstrap, namespace, messages[part::4]) for part in range(4)))

        async def all_counted() -> bool:
            return len(await read_topic(bootstrap, namespace, "counts")) >= len(messages)

        await until(all_counted, seconds=30, what="every number counted")
    assert await counted(bootstrap, namespace) == expected(messages)


async def test_a_worker_goes_on_where_the_last_one_stopped(bootstrap: str, namespace: str) -> None:
    await make_counting_topics(bootstrap, namespace, 2)
    first, second = numbers(500), numbers(700, "more")

    async def work_off(messages: list[tuple[str, bytes, bytes]]) -> int:
        await publish(bootstrap, namespace, messages)
        async with counting(bootstrap, namespace, CountingSide()) as (engine, seen):

            def is_done() -> bool:
                return sum(commit.records for commit in seen.commits) == len(messages)

            await until(is_done, seconds=20, what="every number committed")
            assert all(behind == 0 for _, _, behind in engine.lag())
            return sum(records for _, records in seen.restores)

    assert await work_off(first) == 0
    assert await work_off(second) >= 50
    assert await counted(bootstrap, namespace) == expected([*first, *second])


async def test_refused_events_are_dead_letters_and_change_nothing(bootstrap: str, namespace: str) -> None:
    await make_counting_topics(bootstrap, namespace, 2)
    await publish(
        bootstrap,
        namespace,
        [("numbers", b"a", b"-1"), ("numbers", b"a", b"x"), ("numbers", b"a", b"2" * 2000), ("numbers", b"a", b"3")],
    )
    async with counting(bootstrap, namespace, CountingSide()) as (engine, _):

        async def all_refused() -> bool:
            return len(await read_topic(bootstrap, namespace, "dead-letters")) == 3

        await until(all_refused, seconds=20, what="three dead letters")
        assert [processor.changelog.table for processor in processors(engine) if processor.changelog.table] == [
            {"n\x1fa": b"\x01[1,3]"}
        ]
    letters = await read_topic(bootstrap, namespace, "dead-letters")
    letters.sort(key=lambda letter: letter.key)
    assert [dict(letter.headers)["reason"] for letter in letters] == [b"negative", b"invalid", b"oversized"]
    assert [letter.value for letter in letters] == [b"-1", b"x", b"2" * 2000]


async def test_what_changes_nothing_is_not_committed_by_itself(bootstrap: str, namespace: str) -> None:
    await make_counting_topics(bootstrap, namespace, 1)
    async with counting(bootstrap, namespace, CountingSide(), partitions=1) as (engine, seen):
        await publish(bootstrap, namespace, [("numbers", b"a", b"0")])
        (processor,) = processors(engine)
        await until(lambda: processor._unwritten is not None, seconds=10, what="the zero read")
        assert seen.commits == []
        await publish(bootstrap, namespace, [("numbers", b"a", b"1")])
        await until(lambda: seen.commits, seconds=10, what="the one committed")
        assert processor.changelog.commit.applied == [("numbers", 0, 2)]


async def test_a_lost_batch_is_noticed_and_read_again(bootstrap: str, namespace: str) -> None:
    await make_counting_topics(bootstrap, namespace, 1)
    messages = numbers(400)
    async with counting(bootstrap, namespace, CountingSide(), partitions=1, fetch_records=20) as (engine, seen):
        (processor,) = processors(engine)
        offer = processor.offer
        lost: list[Batch] = []

        async def lossy(batch: Batch) -> None:
            if len(lost) < 3 and batch.start > 20 * len(lost) + 20:
                lost.append(batch)
            else:
                await offer(batch)

        processor.offer = lossy  # type: ignore[method-assign]  # what a cleared queue would do
        await publish(bootstrap, namespace, messages)

        async def all_counted() -> bool:
            return len(await read_topic(bootstrap, namespace, "counts")) >= len(messages)

        await until(all_counted, seconds=30, what="every number counted")
        assert lost
        assert set(seen.causes) == {"counting: rewind"}
    assert await counted(bootstrap, namespace) == expected(messages)


async def test_a_lost_last_batch_is_missed_and_read_again(bootstrap: str, namespace: str) -> None:
    await make_counting_topics(bootstrap, namespace, 1)
    async with counting(bootstrap, namespace, CountingSide(), partitions=1) as (engine, seen):
        (processor,) = processors(engine)
        offer = processor.offer

        async def losing(batch: Batch) -> None:
            processor.offer = offer  # type: ignore[method-assign]  # only once
            assert batch.records

        processor.offer = losing  # type: ignore[method-assign]  # what a cleared queue would do
        await publish(bootstrap, namespace, [("numbers", b"a", b"1")])
        await until(lambda: seen.commits, seconds=20, what="the number counted")
        assert seen.causes == ["counting: rewind"]


async def test_markers_of_transactions_do_not_keep_a_position_back(bootstrap: str, namespace: str) -> None:
    await make_counting_topics(bootstrap, namespace, 1)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=namespace)
    await producer.start()
    async with producer.transaction():
        await producer.send(f"{namespace}.numbers", b"1", b"a")
    await producer.stop()
    async with counting(bootstrap, namespace, CountingSide(), partitions=1) as (engine, _):
        (processor,) = processors(engine)
        await until(lambda: processor.positions["numbers"] == 2, seconds=20, what="the marker passed")
        assert all(behind == 0 for _, _, behind in engine.lag())


async def test_older_state_is_upgraded_and_newer_state_is_refused(bootstrap: str, namespace: str) -> None:
    await make_counting_topics(bootstrap, namespace, 1)

    def double(key: str, payload: bytes) -> bytes:
        assert key == "n\x1fa"
        old = msgspec.json.decode(payload, type=Count)
        return msgspec.json.encode(Count(old.seen, old.total * 2))

    newer = CountingSide(state_version=2, upgrades={1: double})
    for side, number in ((CountingSide(), b"5"), (newer, b"1")):
        await publish(bootstrap, namespace, [("numbers", b"a", number)])
        async with counting(bootstrap, namespace, side, partitions=1) as (_, seen):
            await until(lambda: seen.commits, seconds=20, what="a commit")  # awaited within the turn
    last = (await read_topic(bootstrap, namespace, "counts"))[-1]
    assert last.value == b"2:11"
    with pytest.raises(StateTooNew, match=r"state version 2, this release knows up to 1"):
        async with counting(bootstrap, namespace, CountingSide(), partitions=1):
            pass


class Failing(CountingSide):
    """Has a defect."""

    def step(self, _state: State, _event: Event) -> list[Output]:
        raise ZeroDivisionError


async def test_a_defect_in_the_pure_code_ends_the_worker_and_names_the_record(bootstrap: str, namespace: str) -> None:
    await make_counting_topics(bootstrap, namespace, 1)
    async with counting(bootstrap, namespace, Failing(), partitions=1) as (engine, _):
        await publish(bootstrap, namespace, [("numbers", b"a", b"1")])
        await until(lambda: engine.app.crash_reason, seconds=20, what="the crash")
        reason = engine.app.crash_reason
    assert isinstance(reason, StepFailed)
    assert "numbers partition 0 offset 0" in str(reason)
    assert await read_topic(bootstrap, namespace, "counts") == []


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_hundred_thousand_small_batches_leave_memory_and_time_flat(bootstrap: str, namespace: str) -> None:
    await make_counting_topics(bootstrap, namespace, 1)
    quarter = 25_000
    async with counting(bootstrap, namespace, CountingSide(), partitions=1, fetch_records=1) as (engine, seen):
        blocks, seconds, batches = [], [], 0
        for _ in range(4):
            await publish(bootstrap, namespace, [("numbers", b"a", b"1")] * quarter)
            started, before = time.process_time(), batches
            await until(lambda: _applied(engine) >= before + quarter, seconds=120, what="a quarter applied")  # noqa: B023  # awaited within the turn
            batches = _applied(engine)
            seconds.append(time.process_time() - started)
            seen.commits.clear()
            gc.collect()
            blocks.append(sys.getallocatedblocks())
        consumer = cast(Consumer, engine.app.consumer)
        assert not any(consumer._gap.values())
        assert not any(consumer._acked.values())
    assert batches == 4 * quarter
    assert blocks[-1] - blocks[1] < quarter / 5, f"memory blocks after each quarter: {blocks}"
    assert seconds[-1] < 2 * min(seconds), f"CPU seconds of each quarter: {seconds}"


def _applied(engine: object) -> int:
    (processor,) = processors(engine)
    return processor.changelog.commit.positions["numbers"]


async def test_a_commit_record_tells_positions_and_ranges_in_order(bootstrap: str, namespace: str) -> None:
    await make_counting_topics(bootstrap, namespace, 1)
    await publish(bootstrap, namespace, numbers(300))
    async with counting(bootstrap, namespace, CountingSide(), partitions=1, fetch_records=10) as (engine, _):
        await until(lambda: _applied(engine) == 300, seconds=20, what="all applied")
    name = f"{namespace}.counting-changelog"
    log = (await read_all(bootstrap, [name]))[TopicPartition(name, 0)]
    commits = [decode_commit(record.value) for record in log if record.key == COMMIT_KEY]
    assert [commit.sequence for commit in commits] == list(range(1, len(commits) + 1))
    ranges = [applied for commit in commits for applied in commit.applied]
    assert [start for _, start, _ in ranges] == [0, *[end for _, _, end in ranges][:-1]]
    assert commits[-1].positions == {"numbers": 300, "more": 0}

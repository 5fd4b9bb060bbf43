"""`goldstream dead-letters` on a real broker: what died is found, looked at, and sent again, each once."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from schemas import DeadLetter
from streams import cli, reading
from streams.dead_letters import replaying
from streams.dead_letters.letters import Letter, Standing, Wanted
from streams.dead_letters.log import opened
from streams.engine.routing import partition_of
from streams.events import DEAD_VALUE_BYTES, Output, undecodable
from streams.failures import Failure
from streams.reading import Ends
from streams.settings import Settings
from streams.topics import full_name
from tests.kafka.broker import Broker
from tests.kafka.cluster import Record, make_topics, producing, publish, read_topic, settings_for, until, workers
from tests.kafka.workload import Message, annotation, gold, project, task

PARTITIONS = 2


def died(
    offset: int, key: bytes | None, value: bytes | None, topic: str = "annotations", reason: str = "misrouted"
) -> Output:
    """Return the dead letter of a record of partition 0, as a worker writes it."""
    return undecodable(
        topic=topic,
        partition=0,
        offset=offset,
        timestamp=1_772_359_200_000 + offset,
        key=key,
        value=value,
        reason=reason,
        error="time_spent_s: no number",
    )


async def bury(bootstrap: str, namespace: str, letters: Iterable[Output]) -> Settings:
    """Make the topics, and write dead letters as workers do."""
    settings = settings_for(bootstrap, namespace)
    await make_topics(settings)
    async with producing(bootstrap) as producer:
        name = full_name(namespace, "dead-letters")
        sent = [
            await producer.send(name, one.value, one.key, timestamp_ms=one.timestamp, headers=list(one.headers))
            for one in letters
        ]
        await asyncio.gather(*sent)
    return Settings(**settings)  # type: ignore[arg-type]  # validated by it


async def erase(bootstrap: str, namespace: str, identity: str) -> None:
    async with producing(bootstrap) as producer:
        await producer.send_and_wait(full_name(namespace, "dead-letters"), None, identity.encode())


def dead_letters(settings: Settings, command: str, *more: str) -> int:
    return cli.run(["dead-letters", command, "--broker", settings.broker, "--namespace", settings.namespace, *more])


def listed(settings: Settings, capsys: pytest.CaptureFixture[str], *more: str) -> list[dict[str, object]]:
    capsys.readouterr()
    assert dead_letters(settings, "list", "--json", *more) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


async def standing(settings: Settings, wanted: Wanted = Wanted()) -> tuple[list[Letter], Ends]:  # noqa: B008 - immutable
    found = Standing(wanted)
    async with opened(settings) as read:
        ends = await read.read(found)
    return list(found.letters.values()), ends


class Replay:
    """One replay of what stands when it is made, and what it tells."""

    def __init__(self, settings: Settings, letters: Sequence[Letter], since: Ends) -> None:
        self.sent: dict[str, str] = {}
        self.left_out: list[str] = []
        self.begun = asyncio.Event()
        self._arguments = (settings, letters, since, "eve", "2026-03-02T08:15:00Z", self._told)

    @classmethod
    async def prepare(cls, settings: Settings, *, again: bool = False) -> Replay:
        letters, ends = await standing(settings)
        return cls(settings, [letter for letter in letters if again or not letter.replayed_at], ends)

    async def run(self) -> None:
        await replaying.replay(*self._arguments)

    def _told(self, letter: Letter, sent_as: str | None) -> None:
        if sent_as is None:
            self.left_out.append(letter.id)
        else:
            self.sent[letter.id] = sent_as
        self.begun.set()


async def sent_to(bootstrap: str, namespace: str, count: int, topic: str = "annotations") -> list[Record]:
    """Return what a topic holds once it is so much: a commit is answered a moment before readers see it."""
    found: list[Record] = []

    async def is_there() -> bool:
        found[:] = await read_topic(bootstrap, namespace, topic)
        return len(found) >= count

    await until(is_there, seconds=20, what=f"{count} records in {topic}")
    return found


def keys_and_values(records: Iterable[Record]) -> Counter[tuple[bytes | None, bytes | None]]:
    return Counter((record.key, record.value) for record in records)


VALUES = [b'{"a":1}', b"", None, b"\x1b[2J\xff\x00", b"v" * 100_000]


def test_a_replay_sends_key_and_bytes_to_the_keys_partition_and_only_once(
    bootstrap: str, namespace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    letters = [died(n, b"\x1bkey-%d" % n, VALUES[n % len(VALUES)]) for n in range(700)]
    settings = asyncio.run(bury(bootstrap, namespace, letters))
    assert dead_letters(settings, "replay", "--yes") == 0
    told = capsys.readouterr().out.splitlines()
    assert told[-1] == "700 replayed"
    assert "500 of 700" in told
    sent = asyncio.run(sent_to(bootstrap, namespace, 700))
    assert [(one.key, one.value) for one in sent if one.partition == 0] == [
        (b"\x1bkey-%d" % n, VALUES[n % len(VALUES)])
        for n in range(700)
        if partition_of(b"\x1bkey-%d" % n, PARTITIONS) == 0
    ]
    assert len(sent) == 700
    assert all(one.partition == partition_of(one.key, PARTITIONS) for one in sent)
    assert dead_letters(settings, "replay", "--yes") == 0
    assert capsys.readouterr().out.splitlines() == [
        "700 left out: replayed before (--again sends them once more)",
        "nothing to replay",
    ]
    assert dead_letters(settings, "replay", "annotations/0/3", "--again", "--yes") == 0
    assert len(asyncio.run(sent_to(bootstrap, namespace, 701))) == 701


def test_the_mark_keeps_the_headers_and_tells_as_what_it_was_sent(
    bootstrap: str, namespace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = asyncio.run(bury(bootstrap, namespace, [died(7, b"ann", b"{}")]))
    (before,) = asyncio.run(read_topic(bootstrap, namespace, "dead-letters"))
    assert dead_letters(settings, "replay", "annotations/0/7", "--yes") == 0
    # The marker of the commit is so much younger than the letter that it starts a segment: the letter may be compacted.
    *_, mark = asyncio.run(read_topic(bootstrap, namespace, "dead-letters"))
    (sent,) = asyncio.run(sent_to(bootstrap, namespace, 1))
    sent_as = f"annotations/{sent.partition}/{sent.offset}"
    assert f"annotations/0/7: replayed as {sent_as}" in capsys.readouterr().out.splitlines()
    assert (mark.key, mark.value, mark.partition, mark.timestamp) == (
        before.key,
        b"",
        before.partition,
        before.timestamp,
    )
    assert list(mark.headers)[: len(before.headers)] == list(before.headers)
    told = DeadLetter.from_headers(mark.headers)
    assert (told.replayed_as, bool(told.replayed_at), bool(told.replayed_by)) == (sent_as, True, True)
    (shown,) = listed(settings, capsys)
    assert (shown["replayed_as"], shown["size"], shown["key"]) == (sent_as, 2, "ann")
    assert dead_letters(settings, "show", "annotations/0/7") == 0
    assert f" by {told.replayed_by} as {sent_as}" in capsys.readouterr().out


def test_what_cannot_be_sent_is_named_and_the_rest_is_sent(
    bootstrap: str, namespace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    letters = [
        died(1, b"cut", bytes(DEAD_VALUE_BYTES + 1), reason="oversized"),
        died(2, None, b"batch", reason="unreadable"),
        died(3, None, b"{}", reason="null_key"),
        died(4, b"k" * 900, b"{}", reason="invalid_key"),
        died(5, b"large", bytes(1_048_576), reason="oversized"),
        died(6, b"0", b"{}", topic="ticks.t", reason="tick_ahead"),
        died(7, b"fine", b"{}"),
        died(8, b"birds", b"{}", topic="globals.t", reason="invalid"),
    ]
    settings = asyncio.run(bury(bootstrap, namespace, letters))
    assert dead_letters(settings, "replay", "--limit", "1", "--dry-run") == 1
    assert "1 dead letter would go to" in capsys.readouterr().out
    assert dead_letters(settings, "replay", "--yes") == 1
    told = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in told if "cannot be replayed" in line] == [
        *(f"annotations/0/{n}" for n in range(1, 6)),
        "ticks.t/0/6",
    ]
    assert told[-1] == "2 replayed; 6 cannot be"
    assert [one.key for one in asyncio.run(sent_to(bootstrap, namespace, 1))] == [b"fine"]
    (sent,) = asyncio.run(sent_to(bootstrap, namespace, 1, "globals.t"))
    assert (sent.partition, sent.key, sent.value) == (0, b"birds", b"{}")


def test_what_is_erased_or_no_dead_letter_is_not_listed(
    bootstrap: str, namespace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = asyncio.run(bury(bootstrap, namespace, [died(n, b"ann", b"{}") for n in range(4)]))
    foreign: list[Message] = [("dead-letters", b"annotations/0/9", b"{}"), ("dead-letters", b"ann", b"{}")]
    asyncio.run(publish(bootstrap, namespace, foreign))
    asyncio.run(erase(bootstrap, namespace, "annotations/0/2"))
    assert [one["offset"] for one in listed(settings, capsys)] == [0, 1, 3]
    assert dead_letters(settings, "list", "annotations/0/1", "annotations/0/2") == 1
    out, err = capsys.readouterr()
    assert "1 dead letter in" in out
    assert "goldstream: annotations/0/2: no such dead letter" in err
    assert dead_letters(settings, "show", "annotations/0/2") == 1
    assert dead_letters(settings, "list") == 0
    name = full_name(namespace, "dead-letters")
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"goldstream: 2 records in {name} are passed over: no dead letters of this release"
    )


def test_filters_are_for_every_command(bootstrap: str, namespace: str, capsys: pytest.CaptureFixture[str]) -> None:
    letters = [
        died(0, b"ann", b"{}"),
        died(1, b"bob", b"{}", reason="duplicate"),
        died(2, b"\xff", b"{}"),
        died(3, b"t1", b"{}", topic="tasks"),
    ]
    settings = asyncio.run(bury(bootstrap, namespace, letters))

    def found(*filters: str) -> list[object]:
        return [one["offset"] for one in listed(settings, capsys, *filters)]

    assert found("--topic", "annotations") == [0, 1, 2]
    assert found("--reason", "misrouted", "--topic", "annotations") == [0, 2]
    assert found("--key", "bob") == [1]
    assert found("--key", r"\xff") == [2]
    assert found("--since", "2026-03-01T10:00:00.002Z") == [2, 3]
    assert found("--since", "2026-03-01T10:00:00.001", "--until", "2026-03-01T11:00:00.003+01:00") == [1, 2]
    assert found("--limit", "2") == [2, 3]
    assert found("tasks/0/3", "annotations/0/0") == [0, 3]
    assert dead_letters(settings, "replay", "--key", "bob", "--yes") == 0
    assert [one.key for one in asyncio.run(sent_to(bootstrap, namespace, 1))] == [b"bob"]
    assert dead_letters(settings, "replay", "--limit", "1", "--yes") == 0
    assert {one.key for one in asyncio.run(sent_to(bootstrap, namespace, 2))} == {b"bob", b"ann"}
    assert found("--pending") == [2, 3]


def test_raw_is_the_original_to_the_byte(
    bootstrap: str, namespace: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    letters = [died(n, b"ann", value) for n, value in enumerate(VALUES)]
    settings = asyncio.run(bury(bootstrap, namespace, letters))
    for n, value in enumerate(VALUES):
        assert dead_letters(settings, "show", f"annotations/0/{n}", "--raw") == 0
        assert capfdbinary.readouterr().out == (value or b"")


def test_nothing_unprintable_reaches_the_terminal(
    bootstrap: str, namespace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b]0;owned\x07\u202e\x9b31m\x7f\r"
    value = json.dumps({"label": evil}, ensure_ascii=False).replace("\\u001b", "\x1b").encode()
    letters = [died(0, evil.encode(), value), died(1, b"\xff\x1b", evil.encode()), died(2, b"k", b"\x00" + value)]
    settings = asyncio.run(bury(bootstrap, namespace, letters))
    for command in (["list"], ["list", "--json"], *(["show", f"annotations/0/{n}"] for n in range(3))):
        assert dead_letters(settings, *command) == 0
        for line in "".join(capsys.readouterr()).split("\n"):
            assert line.isprintable(), line


def test_a_dry_run_or_a_no_sends_nothing(
    bootstrap: str, namespace: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = asyncio.run(bury(bootstrap, namespace, [died(0, b"ann", b"{}")]))
    assert dead_letters(settings, "replay", "--dry-run") == 0
    assert dead_letters(settings, "replay") == 2
    assert "--yes: must be given where nobody can be asked" in capsys.readouterr().err
    monkeypatch.setenv("GOLDSTREAM_GUARANTEE", "effectively_once")
    assert dead_letters(settings, "replay", "--yes") == 2
    assert capsys.readouterr().err.startswith(
        "goldstream: setting guarantee: a replay needs a broker with transactions"
    )
    assert asyncio.run(read_topic(bootstrap, namespace, "annotations")) == []


async def test_of_two_replays_at_once_one_is_fenced_and_each_letter_is_sent_once(
    bootstrap: str, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "BATCH_RECORDS", 1)
    settings = await bury(bootstrap, namespace, [died(n, b"key-%d" % n, b"%d" % n) for n in range(300)])
    one, other = await Replay.prepare(settings), await Replay.prepare(settings)
    first = asyncio.create_task(one.run())
    await one.begun.wait()
    await other.run()
    with pytest.raises(Failure, match=f"replay in {namespace}: .*another replay or an erasure"):
        await first
    assert not one.sent.keys() & other.sent.keys()
    assert set(other.left_out) >= one.sent.keys()
    sent = keys_and_values(await sent_to(bootstrap, namespace, 300))
    assert sent == Counter((b"key-%d" % n, b"%d" % n) for n in range(300))


async def test_what_was_replayed_or_erased_since_it_was_read_is_left_out(bootstrap: str, namespace: str) -> None:
    settings = await bury(bootstrap, namespace, [died(n, b"ann", b"%d" % n) for n in range(4)])
    stale = await Replay.prepare(settings)
    found, ends = await standing(settings, Wanted(ids=frozenset({"annotations/0/1"})))
    await Replay(settings, found, ends).run()
    await erase(bootstrap, namespace, "annotations/0/2")
    await stale.run()
    assert sorted(stale.left_out) == ["annotations/0/1", "annotations/0/2"]
    assert sorted(one.value for one in await sent_to(bootstrap, namespace, 3)) == [b"0", b"1", b"3"]


async def test_a_replay_waits_for_what_an_open_transaction_hides(
    bootstrap: str, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mark that was committed behind a worker's open transaction cannot be read yet, and counts all the same."""
    settings = await bury(bootstrap, namespace, [died(n, b"ann", b"%d" % n) for n in range(2)])
    stale = await Replay.prepare(settings)
    worker = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"{namespace}-annotators-0")
    await worker.start()
    await worker.begin_transaction()
    name = full_name(namespace, "dead-letters")
    for partition in range(PARTITIONS):
        letter = died(2, b"bob", b"{}")
        await worker.send_and_wait(name, letter.value, letter.key, partition, headers=list(letter.headers))
    async with producing(bootstrap) as another:
        headers = [*died(1, b"ann", b"").headers, ("replayed-at", b"now"), ("replayed-as", b"annotations/0/0")]
        await another.send_and_wait(name, b"", b"annotations/0/1", headers=headers)
    assert not [letter for letter in (await standing(settings))[0] if letter.replayed_at]
    with monkeypatch.context() as patched:
        patched.setattr(reading, "STALL_SECONDS", 0.5)
        with pytest.raises(Failure, match="a transaction on it has been open for"):
            await stale.run()
    waiting = asyncio.create_task(stale.run())
    assert not (await asyncio.wait({waiting}, timeout=2))[0]
    await worker.commit_transaction()
    await worker.stop()
    await waiting
    assert (stale.left_out, set(stale.sent)) == (["annotations/0/1"], {"annotations/0/0"})


def test_a_replay_that_is_killed_is_finished_by_the_next_one(bootstrap: str, namespace: str) -> None:
    count = 6_000
    asyncio.run(bury(bootstrap, namespace, [died(n, b"key-%d" % n, b"%d" % n) for n in range(count)]))
    where = ["--broker", bootstrap, "--namespace", namespace]
    command = [sys.executable, "-m", "streams.cli", "dead-letters", "replay", "--yes", *where]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GOLDSTREAM_")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        while f" of {count:,}" not in (line := killed.stdout.readline()):
            assert line, "it ended before it was killed"
        killed.kill()
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert "left out: replayed before" in finished.stdout
    sent = keys_and_values(asyncio.run(sent_to(bootstrap, namespace, count)))
    assert sent == Counter((b"key-%d" % n, b"%d" % n) for n in range(count))


async def test_a_replay_whose_broker_dies_is_finished_when_it_is_back(
    own_broker: Callable[..., Broker], namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "BATCH_RECORDS", 10)
    monkeypatch.setattr(reading, "STALL_SECONDS", 3.0)
    broker = own_broker()
    settings = await bury(broker.bootstrap, namespace, [died(n, b"key-%d" % n, b"%d" % n) for n in range(2_000)])
    cut_off = await Replay.prepare(settings)
    running = asyncio.create_task(cut_off.run())
    await cut_off.begun.wait()
    broker.kill()
    with pytest.raises(Failure, match=f"^broker {broker.bootstrap}: "):
        await running
    broker.start()
    rest = await Replay.prepare(settings)
    await rest.run()
    assert 10 <= len(cut_off.sent) < 2_000
    sent = keys_and_values(await sent_to(broker.bootstrap, namespace, 2_000))
    assert sent == Counter((b"key-%d" % n, b"%d" % n) for n in range(2_000))


def test_bytes_that_are_gone_are_said_to_be(bootstrap: str, namespace: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Compaction leaves the mark alone."""
    letter = died(5, b"ann", b"")
    marks = (*letter.headers, ("replayed-at", b"2026-03-02T08:15:00Z"), ("replayed-as", b"annotations/1/9"))
    mark = Output(letter.topic, letter.key, b"", letter.timestamp, headers=marks)
    settings = asyncio.run(bury(bootstrap, namespace, [mark]))
    assert dead_letters(settings, "replay", "--again", "--yes") == 1
    why = "its bytes are gone since it was replayed as annotations/1/9"
    assert capsys.readouterr().out.splitlines()[0] == f"annotations/0/5: cannot be replayed: {why}"
    assert dead_letters(settings, "show", "annotations/0/5", "--raw") == 1
    assert capsys.readouterr().err == f"goldstream: annotations/0/5: {why}\n"


def test_a_namespace_without_topics_is_one_line(
    bootstrap: str, namespace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dead_letters(Settings(broker=bootstrap, namespace=namespace), "list") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"goldstream: topics missing: {namespace}.dead-letters; ")


async def test_what_has_taken_effect_is_not_counted_twice(bootstrap: str, namespace: str, tmp_path: Path) -> None:
    """Annotations, tasks, gold and scored annotations that went to the wrong partition, then replayed twice."""
    settings = settings_for(bootstrap, namespace, partitions=PARTITIONS)
    made = Settings(**settings)  # type: ignore[arg-type]  # validated by it
    await make_topics(settings)
    await publish(bootstrap, namespace, [project("frozen", weighting="uniform", redundancy=3), task("t2"), task("t3")])
    scored = {"reliability": 0.7, "reliability_n": 0, "quality_score": 1.0, "flags": [], "tier": "trainee"}
    key, body = b"t3", json.loads(annotation("s1", "t3", "dan", "fox")[2] or b"")
    astray: list[Message] = [
        task("t1"),
        gold("t2", "cat"),
        *(annotation(f"a{n}", "t1", f"w{n}", "dog") for n in range(3)),
        annotation("g1", "t2", "w1", "cat"),
        ("annotations.scored", key, json.dumps(body | scored).encode()),
    ]
    async with producing(bootstrap) as producer:
        for topic, name, value in astray:
            wrong = 1 - partition_of(name, PARTITIONS)
            await producer.send_and_wait(full_name(namespace, topic), value, name, partition=wrong)
    with workers(settings, tmp_path, 1) as (worker,):

        async def dead(count: int) -> bool:
            return len((await standing(made))[0]) == count

        async def labels() -> list[tuple[str, int, str | None]]:
            read = [json.loads(one.value) for one in await read_topic(bootstrap, namespace, "labels")]
            return sorted((one["task_id"], one["version"], one["answers"]["q"]["label"]) for one in read)

        async def outcomes() -> list[tuple[str, str, int]]:
            read = [json.loads(one.value) for one in await read_topic(bootstrap, namespace, "outcomes")]
            judged = (one for one in read if one["kind"] != "posterior")
            return sorted((one["annotator_id"], one["task_id"], one["sign"]) for one in judged)

        await until(lambda: dead(len(astray)), seconds=60, what="everything dead")
        assert await labels() == []
        await (await Replay.prepare(made)).run()

        async def all_told() -> bool:
            return len(await labels()) == 1 and len(await outcomes()) == 4

        await until(all_told, seconds=60, what="the label and the outcomes")
        once = await labels(), await outcomes(), worker.metric('goldstream_annotations_scored_total{action="submit"}')
        assert once[:2] == (
            [("t1", 1, "dog")],
            [("w0", "t1", 1), ("w1", "t1", 1), ("w1", "t2", 1), ("w2", "t1", 1)],
        )
        again = await Replay.prepare(made, again=True)
        await again.run()
        assert len(again.sent) == len(astray)
        # Four annotations and the scored one are known by their ids; the task and the gold change nothing.
        await until(lambda: dead(len(astray) + 5), seconds=60, what="the repeated ones dead")
        assert (await labels(), await outcomes()) == once[:2]
        assert worker.metric('goldstream_annotations_scored_total{action="submit"}') == once[2]
        reasons = Counter(letter.reason for letter in (await standing(made))[0] if not letter.replayed_at)
        assert reasons == {"duplicate": 5}
        # The scored vote stands once: two more settle the task.
        await publish(bootstrap, namespace, [annotation(f"b{n}", "t3", f"w{n}", "fox") for n in range(2)])

        async def settled() -> bool:
            return ("t3", 1, "fox") in await labels()

        await until(settled, seconds=60, what="the label of t3")

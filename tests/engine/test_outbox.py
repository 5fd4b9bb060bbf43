from __future__ import annotations

from aiokafka import ConsumerRecord, TopicPartition

from streams.engine.changelog import Commit
from streams.engine.outbox import SEQUENCE, decode_outbox, encode_outbox, is_repeat, number
from streams.engine.writer import Message

PLACE, OTHER = TopicPartition("out", 0), TopicPartition("out", 1)


def record(headers: tuple[tuple[str, bytes], ...]) -> ConsumerRecord[bytes, bytes]:
    return ConsumerRecord("out", 0, 0, 0, 0, b"k", b"v", None, 1, 1, headers)


def test_outputs_are_numbered_through_over_commits() -> None:
    commit = Commit(version=1, emitted=5)
    numbered = number({PLACE: [Message(b"a", b"1", 0)], OTHER: [Message(b"b", b"2", 0)]}, "side/3", commit)
    assert [message.headers for rows in numbered.values() for message in rows] == [
        ((SEQUENCE, b"side/3:6"),),
        ((SEQUENCE, b"side/3:7"),),
    ]
    assert commit.emitted == 7


def test_what_was_kept_is_what_is_sent_again() -> None:
    outgoing = {PLACE: [Message(b"a", b"1", 5, (("h", b"x"),)), Message(None, None, 6)]}
    assert decode_outbox(encode_outbox(outgoing)) == outgoing
    assert decode_outbox(None) == {}


def test_a_number_is_taken_in_once_per_producing_partition() -> None:
    seen: dict[str, dict[str, int]] = {}
    first, again, other = ((SEQUENCE, b"s/0:1"),), ((SEQUENCE, b"s/0:1"),), ((SEQUENCE, b"s/1:1"),)
    assert [is_repeat(seen, "t", record(headers)) for headers in (first, again, other, ())] == [
        False,
        True,
        False,
        False,
    ]
    assert seen == {"t": {"s/0": 1, "s/1": 1}}


def test_anybodys_header_of_that_name_is_left_alone() -> None:
    seen: dict[str, dict[str, int]] = {}
    assert not is_repeat(seen, "t", record(((SEQUENCE, b"\xff\xfenot ours"),)))
    assert not is_repeat(seen, "t", record(((SEQUENCE, "s/0:٣".encode()),)))
    assert seen == {}

"""Which dead letters stand, which are wanted, and which can be sent again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.dead_letters.letters import SOURCES, Letter, Standing, Wanted, obstacle, target
from streams.engine.intake import OTHER_ID
from streams.engine.routing import partition_of
from streams.events import DEAD_VALUE_BYTES, KEY_BYTES
from tests.dead_letters.made import Record, died, letter, letters, mark, record

STEPS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["died", "replayed", "erased"])), max_size=30)


@given(STEPS)
def test_what_stands_is_what_was_said_last(steps: list[tuple[int, str]]) -> None:
    """The bytes of what was replayed are where they were, as long as nothing has erased them."""
    standing = Standing(Wanted())
    last: dict[int, tuple[bool, tuple[int, int] | None]] = {}
    for offset, (number, what) in enumerate(steps):
        match what:
            case "died":
                standing.take(3, died(number, offset))
                last[number] = (False, (3, offset))
            case "replayed":
                standing.take(3, mark(number, offset))
                last[number] = (True, last[number][1] if number in last else None)
            case _:
                standing.take(3, record(offset, b"annotations/0/%d" % number, None))
                last.pop(number, None)
    found = {one.offset: (bool(one.replayed_at), one.place) for one in standing.letters.values()}
    assert found == last
    assert all((one.size == 2) == (one.place is not None) for one in standing.letters.values())
    assert standing.foreign == 0


@pytest.mark.parametrize(
    "foreign",
    [
        record(0, b"annotations/0/7", b"{}"),
        record(0, b"annotations/0/8", b"{}", died(7).headers),
        record(0, None, b"{}", died(7).headers),
        record(0, b"\xff", b"{}", died(7).headers),
        record(0, b"annotations/0/7", b"{}", (*died(7).headers, ("partition", b"one"))),
        record(0, b"secrets/0/7", b"{}", (*died(7).headers, ("topic", b"secrets"))),
    ],
)
def test_what_is_no_dead_letter_is_counted(foreign: Record) -> None:
    standing = Standing(Wanted())
    standing.take(0, foreign)
    assert (standing.letters, standing.foreign) == ({}, 1)


def test_a_null_key_and_a_null_value_are_told_from_empty_ones() -> None:
    assert [letter(key=key).key for key in (None, b"")] == [None, b""]
    assert [letter(value=value).null_value for value in (None, b"")] == [True, False]


@pytest.mark.parametrize(
    ("wanted", "is_wanted"),
    [
        (Wanted(), True),
        (Wanted(topics=frozenset({"annotations", "tasks"})), True),
        (Wanted(topics=frozenset({"tasks"})), False),
        (Wanted(reasons=frozenset({"invalid"})), True),
        (Wanted(reasons=frozenset({"duplicate"})), False),
        (Wanted(key="ann"), True),
        (Wanted(key="an"), False),
        (Wanted(since=1_007), True),
        (Wanted(since=1_008), False),
        (Wanted(until=1_008), True),
        (Wanted(until=1_007), False),
        (Wanted(ids=frozenset({"annotations/0/7"})), True),
        (Wanted(ids=frozenset({"annotations/0/70"})), False),
        (Wanted(key="ann", reasons=frozenset({"duplicate"})), False),
    ],
)
def test_what_is_wanted(wanted: Wanted, is_wanted: bool) -> None:
    assert bool(letters(died(7), wanted=wanted)) is is_wanted
    assert bool(letters(died(7), mark(7), wanted=wanted)) is is_wanted


def test_a_record_without_a_time_is_in_no_stretch_of_time() -> None:
    timeless = msgspec.structs.replace(letter(), timestamp=-1)
    assert not Wanted(since=0).takes(timeless)
    assert not Wanted(until=10**15).takes(timeless)
    assert Wanted().takes(timeless)


def moved(topic: str, **more: Any) -> Letter:
    return msgspec.structs.replace(letter(**more), topic=topic)


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (letter(), None),
        (letter(key=b""), None),
        (letter(value=None), None),
        (letter(value=bytes(DEAD_VALUE_BYTES + 1)), "only the beginning of its value is kept"),
        (letter(value=bytes(1_048_576)), "it has 1,048,576 bytes, and annotations takes 1,048,576"),
        (letter(reason="unreadable", key=None), "a batch that nobody can read"),
        (letter(key=None), "it has no key"),
        (letter(key=b"k" * 900, reason="invalid_key"), "its key is longer than any that is accepted"),
        (letter(key=b"k" * KEY_BYTES), None),
        (letter(reason="misrouted"), None),
        (letter(reason="misrouted", error=f"key: 'bob' {OTHER_ID} 'ann'"), "its key is not the id"),
        (moved("annotations.scored", value=bytes(1_048_576)), None),
        (moved("ticks.a"), "nobody needs it"),
        (moved("outcomes"), None),
    ],
)
def test_what_cannot_be_replayed_says_why(one: Letter, why: str | None) -> None:
    told = obstacle(one)
    assert told == why if why is None or told is None else why in told


def test_what_was_replayed_can_be_again_while_its_bytes_are_there_and_what_is_added_up_never() -> None:
    (again,) = letters(died(7), mark(7))
    (gone,) = letters(mark(7))
    assert obstacle(again) is None
    assert "its bytes are gone since it was replayed as annotations/1/9" in (obstacle(gone) or "")
    for topic in ("outcomes", "project-deltas"):
        assert f"{topic} have no id" in (obstacle(msgspec.structs.replace(again, topic=topic)) or "")


@given(st.binary(max_size=20), st.integers(1, 64), st.integers(0, 63))
def test_a_replay_goes_where_the_key_belongs(key: bytes, partitions: int, came_from: int) -> None:
    for topic, source in SOURCES.items():
        one = msgspec.structs.replace(letter(key=key), topic=topic, partition=came_from)
        belongs = partition_of(key, partitions) if source.identity is not None else came_from
        assert target(one, partitions) == belongs

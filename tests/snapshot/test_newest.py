"""Which label stood at a time: whatever the log has lost, the one that the whole history says, or none."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.snapshot.newest import Lost, Newest
from tests.snapshot.made import label


class Written(NamedTuple):
    key: bytes
    value: bytes
    timestamp: int
    version: int


@st.composite
def histories(draw: st.DrawFn) -> list[Written]:
    """Versions of some tasks, each task's without a gap; times go back now and then, as sources of labels do."""
    written: list[Written] = []
    versions: dict[str, int] = {}
    for name in draw(st.lists(st.sampled_from(["t1", "t2", "t3", "ü"]), max_size=20)):
        versions[name] = versions.get(name, 0) + 1
        value = msgspec.json.encode(label(name, versions[name]))
        written.append(Written(name.encode(), value, draw(st.integers(0, 20)), versions[name]))
    return written


def fold(
    history: list[Written], as_of: int, begin: int = 0, erased: frozenset[bytes] = frozenset()
) -> tuple[Newest, list[Lost]]:
    """Read what is left of `labels` from `begin` on, and `labels.latest` as it is before compaction."""
    newest = Newest(as_of, is_whole=begin == 0)
    for offset, one in enumerate(history):
        if offset >= begin:
            newest.take(one.key, one.value, one.timestamp, offset)
    for one in history:
        newest.take_latest(one.key, one.value, one.timestamp)
    for key in erased:
        newest.take_latest(key, None, 0)
    return newest, newest.close()


@given(histories(), st.integers(-1, 21))
def test_of_a_whole_log_it_is_the_last_version_until_then(history: list[Written], as_of: int) -> None:
    newest, lost = fold(history, as_of)
    standing = {one.key: one.value for one in history if one.timestamp <= as_of}
    assert list(newest.labels()) == [standing[key] for key in sorted(standing)]
    assert newest.through == max((n for n, one in enumerate(history) if one.timestamp <= as_of), default=-1)
    assert (lost, newest.from_latest, newest.erased, newest.unreadable) == ([], 0, 0, 0)


@given(histories(), st.integers(-1, 21), st.data())
def test_what_came_later_changes_nothing(history: list[Written], as_of: int, data: st.DataObject) -> None:
    """So the same time gives the same snapshot, however far the log has grown."""
    cut = data.draw(st.integers(0, len(history)))
    grown = [*history[:cut], *(one._replace(timestamp=as_of + 1 + one.timestamp) for one in history[cut:])]
    before, _ = fold(history[:cut], as_of)
    after, _ = fold(grown, as_of)
    assert list(before.labels()) == list(after.labels())
    assert before.through == after.through


@given(histories(), st.integers(-1, 21), st.data())
def test_of_a_log_that_lost_its_beginning_it_is_right_or_said_to_be_lost(
    history: list[Written], as_of: int, data: st.DataObject
) -> None:
    # Retention goes by time: what it takes is older than what it leaves.
    history = [
        one._replace(timestamp=time) for one, time in zip(history, sorted(o.timestamp for o in history), strict=True)
    ]
    begin = data.draw(st.integers(0, len(history)))
    newest, lost = fold(history, as_of, begin)
    standing = {one.key: one for one in history if one.timestamp <= as_of}
    found = {one.key for one in history if one.value in set(newest.labels())}
    assert list(newest.labels()) == [standing[key].value for key in sorted(found)]
    unknown = {one.task_id.encode() for one in lost}
    assert standing.keys() <= found | unknown
    assert not found & unknown
    if all(one.timestamp <= as_of for one in history[:begin]):
        assert unknown <= standing.keys(), "so far back as the log reaches, what is said to be lost is"


@given(histories(), st.integers(-1, 21), st.sets(st.sampled_from([b"t1", b"t2"])))
def test_what_was_erased_is_in_no_snapshot(history: list[Written], as_of: int, erased: set[bytes]) -> None:
    newest, lost = fold(history, as_of, erased=frozenset(erased))
    standing = {one.key: one.value for one in history if one.timestamp <= as_of}
    assert list(newest.labels()) == [standing[key] for key in sorted(standing) if key not in erased]
    assert newest.erased == len(erased & standing.keys())
    assert not lost


def test_what_is_no_label_is_counted_and_hides_none() -> None:
    newest = Newest(10, is_whole=True)
    good = msgspec.json.encode(label("t1"))
    newest.take(b"t1", good, 1, 0)
    for key, value in (
        (b"t1", None),
        (None, good),
        (b"t1", b"{"),
        (b"t2", good),
        (b"t1", b"\xff"),
        (b"t1", b"[" * 9999),
    ):
        newest.take(key, value, 2, 1)
    newest.take(b"t1", b"{", 11, 2)
    newest.take_latest(b"t1", good, 1)
    assert newest.close() == []
    assert list(newest.labels()) == [good]
    assert newest.unreadable == 6

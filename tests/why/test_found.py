"""Which records belong to a story, and in which order they are told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.events import undecodable
from streams.why.found import Found, Search, in_order
from tests.why.made import record

RECORDS = st.lists(
    st.tuples(
        st.sampled_from(["labels", "outcomes", "gold", "annotations.scored"]), st.integers(0, 1), st.integers(0, 9)
    ),
    max_size=20,
)


def numbered(records: list[tuple[str, int, int]]) -> list[Found]:
    return [Found(topic, partition, offset, time, None) for offset, (topic, partition, time) in enumerate(records)]


@given(RECORDS, st.randoms())
def test_the_order_of_each_partition_is_kept_whatever_came_first(
    records: list[tuple[str, int, int]], rng: object
) -> None:
    found = numbered(records)
    mixed = list(found)
    rng.shuffle(mixed)  # type: ignore[attr-defined]  # a Random
    told = in_order(mixed)
    assert told == in_order(found)
    for place in {(one.topic, one.partition) for one in told}:
        offsets = [one.offset for one in told if (one.topic, one.partition) == place]
        assert offsets == sorted(offsets)


@given(RECORDS)
def test_nothing_is_told_before_what_it_follows_from(records: list[tuple[str, int, int]]) -> None:
    told = in_order(numbered(records))
    ranks = {"gold": 0, "annotations.scored": 1, "labels": 2, "outcomes": 3}
    for place, one in enumerate(told):
        later = [other for other in told[place + 1 :] if other.timestamp == one.timestamp]
        assert all(ranks[other.topic] >= ranks[one.topic] for other in later)


@given(RECORDS)
def test_where_times_do_not_go_back_it_is_by_time_causes_first(records: list[tuple[str, int, int]]) -> None:
    records.sort(key=lambda one: one[2])
    told = in_order(numbered(records))
    assert [one.timestamp for one in told] == sorted(one.timestamp for one in told)
    ranks = {"gold": 0, "annotations.scored": 1, "labels": 2, "outcomes": 3}
    at_once = [(one.timestamp, ranks[one.topic]) for one in told]
    assert at_once == sorted(at_once)


def taken(kind: str, identity: str, topic: str, *records: object) -> list[Found]:
    search = Search(kind, identity)  # type: ignore[arg-type]  # a kind
    for one in records:
        search.take(topic, 0, one)  # type: ignore[arg-type]  # a record
    return search.all()


def test_an_id_is_found_where_it_is_the_field_and_nowhere_else() -> None:
    cat = {"annotator_id": "ann", "task_id": "t1", "answer": "cat"}
    assert taken("annotator", "ann", "annotations.scored", record(b"t1", cat))
    assert not taken("annotator", "cat", "annotations.scored", record(b"t1", cat)), "it is an answer"
    assert not taken("annotator", "t1", "annotations.scored", record(b"t1", cat))
    assert taken("task", "t1", "annotations.scored", record(b"t1", cat))
    assert not taken("task", "t1", "labels", record(b"t10", {"task_id": "t1"}))
    assert not taken("task", "t1", "labels", record(b"t1", b"{"), record(b"t1", b"[]"))
    assert taken("task", "ü", "outcomes", record(b"ann", '{"task_id": "\u00fc"}'.encode()))
    assert taken("task", "ü", "outcomes", record(b"ann", b'{"task_id": "\\u00fc"}'))
    assert [one.value for one in taken("task", "t1", "gold", record(b"t1", None))] == [None]


def test_dead_letters_are_found_by_key_value_or_error_until_they_are_erased() -> None:
    def letter(number: int, key: bytes | None, value: bytes, error: str = "?") -> object:
        told = undecodable(
            topic="annotations",
            partition=0,
            offset=number,
            timestamp=1,
            key=key,
            value=value,
            reason="invalid",
            error=error,
        )
        return record(told.key, told.value, number, 1, told.headers)

    by_key, by_value = letter(1, b"ann", b"{"), letter(2, None, b'{"annotator_id": "ann", "task_id": "t1"}')
    by_error, by_word = letter(3, None, b"", "annotator_id 'ann': is not active"), letter(4, None, b"{ann broken")
    other = letter(5, b"bob", b'{"annotator_id": "bob", "label": "ann"}', "an ann")
    letters = (by_key, by_value, by_error, by_word, other)
    found = taken("annotator", "ann", "dead-letters", *letters)
    assert [one.body["offset"] for one in found if one.body] == ["1", "2", "3", "4"]
    assert [one.offset for one in taken("task", "t1", "dead-letters", *letters)] == [2]
    erased = [record(f"annotations/0/{number}".encode(), None, 9) for number in (1, 4)]
    assert [one.offset for one in taken("annotator", "ann", "dead-letters", *letters, *erased)] == [2, 3]

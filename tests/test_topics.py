"""The topics as declared: complete, consistent with the sides, and large enough for what they hold."""

from __future__ import annotations

import pytest

from streams.events import DEAD_VALUE_BYTES, ERROR_CHARS, KEY_BYTES
from streams.settings import Settings
from streams.topics import (
    ANNOTATIONS,
    DEAD,
    MIB,
    SIDES,
    TASKS,
    TICKS_A,
    TOPICS,
    PlannedTopic,
    Topic,
    all_topics,
    changelog,
    full_name,
)
from streams.topics_admin import Difference, FoundTopic, compare


def test_a_side_reads_what_its_topics_say() -> None:
    for side, sources in SIDES.items():
        assert set(sources) == {topic.name for topic in TOPICS.values() if topic.side == side}


def test_every_topic_has_a_reader_a_key_and_an_end() -> None:
    for name, topic in TOPICS.items():
        assert topic.name == name
        assert topic.key
        assert topic.writers
        assert topic.side or topic.readers, name
        assert ("delete" in topic.cleanup) == (topic.retention_ms is not None), name


def test_names_fit_the_brokers_rules() -> None:
    longest = full_name("n" * 64, max((topic.topic.name for topic in all_topics(Settings())), key=len))
    assert len(longest) <= 249
    # Kafka's metrics turn dots into underscores: with both in names, two topics could collide.
    assert not any("_" in name for name in TOPICS)


def test_all_topics_share_one_partition_count_and_stand_in_the_namespace() -> None:
    planned = all_topics(Settings(namespace="pilot", partitions=7, replication=3))
    assert len({each.name for each in planned}) == len(planned) == len(TOPICS) + len(SIDES)
    assert {(each.partitions, each.replication) for each in planned} == {(7, 3)}
    assert all(each.name == f"pilot.{each.topic.name}" for each in planned)


def test_each_side_has_a_changelog_that_only_compacts() -> None:
    names = {each.topic.name for each in all_topics(Settings())}
    for side in SIDES:
        log = changelog(side)
        assert log.name in names
        assert log.configs(1)["cleanup.policy"] == "compact"


def test_a_dead_letter_holds_any_original() -> None:
    inputs = [topic for topic in TOPICS.values() if topic.from_clients]
    assert {topic.max_message_bytes for topic in inputs} == {MIB}
    assert DEAD.max_message_bytes == 2 * MIB
    assert DEAD.max_message_bytes > DEAD_VALUE_BYTES + KEY_BYTES + 4 * ERROR_CHARS
    assert Settings(max_value_bytes=400_000).max_value_bytes <= ANNOTATIONS.max_message_bytes


def test_a_single_dead_letter_can_be_erased() -> None:
    assert DEAD.cleanup == "compact,delete"
    assert DEAD.retention_ms is not None


@pytest.mark.parametrize(("replication", "acknowledged"), [(1, "1"), (2, "1"), (3, "2"), (5, "4")])
def test_a_write_survives_the_loss_of_a_broker(replication: int, acknowledged: str) -> None:
    assert DEAD.configs(replication)["min.insync.replicas"] == acknowledged


def test_a_withdrawn_task_is_still_seen_by_a_worker_that_was_away_for_weeks() -> None:
    assert int(TASKS.configs(1)["delete.retention.ms"]) >= 14 * 86_400_000


def test_a_clients_clock_does_not_decide_how_long_records_are_kept() -> None:
    assert ANNOTATIONS.configs(1)["message.timestamp.type"] == "LogAppendTime"
    assert DEAD.configs(1)["message.timestamp.type"] == "CreateTime"


def test_short_lived_records_do_not_wait_for_a_full_segment() -> None:
    configs = TICKS_A.configs(1)
    assert configs["segment.ms"] == configs["retention.ms"]


def planned(topic: Topic = TASKS) -> PlannedTopic:
    return next(each for each in all_topics(Settings()) if each.topic == topic)


def test_a_topic_as_planned_has_no_difference() -> None:
    configs = {**planned().configs, "cleanup.policy": "delete, compact", "compression.type": "producer"}
    assert compare([planned()], {"goldstream.tasks": FoundTopic(4, 1, configs)}) == []


def test_each_mismatch_is_named_with_what_was_wanted_and_found() -> None:
    found = FoundTopic(3, 2, {**planned().configs, "retention.ms": "1000", "cleanup.policy": "delete"})
    differences = compare([planned()], {"goldstream.tasks": found})
    assert [str(each) for each in differences] == [
        "goldstream.tasks: partitions: wanted 4, found 3",
        "goldstream.tasks: replication: wanted 1, found 2",
        "goldstream.tasks: cleanup.policy: wanted compact,delete, found delete",
        f"goldstream.tasks: retention.ms: wanted {TASKS.retention_ms}, found 1000",
    ]
    assert all(each.wrong for each in differences)


def test_what_the_broker_does_not_tell_is_unknown_and_not_wrong() -> None:
    differences = compare([planned()], {"goldstream.tasks": FoundTopic(4, 1)})
    assert {each.what for each in differences} == set(planned().configs)
    assert not any(each.wrong for each in differences)
    assert str(differences[0]).endswith("found unknown (the broker does not tell)")


def test_a_missing_topic_is_wrong() -> None:
    assert compare([planned()], {}) == [Difference("goldstream.tasks", "missing")]
    assert Difference("goldstream.tasks", "missing").wrong


def test_what_was_deleted_from_a_compacted_topic_is_gone_within_a_bound() -> None:
    for each in all_topics(Settings()):
        lag = each.configs.get("max.compaction.lag.ms")
        assert (lag is not None) == ("compact" in each.topic.cleanup)
        assert lag is None or int(lag) <= 7 * 86_400_000

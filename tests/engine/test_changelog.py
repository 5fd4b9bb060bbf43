"""What no worker wrote into a changelog stops whoever reads it, and names the place."""

from __future__ import annotations

import pytest
from aiokafka import TopicPartition
from aiokafka.record.default_records import DefaultRecord

from streams.engine.changelog import COMMIT_KEY, Changelog
from streams.engine.errors import ForeignRecord, Verdict, verdict
from streams.quality.projects import ProjectSide

PLACE = TopicPartition("projects-changelog", 0)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (None, b"\x01{}"),
        (b"", None),
        (b"p", b""),
        (b"\xff", b"\x01{}"),
        (COMMIT_KEY, None),
        (COMMIT_KEY, b"\xff"),
        (COMMIT_KEY, b'{"version":"one"}'),
    ],
)
def test_a_foreign_record_is_named(key: bytes | None, value: bytes | None) -> None:
    changelog = Changelog(ProjectSide(partitions=1))
    with pytest.raises(
        ForeignRecord, match="projects-changelog partition 0 offset 7: no record of this table"
    ) as found:
        changelog._take(PLACE, [DefaultRecord(7, 0, 0, key, value, [])])
    assert verdict(found.value) is Verdict.FATAL
    assert changelog.table == {}

"""The points along which cost grows, and their backlogs."""

from __future__ import annotations

from collections import Counter, defaultdict

import msgspec
import pytest

from benchmarks.growth import AXES, FULL, QUICK, Extent, Growth, Point, Setting, backlog

TASKS = [f"task-{number}" for number in range(50)]


@pytest.mark.parametrize("votes", [1, 3, 5, 9])
def test_every_task_has_its_votes_by_different_annotators_and_a_clear_majority(votes: int) -> None:
    messages, expected = backlog(TASKS, Setting(votes=votes, annotators=20), seed=1)
    given: dict[str, list[str]] = defaultdict(list)
    authors: dict[str, set[str]] = defaultdict(set)
    for _, key, value in messages:
        body = msgspec.json.decode(value)
        given[body["task_id"]].append(body["label"])
        authors[body["task_id"]].add(key.decode())
    assert {len(each) for each in given.values()} == {len(each) for each in authors.values()} == {votes}
    for task_id, labels in given.items():
        (most, count), *_ = Counter(labels).most_common(1)
        assert most == expected[task_id].label
        assert count * 3 >= votes * 2


def points(extent: Extent) -> Growth:
    settings = {Setting(**{axis: value}) for axis, values in extent.points.items() for value in values}
    return Growth({setting: Point(setting, (1000.0,)) for setting in settings})


@pytest.mark.parametrize("extent", [FULL, QUICK])
@pytest.mark.parametrize("axis", AXES)
def test_the_defaults_are_on_every_axis_and_measured_once(extent: Extent, axis: str) -> None:
    along = points(extent).along(axis)
    assert [getattr(point.setting, axis) for point in along] == sorted(extent.points[axis])
    assert Setting() in [point.setting for point in along]


def test_wrong_labels_void_a_point() -> None:
    wrong = Growth({Setting(): Point(Setting(), (1000.0,), ("3 labels wrong",))})
    assert "void" in wrong.markdown()
    assert "1,000" not in wrong.markdown()
    (fault,) = wrong.faults
    assert fault.endswith("3 labels wrong")

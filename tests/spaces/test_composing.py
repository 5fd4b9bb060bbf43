"""The flags of `goldstream spaces change` made into a mapping and a label space."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from schemas import LabelSpace
from streams.settings import SettingsError
from streams.spaces.composing import Wanted, changed
from streams.spaces.found import Came

space = TypeAdapter[Any](LabelSpace).validate_python

ANIMALS = {"type": "classification", "classes": ["cat", "dog", "fox", "bird"]}
OPTIONS = {"type": "pairwise_comparison", "options": ["A", "B"]}
SCALE = {"type": "likert_scale", "min": 1, "max": 5}
SPANS = {"type": "span_annotation", "labels": ["person"]}
TALK = {"type": "multi_turn_dialog", "turns": {"t1": ANIMALS}, "overall": SCALE}


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        (ANIMALS, Wanted(["dog=canine", "fox=canine"]), {"classes": ["cat", "canine", "bird"]}),
        (ANIMALS, Wanted(retired=["fox"], splits=["bird=duck, goose"]), {"classes": ["cat", "dog", "duck", "goose"]}),
        (ANIMALS, Wanted(added=["owl"]), {"classes": ["cat", "dog", "fox", "bird", "owl"]}),
        (OPTIONS, Wanted(["A=old"], ["tie"]), {"options": ["old", "B"], "allow_tie": False}),
        (SCALE, Wanted(["5=4"]), {"min": 1, "max": 4}),
        (SPANS, Wanted(["person=name"], added=["place"]), {"labels": ["name", "place"]}),
    ],
)
def test_what_is_not_named_stays(before: dict[str, Any], wanted: Wanted, after: dict[str, Any]) -> None:
    assert changed("s", space(before), wanted.mapping(), wanted.added) == space(before | after)


def test_a_name_is_changed_in_all_turns_that_have_it() -> None:
    after = changed("s", space(TALK), {"dog": ["hound"], "5": ["4"]}, ())
    assert after == space(
        TALK
        | {
            "turns": {"t1": ANIMALS | {"classes": ["cat", "hound", "fox", "bird"]}},
            "overall": {"type": "likert_scale", "min": 1, "max": 4},
        }
    )


@pytest.mark.parametrize(
    ("before", "wanted", "error"),
    [
        (ANIMALS, Wanted(), "--rename, --retire, --split or --add: must be given"),
        (ANIMALS, Wanted(["dog"]), "--rename: expected OLD=NEW, got 'dog'"),
        (ANIMALS, Wanted(["dog=a"], ["dog"]), "--retire: 'dog' is named before"),
        (ANIMALS, Wanted(splits=["bird=duck"]), "--split: expected OLD=NEW,NEW with two different classes"),
        (ANIMALS, Wanted(retired=["cat", "dog", "fox"]), "SPACE: 's' would be none: classes: "),
        (ANIMALS, Wanted(["cow=ox"]), "SPACE: mappings.s: 'cow' is no class of the label space"),
        (OPTIONS, Wanted(retired=["A"]), "SPACE: 's' would be none: options: "),
        (OPTIONS, Wanted(added=["C"]), "--add: only classes and span labels can be added"),
        (SCALE, Wanted(retired=["3"]), "--rename, --retire: a scale without gaps must be left"),
        (SCALE, Wanted(["5=five"]), "--rename: steps of a scale are whole numbers"),
    ],
)
def test_what_is_no_change_is_told_by_its_flag(before: dict[str, Any], wanted: Wanted, error: str) -> None:
    with pytest.raises(SettingsError) as refused:
        changed("s", space(before), wanted.mapping(), wanted.added)
    assert str(refused.value).startswith(error)


COUNTS = ("tasks", "labels", "reopened", "votes", "votes_taken_back", "gold", "gold_withdrawn", "verdicts_withdrawn")


def test_only_what_is_told_of_the_change_is_added_up() -> None:
    came = Came()
    for partition, number in ((0, 1), (3, 41)):
        body = {"kind": "label_space_changed", "event_id": f"p:projects/1/7:2:{partition}:label_space_changed"}
        came.take(body | {"change": dict.fromkeys(COUNTS, number)}, "projects/1/7")
        came.take(body | {"change": dict.fromkeys(COUNTS, 1_000)}, "projects/1/70")
    came.take(
        {"kind": "gold_withdrawn", "event_id": "t1:projects/1/7:2:gold_withdrawn", "task_id": "t1"}, "projects/1/7"
    )
    assert set(came.parts) == {0, 3}
    assert came.sums() == dict.fromkeys(COUNTS, 42)
    assert list(came.lines())[-1] == ("", "to be given anew: t1")

"""Which mappings of a label space a project's record may have, and what the project side makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from streams.events import Output
from streams.quality.projects import ProjectSide
from streams.replay.state import apply
from tests.quality.harness import MemoryState
from tests.quality.sent import assert_contracts, bodies, event
from tests.quality.sent import project as record

BEFORE = {"type": "classification", "classes": ["cat", "dog", "fox"]}
SCALE = {"type": "likert_scale", "min": 1, "max": 5}
RANKING = {"type": "preference_ranking", "items": ["A", "B"]}
SPACES = {"animals": BEFORE, "scale": SCALE, "order": RANKING}


class Projects:
    """A project side that knows `SPACES`."""

    def __init__(self) -> None:
        self.side, self.state, self.offset = ProjectSide(partitions=2), MemoryState(), 0
        self.send(label_spaces=SPACES)

    def send(self, **fields: Any) -> list[Output]:
        sent = event(self.side, "projects", "birds", record(**fields), offset=self.offset)
        self.offset += 1
        outputs = apply(self.side, self.state, sent)
        self.state.commit()
        assert_contracts(outputs)
        return outputs

    def change(self, spaces: dict[str, Any], mappings: dict[str, Any], **more: Any) -> list[Output]:
        fields = {"label_spaces": SPACES | spaces, "mappings": mappings, "actor": "mara", "reason": "alike"}
        return self.send(**fields, **more)


def classes(*names: str) -> dict[str, Any]:
    return {"type": "classification", "classes": list(names)}


def refusal(outputs: list[Output]) -> str:
    (letter,) = outputs
    headers = dict(letter.headers)
    assert headers["reason"] == b"label_space_changed"
    return headers["error"].decode()


@pytest.mark.parametrize(
    ("spaces", "mappings", "error"),
    [
        ({"animals": classes("cat", "dog")}, {}, "label_spaces.animals: differs; a published label space stays"),
        ({}, {"animals": {"fox": []}}, "mappings.animals: label_spaces.animals is as it was"),
        ({}, {"birds": {"fox": []}}, "mappings.birds: project 'birds' has no such label space to change"),
        ({"animals": classes("cat", "dog")}, {"animals": {"owl": []}}, "mappings.animals: 'owl' is no class of"),
        ({"animals": classes("cat", "owl")}, {"animals": {"fox": ["owl"]}}, "mappings.animals: what becomes of 'dog'?"),
        (
            {"animals": classes("dog", "cat", "fox")},
            {"animals": {"cat": ["dog"], "dog": ["cat"]}},
            "mappings.animals.cat: is still in label_spaces.animals, so it cannot be mapped to another",
        ),
        (
            {"animals": classes("cat", "dog")},
            {"animals": {"fox": ["vixen"]}},
            "mappings.animals.fox: 'vixen' is not in label_spaces.animals",
        ),
        (
            {"animals": classes("cat", "dog", "vixen")},
            {"animals": {"fox": ["dog", "vixen"]}},
            "mappings.animals.fox: it is split into new classes, 'dog' is an old one",
        ),
        (
            {"animals": classes("cat", "dog") | {"multi": True}},
            {"animals": {"fox": []}},
            "label_spaces.animals: only its classes, options, steps or labels can be mapped",
        ),
        ({"animals": SCALE}, {"animals": {"fox": []}}, "label_spaces.animals: another type, or other turns"),
        (
            {"scale": {"type": "likert_scale", "min": 1, "max": 3}},
            {"scale": {"2": ["1"], "3": ["2"], "4": ["3"], "5": ["3"]}},
            "mappings.scale.2: is still in label_spaces.scale, so it cannot be mapped to another",
        ),
        (
            {"order": {"type": "preference_ranking", "items": ["A", "C"]}},
            {"order": {}},
            "label_spaces.order: only its classes, options, steps or labels can be mapped",
        ),
    ],
)
def test_what_is_no_mapping_is_refused_and_says_why(
    spaces: dict[str, Any], mappings: dict[str, Any], error: str
) -> None:
    # With other settings it is no repetition of what is there.
    assert refusal(Projects().change(spaces, mappings, policy={"redundancy": 4})).startswith(error)


def test_the_task_side_is_told_before_it_gets_the_settings() -> None:
    projects = Projects()
    after = classes("cat", "canine")
    out = projects.change({"animals": after}, {"animals": {"dog": ["canine"], "fox": ["canine"]}})
    assert [(one.topic, one.partition, one.tag) for one in out] == [
        *(("globals.t", number, "change") for number in range(2)),
        *((topic, number, "project") for topic in ("globals.a", "globals.t") for number in range(2)),
    ]
    change = bodies(out, "globals.t")[0]["change"]
    assert (change["number"], change["space"], change["change_id"]) == (1, "animals", "projects/0/1")
    assert (change["before"]["classes"], change["after"]["classes"]) == (BEFORE["classes"], after["classes"])
    assert (change["actor"], change["reason"]) == ("mara", "alike")
    assert "mappings" not in bodies(out, "globals.t")[-1]["project_settings"]


def test_the_same_record_again_changes_nothing_and_the_next_change_has_the_next_number() -> None:
    projects = Projects()
    once: tuple[dict[str, Any], dict[str, Any]] = ({"animals": classes("cat", "dog")}, {"animals": {"fox": []}})
    projects.change(*once)
    assert projects.change(*once) == []
    # The other settings may be stated anew without a mapping.
    assert projects.send(label_spaces=SPACES | once[0], policy={"redundancy": 5})
    out = projects.change(
        {"animals": classes("cat", "hound"), "scale": {"type": "likert_scale", "min": 1, "max": 4}},
        {"animals": {"dog": ["hound"]}, "scale": {"5": ["4"]}},
        policy={"redundancy": 5},
    )
    told = [one["change"] for one in bodies(out, "globals.t") if one.get("change")]
    assert [(one["number"], one["space"]) for one in told] == [(2, "animals")] * 2 + [(3, "scale")] * 2


def test_a_version_that_has_changed_since_refuses_it() -> None:
    projects = Projects()
    projects.send(label_spaces=SPACES, policy={"redundancy": 5})
    (letter,) = projects.change({"animals": classes("cat", "dog")}, {"animals": {"fox": []}}, expected_version=1)
    assert dict(letter.headers)["reason"] == b"version_conflict"

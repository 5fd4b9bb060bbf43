"""Laws of the inference through all sides: what annotators, tasks and projects have of each other is the same."""

from __future__ import annotations

import json
from collections import Counter
from random import Random
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from streams.quality import positions
from streams.quality.inference import constants
from streams.quality.inference.model import Models
from streams.quality.keys import FIXED, key
from streams.quality.spaces import questions
from streams.quality.task_state import Task
from tests.quality.campaign import ANIMALS, CLASSES, task
from tests.quality.inference.world import PARTITIONS, Sent, World, add, partition_of, without_noughts

POLICIES: tuple[dict[str, Any], ...] = (
    {},
    {"redundancy": 2, "max_redundancy": 3},
    {"redundancy": 1, "max_redundancy": 2, "weighting": "uniform"},
    {"redundancy": 4, "max_redundancy": 6, "target_confidence": 0.8},
)
TASKS = ("t0", "t1", "t2", "t3")
ANNOTATORS = ("a0", "a1", "a2", "a3", "a4")
LIKERT: dict[str, Any] = {"type": "likert_scale", "min": 1, "max": 4}
SPAN_SPACE: dict[str, Any] = {"type": "span_annotation", "labels": ["bird", "tree"]}
SPACES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("l", ANIMALS),
    ("r", LIKERT),
    ("f", {"type": "free_text"}),
    ("s", SPAN_SPACE),
    ("c", {"type": "pairwise_comparison", "options": ["A", "B"]}),
)
FIVE = [{"question_id": name, "label_space": space} for name, space in SPACES]
"""Task t3 has five questions, two of which have no categories."""
MARKS = [[], [(0, 5, "bird")], [(0, 8, "bird"), (6, 9, "tree")], [(2, 4, "tree")]]
ALIKE: dict[str, Any] = {"type": "multi_turn_dialog", "turns": {"one": ANIMALS, "two": ANIMALS}}
"""Task t2 is a dialog whose turns have the same label space: one outcome tells of it twice."""

Move = tuple[str, str, str, Any]


def answers(task_id: str) -> st.SearchStrategy[Any]:
    if task_id == TASKS[-2]:
        turns = st.fixed_dictionaries(dict.fromkeys(ALIKE["turns"], st.sampled_from(CLASSES)))
        return st.fixed_dictionaries({"turns": turns})
    if task_id != TASKS[-1]:
        return st.sampled_from(CLASSES)
    each: dict[str, st.SearchStrategy[Any]] = {
        "l": st.sampled_from(CLASSES),
        "r": st.integers(1, 4),
        "f": st.sampled_from(["a wren", "a robin sings"]),
        "c": st.fixed_dictionaries({"winner": st.sampled_from(["A", "B", "tie"])}),
        "s": st.sampled_from([[dict(zip(("start", "end", "label"), one, strict=True)) for one in m] for m in MARKS]),
    }
    return st.fixed_dictionaries(each)


@st.composite
def moves(draw: st.DrawFn) -> list[Move]:
    """Return what annotators and administrators do, as (action, task, annotator, answer)."""
    found: list[Move] = []
    actions = st.sampled_from(["submit"] * 12 + ["edit", "edit", "withdraw", "refuse", "gold", "no gold", "tick"])
    for _ in range(draw(st.integers(5, 60))):
        task_id, who = draw(st.sampled_from(TASKS)), draw(st.sampled_from(ANNOTATORS))
        found.append((draw(actions), task_id, who, draw(answers(task_id))))
    return found


def published(world: World) -> None:
    for task_id in TASKS[:-2]:
        world.send("tasks", task_id, task(task_id))
    world.send("tasks", TASKS[-2], task(TASKS[-2], ALIKE))
    world.send("tasks", TASKS[-1], task(TASKS[-1], ANIMALS, questions=FIVE))


def annotate(world: World, number: int, task_id: str, who: str, **fields: Any) -> None:
    body: dict[str, Any] = {"annotation_id": f"n{number}", "task_id": task_id, "annotator_id": who, "project": "p"}
    body |= {"time_spent_s": 20, "submitted_at": "2026-01-01T00:00:00Z"}
    world.send("annotations", who, body | fields, settle=world.random is None)


def act(world: World, number: int, move: Move) -> None:
    action, task_id, who, answer = move
    match action:
        case "gold":
            kind = ("gold", "gold", "attention", "training")[number % 4]
            body = {"task_id": task_id, "project": "p", "answer": answer, "kind": kind}
            world.send("gold", task_id, body, settle=world.random is None)
        case "no gold":
            world.send("gold", task_id, None, settle=world.random is None)
        case "tick":
            world.tick()
        case "refuse":
            annotate(world, number, task_id, who, non_answer="cannot_decide")
        case "withdraw":
            annotate(world, number, task_id, who, action="withdraw")
        case _:
            order = (None, ["A", "B"], ["B", "A"])[number % 3]
            annotate(world, number, task_id, who, action=action, label=answer, presented_order=order)


def played(history: list[Move], policy: dict[str, Any], seed: int | None) -> World:
    world = World(None if seed is None else Random(seed), **policy)
    published(world)
    for number, move in enumerate(history):
        act(world, number, move)
        if world.random is not None and world.random.random() < 0.2:
            world.settle()
    world.settle()
    return world


def parts(task: Task) -> list[Any]:
    asked = questions(task.questions)
    assert asked is not None
    return [part for question in asked for part in question.parts]


def shown(world: World) -> dict[tuple[str, str, str], dict[int, int]]:
    """Return the counts that the votes which stand amount to: of each, the posterior that its task stands at.

    On spans each vote keeps what it was told, for it is told anew only when its own part has moved.
    """
    found: dict[tuple[str, str, str], Counter[int]] = {}
    for stored in world.tasks().values():
        for entry in stored.entries:
            if not entry.is_evidence:
                continue
            asked = parts(stored)
            for part, cells_of in zip(asked, entry.marked or [[]] * len(asked), strict=True):
                assert bool(cells_of) == part.is_spans
                if cells_of:
                    cells = found.setdefault((entry.annotator_id, stored.project, part.space_id), Counter())
                    cells.update(dict(enumerate(cells_of)))
            for number, (part, place, posterior) in enumerate(zip(asked, entry.places, stored.posterior, strict=True)):
                first = positions.first_of(entry, number)
                if first != positions.NOT_SHOWN:
                    cells = found.setdefault((entry.annotator_id, stored.project, positions.SPACE), Counter())
                    said = 2 * first + (place != first)
                    cells[2 * first * 4 + said] += posterior[first]
                    cells[(2 * first + 1) * 4 + said] += posterior[1 - first]
                if part.names:
                    cells = found.setdefault((entry.annotator_id, stored.project, part.space_id), Counter())
                    for k, mass in enumerate(posterior):
                        cells[k * len(part.names) + place] += mass
    counts = {place: {cell: mass for cell, mass in cells.items() if mass} for place, cells in found.items()}
    return {place: cells for place, cells in counts.items() if cells}


def summed(world: World) -> dict[tuple[str, str], Sent]:
    """Return what the project's sums have to be, from the tables of the other sides."""
    total: dict[tuple[str, str], Sent] = {}
    for (_, project), confusions in world.confusions().items():
        for space, one in confusions.spaces.items():
            given_, right = [0] * one.classes, [0] * one.classes
            for cell, mass in json.loads(one.told):
                k, y = divmod(cell, one.classes)
                given_[k] += mass
                right[k] += mass if k == y else 0
            strengths = one.strengths if one.sums else [0] * len(constants.STRENGTHS)
            add(total, (project, space), {"given": given_, "right": right, "strengths": strengths})
    for stored in world.tasks().values():
        for number, part in enumerate(parts(stored)):
            if part.names and stored.is_counted:
                add(total, (stored.project, part.space_id), {"tasks": stored.posterior[number]})
            if part.names and stored.losses:
                add(total, (stored.project, part.space_id), {"losses": stored.losses[number], "gold": [1]})
    return without_noughts(total)


law = effort(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
histories = given(moves(), st.sampled_from(POLICIES), st.none() | st.integers(0, 2**32))


@law
@histories
def test_counts_are_what_the_votes_that_stand_show(
    history: list[Move], policy: dict[str, Any], seed: int | None
) -> None:
    world = played(history, policy, seed)
    assert "outcome_underflow" not in world.letters()
    assert world.cells() == shown(world)


@law
@histories
def test_a_projects_sums_are_those_of_its_annotators_and_tasks(
    history: list[Move], policy: dict[str, Any], seed: int | None
) -> None:
    world = played(history, policy, seed)
    assert "delta_underflow" not in world.letters()
    assert world.sums() == summed(world)


@law
@histories
def test_when_all_is_taken_back_nothing_is_left(history: list[Move], policy: dict[str, Any], seed: int | None) -> None:
    world = played(history, policy, seed)
    for task_id, stored in world.tasks().items():
        if stored.truth is not None:
            world.send("gold", task_id, None)
        for entry in stored.entries:
            annotate(world, world.now, task_id, entry.annotator_id, action="withdraw")
    world.settle()
    assert world.cells() == {}
    assert {kind for sums in world.sums().values() for kind in sums} == set()
    assert all(stored.posterior == [] and not stored.is_counted for stored in world.tasks().values())


@law
@histories
def test_gold_stands_at_its_truth_and_is_no_part_of_the_frequencies(
    history: list[Move], policy: dict[str, Any], seed: int | None
) -> None:
    world = played(history, policy, seed)
    for stored in world.tasks().values():
        if stored.truth is None:
            continue
        assert not stored.is_counted
        if stored.truth.kind == "gold" and stored.posterior:
            asked = questions(stored.questions) or ()
            truths = [(part, right) for q, right in zip(asked, stored.truth.answers, strict=True) for part in q.parts]
            assert stored.posterior == [
                [FIXED * (name == part.names[part.place(right)]) for name in part.names] for part, right in truths
            ]
        elif stored.truth.kind != "gold":
            assert stored.posterior == []
            assert not any(entry.is_evidence for entry in stored.entries)


@law
@histories
def test_versions_never_go_back_and_a_copy_is_sent_once(
    history: list[Move], policy: dict[str, Any], seed: int | None
) -> None:
    world = played(history, policy, seed)
    sent: dict[tuple[Any, ...], int] = {}
    for body in world.bodies("annotations.scored"):
        for counts in body["counts"] or ():
            place = (body["annotator_id"], body["project"], counts["space"], partition_of(body["task_id"].encode()))
            assert counts["version"] > sent.get(place, 0)
            sent[place] = counts["version"]
    told: Counter[tuple[str, str, int | None]] = Counter()
    for output in world.wrote:
        if output.topic.startswith("globals") and output.tag == "statistics":
            statistics = json.loads(output.value or b"null")["statistics"]
            copy = (output.topic, statistics["space"], output.partition)
            told[copy] += 1
            assert statistics["version"] == told[copy]
    by_partition = Counter(partition for _, _, partition in told.elements())
    assert len(by_partition) in (0, PARTITIONS)
    assert len(set(by_partition.values())) <= 1


@law
@histories
def test_each_partition_knows_the_newest_copy_after_one_more_annotation(
    history: list[Move], policy: dict[str, Any], seed: int | None
) -> None:
    world = played(history, policy, seed)
    seen = next(one for one in range(99) if partition_of(f"x{one}".encode()) == 0)
    other = next(one for one in range(99) if partition_of(f"x{one}".encode()) == 1)
    told = world.confusions()
    for who in ANNOTATORS:
        for place in (seen, other):  # no such tasks: the votes wait, and what came with them is known at once
            annotate(world, world.now, f"x{place}", who, label="cat")
    world.settle()
    for (who, project), confusions in told.items():
        newest = {
            space: (one.version, one.told, tuple(one.strengths))
            for space, one in confusions.spaces.items()
            if one.version
        }
        for state in world.states("tasks"):
            kept = state.get(key("m", who, project), Models)
            copies = {} if kept is None else kept.spaces
            assert {space: (one.version, one.counts, one.strengths) for space, one in copies.items()} == newest


@law
@given(moves(), st.sampled_from(POLICIES[:1]), st.integers(0, 2**32), st.integers(0, 2**32))
def test_however_records_interleave_the_votes_are_the_same(
    history: list[Move], policy: dict[str, Any], one: int, other: int
) -> None:
    """Between an annotation and gold there is no order; of one annotator's own there is."""
    history = [move for move in history if move[0] not in {"gold", "no gold", "tick"}]
    first, second = played(history, policy, one), played(history, policy, other)
    for task_id, stored in first.tasks().items():
        votes = {entry.annotator_id: entry.answers for entry in stored.entries}
        assert {entry.annotator_id: entry.answers for entry in second.tasks()[task_id].entries} == votes

"""A changed label space leaves what there would be had it been so from the start: votes, counts, agreement and labels.

Up to the names, and where all votes weigh alike; what depends on the path otherwise is what `test_retraction_laws`
lists. Votes on a retired class are as if they had not been cast; a late one is refused, so that an earlier stands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.events import Output
from streams.quality.learning import Confusions
from streams.quality.project_sums import Sums
from streams.replay.loop import Loop
from tests.quality.test_retraction_laws import (
    COUNTED,
    PEOPLE,
    UNIFORM,
    Record,
    counts,
    final,
    gold,
    law,
    played,
    review,
    said,
    votes,
)

TASKS = ("t0", "t1", "t2")
CLASSES = ("cat", "dog", "fox", "wolf")
RENAMED = {"fox": ["vixen"], "cat": ["feline"]}
MERGED = {"fox": ["canine"], "wolf": ["canine"]}
INTO_OLD = {"fox": ["dog"]}
RETIRED: dict[str, list[str]] = {"fox": []}
SPLIT = {"fox": ["red fox", "arctic fox"]}
MAPPINGS = (RENAMED, MERGED, INTO_OLD, RETIRED, SPLIT, RENAMED | {"wolf": []})

Action = tuple[str, str, str]
"""Who or "gold", the task and the class."""


def classes(mapping: Mapping[str, Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(target for name in CLASSES for target in mapping.get(name, [name])))


def project(names: Sequence[str], policy: dict[str, Any], **more: Any) -> Record:
    spaces = {"animals": {"type": "classification", "classes": list(names)}}
    return "projects", "p", {"project": "p", "policy": policy, "label_spaces": spaces} | more


def changed(mapping: Mapping[str, Sequence[str]], policy: dict[str, Any]) -> Record:
    return project(classes(mapping), policy, mappings={"animals": mapping}, actor="mara", reason="not told apart")


def task(task_id: str) -> Record:
    questions = [{"question_id": "q", "label_space": "animals"}]
    body = {"task_id": task_id, "project": "p", "task_type": "classification", "prompt": "?", "questions": questions}
    return "tasks", task_id, body


@st.composite
def actions(draw: st.DrawFn) -> tuple[list[Action], list[Action]]:
    """Return what is done before the change and what after it; nobody answers a task twice before."""
    pairs = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(TASKS))
    known = st.sampled_from(TASKS)
    early = draw(st.lists(pairs, unique=True, min_size=4, max_size=14))
    late = draw(st.lists(pairs, max_size=6))
    golden = draw(st.lists(st.tuples(known, st.booleans()), unique_by=lambda one: one[0], max_size=2))
    before = [(who, task_id, draw(st.sampled_from(CLASSES))) for who, task_id in early]
    after = [(who, task_id, draw(st.sampled_from(CLASSES))) for who, task_id in late]
    for task_id, is_early in golden:
        lane = before if is_early else after
        lane.insert(draw(st.integers(0, len(lane))), ("gold", task_id, draw(st.sampled_from(CLASSES))))
    return before, after


def records(done: Sequence[Action], first: int = 0) -> list[Record]:
    return [
        gold(task_id, name) if who == "gold" else said(who, task_id, number, name)
        for number, (who, task_id, name) in enumerate(done, first)
    ]


def agreement(outputs: Sequence[Output]) -> dict[Any, int]:
    """Return the sums of agreement as they were told, each with the categories that they are of."""
    sums: dict[Any, int] = {}
    for output in outputs:
        if output.topic == "project-deltas" and output.tag == "agreement":
            for question in json.loads(output.value or b"")["agreement"]:
                for *place, value in question["sums"]:
                    name = (tuple(question["scale"]["categories"]), *place)
                    sums[name] = sums.get(name, 0) + value
    return {name: value for name, value in sums.items() if value}


def confusions(loop: Loop) -> dict[Any, int]:
    """Return how much stands of each annotator's answers, by label space."""
    return {
        (key, space): one.mass
        for key, kept in loop.tables["annotators"].values.items()
        if isinstance(kept, Confusions)
        for space, one in kept.spaces.items()
        if one.mass
    }


def class_sums(loop: Loop) -> dict[str, Any]:
    """Return the project's sums over its annotators and tasks, by label space."""
    found = {
        key: (one.tasks, one.right, one.given)
        for key, one in loop.tables["projects"].values.items()
        if isinstance(one, Sums)
    }
    return {key: sums for key, sums in found.items() if any(map(any, sums))}


def by_votes(outputs: Sequence[Output]) -> dict[str, Any]:
    """Return each task's newest label; of gold there is one only where it supersedes one that there was."""
    return {task_id: one for task_id, one in final(outputs).items() if one["closed_by"] != "gold"}


History = tuple[Loop, list[Output]]


def both(
    done: tuple[list[Action], list[Action]],
    mapping: Mapping[str, Sequence[str]],
    policy: dict[str, Any],
    *,
    is_known: bool,
) -> tuple[History, History]:
    """Return the sides after a history with a change in it, and after one in which it had been so from the start.

    Parameters
    ----------
    is_known : bool
        Whether those who come after the change use the new names.
    """
    before, after = done
    published = [task(task_id) for task_id in TASKS]
    turn = {name: targets[0] for name, targets in mapping.items() if len(targets) == 1}
    gone = {name for name, targets in mapping.items() if len(targets) != 1}
    late = [(who, task_id, turn.get(name, name) if is_known else name) for who, task_id, name in after]
    history = [*records(before), changed(mapping, policy), *records(late, 100)]
    # They are numbered before some are left out, so that those who stay have the same ids.
    clean: list[Record] = []
    numbered = zip((*records(before), *records(after, 100)), (*before, *after), strict=True)
    for (topic, key, body), (_, _, name) in numbered:
        field = "answer" if topic == "gold" else "label"
        if name not in gone and body is not None:
            clean.append((topic, key, {**body, field: turn.get(name, name)}))
    first = played([project(CLASSES, policy), *published, *history])
    return first, played([project(classes(mapping), policy), *published, *clean])


def assert_nothing_is_left(loop: Loop, clean: Loop) -> None:
    """Check that nothing stands in the old label space, and that nothing was taken back that was not told."""
    assert {space for _, space in confusions(loop)} <= {space for _, space in confusions(clean)}
    assert class_sums(loop).keys() <= class_sums(clean).keys()
    assert set(loop.refused) <= {"label_outside_space"}


@law
@given(actions(), st.sampled_from(MAPPINGS), st.sampled_from(UNIFORM), st.booleans())
def test_it_is_as_if_it_had_been_so_from_the_start(
    done: tuple[list[Action], list[Action]], mapping: dict[str, list[str]], policy: dict[str, Any], is_known: bool
) -> None:
    (loop, outputs), (clean, expected) = both(done, mapping, policy, is_known=is_known)
    assert votes(loop) == votes(clean)
    assert counts(loop, *COUNTED) == counts(clean, *COUNTED)
    assert agreement(outputs) == agreement(expected)
    assert by_votes(outputs) == by_votes(expected)
    assert_nothing_is_left(loop, clean)


@law
@given(actions(), st.sampled_from(MAPPINGS), st.booleans())
def test_with_inferred_weights_votes_gold_and_agreement_are_exact(
    done: tuple[list[Action], list[Action]], mapping: dict[str, list[str]], is_known: bool
) -> None:
    policy = {"redundancy": 7, "max_redundancy": 7}  # all votes count that there may be, whatever they weigh
    (loop, outputs), (clean, expected) = both(done, mapping, policy, is_known=is_known)
    assert votes(loop) == votes(clean)
    assert counts(loop, "gold_n", "gold_correct") == counts(clean, "gold_n", "gold_correct")
    assert agreement(outputs) == agreement(expected)
    assert_nothing_is_left(loop, clean)


def renamed(found: Any, turn: Mapping[str, str]) -> Any:
    """Return JSON with other names in it."""
    if isinstance(found, dict):
        return {turn.get(name, name): renamed(one, turn) for name, one in found.items()}
    if isinstance(found, list):
        return [renamed(one, turn) for one in found]
    return turn.get(found, found) if isinstance(found, str) else found


@law
@given(actions(), st.sampled_from(TASKS), st.sampled_from(("reject", "return", *CLASSES)), st.booleans())
def test_new_names_change_nothing_but_names_where_a_reviewer_has_decided_too(
    done: tuple[list[Action], list[Action]], task_id: str, verdict: str, becomes_gold: bool
) -> None:
    before, after = done
    given_: dict[str, Any] = {"answer": verdict, "becomes_gold": becomes_gold} if verdict in CLASSES else {}
    decided = review(task_id, "fix" if verdict in CLASSES else verdict, **given_)
    mapping = {"fox": ["vixen"], "cat": ["tom"], "dog": ["hound"], "wolf": ["lupus"]}
    started = [project(CLASSES, UNIFORM[1]), *map(task, TASKS), *records(before), decided]
    plain, expected = played([*started, *records(after, 100)])
    loop, outputs = played([*started, changed(mapping, UNIFORM[1]), *records(after, 100)])
    assert by_votes(outputs) == renamed(by_votes(expected), {name: new for name, (new,) in mapping.items()})
    assert counts(loop, *COUNTED) == counts(plain, *COUNTED)
    assert set(loop.refused) == set(plain.refused)

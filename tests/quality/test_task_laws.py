"""The task side's laws, on random histories of few tasks and annotators, so that everything meets everything.

The oracle knows no state: it recomputes a task's entries, and what they amount to, from its full history.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from streams.events import DEAD_LETTERS, Event, Output, Rejected, coordinates
from streams.quality.records import DAY_MS
from streams.quality.task_state import CLOSED, Task, Totals
from streams.quality.tasks import TaskSide
from streams.replay.state import apply
from tests.quality.campaign import (
    ANIMALS,
    AT,
    CLASSES,
    counted,
    event,
    labels,
    scored,
    settings,
    task,
    validate,
    verdicts,
)
from tests.quality.harness import MemoryState, run

SIDE = TaskSide(
    retention_ms=3 * DAY_MS,
    held_ms=2 * DAY_MS,
    held_tasks=2,
    held_per_task=3,
    votes_limit=6,
    bench_limit=2,
    batch=2,
)
POLICIES: tuple[dict[str, Any], ...] = (
    {"redundancy": 2, "max_redundancy": 3, "unusable_after": 2},
    {"redundancy": 3, "max_redundancy": 3, "min_agreement": 0.7, "weighting": "uniform"},
    {"redundancy": 1, "max_redundancy": 4, "unusable_after": 3},
)
TASKS = st.sampled_from(["t0", "t1", "t2"])
PROJECTS = st.sampled_from(["p", "p", "p", "p2"])
ANNOTATORS = st.sampled_from(["a0", "a1", "a2", "a3", "a4"])
RELIABILITIES = st.sampled_from([0.2, 0.7, 0.7, 0.7, 0.9])
ANSWERS = st.sampled_from([*CLASSES, "wolf"])
COUNTS = st.none() | st.builds(counted, st.integers(0, 40), st.integers(0, 40), st.integers(1, 9))
TWO = [{"question_id": name, "label_space": {"type": "classification", "classes": ["x", "y"]}} for name in "lr"]
VARIANTS: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"priority": 1.0},
    {"prompt": "Other?"},
    {"questions": TWO},
    {"questions": [{"question_id": "q", "label_space": "named"}]},
    {"questions": [{"question_id": "q", "label_space": {"type": "free_text"}}], "task_type": "free_text"},
)
Record = tuple[str, str, dict[str, Any] | None]


@st.composite
def annotation(draw: st.DrawFn) -> Record:
    task_id, annotator_id = draw(TASKS), draw(ANNOTATORS)
    action = draw(st.sampled_from(["submit"] * 5 + ["edit", "withdraw"]))
    pair = st.fixed_dictionaries({name: st.sampled_from("xy") for name in "lr"})
    label: Any = draw(st.one_of(ANSWERS, ANSWERS, pair))
    refused = draw(st.sampled_from([None] * 6 + ["cannot_decide", "broken_item"]))
    body = scored(
        annotator_id,
        None if refused or action == "withdraw" else label,
        task_id,
        action=action,
        annotation_id=f"{annotator_id}-{draw(st.integers(0, 40))}",
        non_answer=None if action == "withdraw" else refused,
        reliability=draw(RELIABILITIES),
        quality_score=draw(st.sampled_from([1.0, 0.3])),
        project=draw(PROJECTS),
        counts=draw(COUNTS),
    )
    return "annotations.scored", task_id, body


@st.composite
def publication(draw: st.DrawFn) -> Record:
    task_id, project = draw(TASKS), draw(PROJECTS)
    match draw(st.sampled_from(["task", "task", "task", "gone", "gold", "no gold", "review", "review"])):
        case "task":
            return "tasks", task_id, task(task_id, **{"project": project} | draw(st.sampled_from(VARIANTS)))
        case "gone":
            return "tasks", task_id, None
        case "gold":
            answer: Any = draw(st.one_of(ANSWERS, st.just({"l": "x", "r": "y"})))
            kind = draw(st.sampled_from(["gold", "gold", "attention", "training"]))
            return "gold", task_id, {"task_id": task_id, "project": project, "answer": answer, "kind": kind}
        case "review":
            verdict = draw(st.sampled_from(["accept", "fix", "fix", "reject", "return"]))
            answer = draw(st.one_of(ANSWERS, st.just({"l": "x", "r": "y"})))
            body: dict[str, Any] = {"task_id": task_id, "project": project, "verdict": verdict}
            body |= {"actor": "eve", "reason": "seen"}
            if verdict in {"accept", "fix"}:
                body["becomes_gold"] = draw(st.booleans())
            return "reviews", task_id, body | ({"answer": answer} if verdict == "fix" else {})
        case _:
            return "gold", task_id, None


@st.composite
def administration(draw: st.DrawFn) -> Record:
    project, version = draw(PROJECTS), draw(st.integers(1, 9))
    match draw(st.sampled_from(["project", "removed", "tick"])):
        case "removed":
            body = {"project": project, "version": 1, "policy_version": version, "removed": True}
            return "globals.t", project, body
        case "tick":
            return "ticks.t", "0", {"at": AT + draw(st.integers(0, 8 * DAY_MS))}
        case _:
            named = draw(st.sampled_from([{}, {"named": ANIMALS}]))
            policy = draw(st.sampled_from(POLICIES))
            body = settings(version, project=project, policy=policy, label_spaces=named)
            return "globals.t", project, body


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    known = [("globals.t", "p", settings(1, policy=draw(st.sampled_from(POLICIES))))]
    published: list[Record] = [("tasks", task_id, task(task_id)) for task_id in draw(st.sets(TASKS).map(sorted))]
    records = draw(
        st.lists(
            st.one_of(
                annotation(),
                annotation(),
                annotation(),
                annotation(),
                publication(),
                publication(),
                administration(),
            ),
            min_size=20,
            max_size=60,
        )
    )
    return numbered([*known, *published, *records])


def numbered(records: Sequence[Record]) -> list[Event]:
    return [event(*record, offset=place, timestamp=_time(record, place)) for place, record in enumerate(records)]


def _time(record: Record, place: int) -> int:
    """Return the record's time: a tick's is what it says, others follow each other."""
    topic, _, body = record
    return int(body["at"]) if topic == "ticks.t" and body is not None else AT + 7 * place


law = effort(max_examples=120, suppress_health_check=[HealthCheck.too_slow])


@law
@given(histories(), st.sets(st.integers(1, 60)))
def test_batches_do_not_show(history: list[Event], cuts: set[int]) -> None:
    assert run(SIDE, {}, history, cuts) == run(SIDE, {}, history)


@law
@given(histories(), st.integers(0, 60))
def test_a_step_from_the_table_is_a_step_from_the_history(history: list[Event], cut: int) -> None:
    outputs, table = run(SIDE, {}, history[:cut])
    more, table = run(SIDE, table, history[cut:])
    assert (outputs + more, table) == run(SIDE, {}, history)


@law
@given(histories())
def test_a_rejected_event_changes_nothing(history: list[Event]) -> None:
    state = MemoryState()
    for one in history:
        before = dict(state.committed)
        try:
            SIDE.step(state, one)
        except Rejected:
            assert state.changed == frozenset()
            state.commit()
            assert state.committed == before
        else:
            state.commit()


@law
@given(histories())
def test_a_record_becomes_at_most_one_dead_letter(history: list[Event]) -> None:
    """Held ones included: each lies under its own place, and erasing that erases it."""
    outputs, _ = run(SIDE, {}, history)
    letters = [output.key for output in outputs if output.topic == DEAD_LETTERS]
    assert len(set(letters)) == len(letters)
    assert set(letters) <= {coordinates(one.topic, one.partition, one.offset).encode() for one in history}


@law
@given(histories())
def test_every_output_satisfies_its_contract(history: list[Event]) -> None:
    outputs, _ = run(SIDE, {}, history)
    labels(outputs)
    for output in outputs:
        validate(output)


@law
@given(histories(), TASKS, st.sampled_from(CLASSES))
def test_a_submission_taken_back_never_happened(history: list[Event], task_id: str, answer: str) -> None:
    # What changes policies or what is known of annotators shows at a task's next event: here both stay as they are.
    history = history[:1] + [
        one for one in history[1:] if one.topic != "globals.t" and not getattr(one.value, "counts", None)
    ]
    _, table = run(SIDE, {}, history)
    body = scored("new", answer, task_id, annotation_id="new-1")
    back = scored("new", None, task_id, annotation_id="new-2", action="withdraw")
    state = MemoryState(table)
    place = len(history)
    records: list[Record] = [("annotations.scored", task_id, body), ("annotations.scored", task_id, back)]
    first, second = (event(*record, offset=place, timestamp=AT + 7 * place) for record in records)
    told = apply(SIDE, state, first)
    before = state.get(f"t\x1f{task_id}", Task)
    if before is None or before.held or any(output.topic == DEAD_LETTERS for output in told):
        return
    told += apply(SIDE, state, second)
    state.commit()
    assert not any(output.topic == DEAD_LETTERS for output in told)
    assert net_outcomes(told) == Counter()
    assert versionless(state.committed) == versionless(table)


def versionless(table: dict[str, bytes]) -> dict[str, Any]:
    """Return the tasks' states without what counts versions, policies apart, and the totals.

    Without what voters were told, too: it is repeated only when it has moved by enough.
    """
    state = MemoryState(table)
    kept: dict[str, Any] = {"totals": state.get("totals", Totals)}
    for key in table:
        one = state.get(key, Task) if key.startswith("t\x1f") else None
        if one is not None:
            one.version = one.expiry = 0
            one.published = None
            one.posterior = [[] for _ in one.posterior]
            for entry in one.entries:
                for told in entry.told:
                    if told is not None:
                        told.policy_version = told.quality = 0
            kept[key] = one
    return kept


def net_outcomes(outputs: Sequence[Output]) -> Counter[tuple[Any, ...]]:
    """Add up signs per annotator, task, question and verdict; what an answer shows is no verdict."""
    net: Counter[tuple[Any, ...]] = Counter()
    for body in verdicts(outputs):
        verdict = (body["kind"], body["correct"], str(body["truth"]), str(body["answer"]))
        net[body["annotator_id"], body["task_id"], body["question_id"], *verdict] += body["sign"]
    return Counter({verdict: n for verdict, n in net.items() if n})


@law
@given(histories())
def test_what_was_told_is_what_stands_after_every_event(history: list[Event]) -> None:
    state = MemoryState()
    outputs: list[Output] = []
    for one in history:
        outputs += apply(SIDE, state, one)
        state.commit()
        standing: Counter[tuple[Any, ...]] = Counter()
        for key, stored in tasks(state).items():
            for entry in stored.entries:
                for question_id, answer, told in zip(questions(stored), entry.answers or (), entry.told, strict=False):
                    if told is not None:
                        verdict = (told.kind, told.correct, str(told.truth), str(answer))
                        standing[entry.annotator_id, key, question_id, *verdict] += 1
        forgotten = {key for key, stored in tasks(state).items() if stored.phase == "stub"}
        assert Counter({v: n for v, n in net_outcomes(outputs).items() if v[1] not in forgotten}) == standing


@law
@given(histories())
def test_totals_are_a_count_of_the_table_after_every_event(history: list[Event]) -> None:
    state = MemoryState()
    for one in history:
        apply(SIDE, state, one)
        state.commit()
        stored = tasks(state).values()
        expected = Totals(
            open=sum(task.phase == "open" for task in stored),
            closed=sum(task.phase in CLOSED for task in stored),
            held=sum(task.phase == "held" for task in stored),
            votes=sum(entry.answers is not None for task in stored for entry in task.entries),
            gold=sum(task.phase == "gold" for task in stored),
            waiting=sum(task.phase != "held" and bool(task.held) for task in stored),
            held_bytes=sum(len(held.raw or b"") for task in stored for held in task.held),
        )
        assert (state.get("totals", Totals) or Totals()) == expected
        assert all(len(task.held) <= SIDE.held_per_task for task in stored)
        assert expected.held <= SIDE.held_tasks
        queued = sum(bool(task.expiry) for task in stored)
        assert queued == expected.closed + expected.held
        state.commit()


def tasks(state: MemoryState) -> dict[str, Task]:
    found = {key[2:]: state.get(key, Task) for key in state.committed if key.startswith("t\x1f")}
    return {key: stored for key, stored in found.items() if stored is not None}


def questions(stored: Task) -> list[str]:
    return ["l", "r"] if '"l"' in stored.questions else ["q"]


# The oracle: one task of one question, under one policy, from its full history.


@st.composite
def single_task(draw: st.DrawFn) -> tuple[dict[str, Any], list[Event]]:
    policy: dict[str, Any] = draw(st.sampled_from(POLICIES))
    records: list[Record] = [("globals.t", "p", settings(1, policy=policy))]
    published = draw(st.integers(0, 3))
    for place, record in enumerate(draw(st.lists(annotation(), min_size=5, max_size=25))):
        if place == published:
            records.append(("tasks", "t0", task("t0")))
        body = {**(record[2] or {}), "task_id": "t0", "project": "p", "annotation_id": f"n{place}", "counts": None}
        records.append(("annotations.scored", "t0", body))
        if draw(st.integers(0, 9)) == 0:
            answer = draw(st.sampled_from(CLASSES))
            gold = None if draw(st.booleans()) else {"task_id": "t0", "project": "p", "answer": answer}
            records.append(("gold", "t0", gold))
    return policy, numbered(records)


class Oracle:
    """A task as a list of (annotator, answer or None), of which a prefix counts; nothing is known of anybody."""

    def __init__(self, policy: dict[str, Any]) -> None:
        self.redundancy = policy["redundancy"]
        self.most = policy["max_redundancy"]
        self.min_agreement = policy.get("min_agreement", 0.6)
        self.unusable_after = policy.get("unusable_after", 2)
        self.uniform = policy.get("weighting") == "uniform"
        self.entries: list[tuple[str, str | None]] = []
        self.counted = 0
        self.truth: str | None = None
        self.status = "open"

    def apply(self, body: dict[str, Any]) -> None:
        place = next((i for i, one in enumerate(self.entries) if one[0] == body["annotator_id"]), None)
        entry = (body["annotator_id"], body["label"])
        if body["action"] != "withdraw" and body["non_answer"] is None and body["label"] not in CLASSES:
            return
        if body["action"] == "submit" and place is None:
            room = len(self.entries) - self.counted < 64 if self.status in CLOSED else len(self.entries) < 64
            assert room
            self.entries.append(entry)
            touched = self.status == "open"
        elif place is None:
            return
        else:
            touched = place < self.counted or self.status == "open"
            if body["action"] == "edit":
                self.entries[place] = entry
            else:
                self.counted -= place < self.counted
                del self.entries[place]
                if body["action"] == "submit":
                    self.entries.append(entry)
        if touched:
            self.decide()

    def gold(self, truth: str | None) -> None:
        if truth != self.truth:
            self.truth = truth
            self.decide()

    def decide(self) -> None:
        if self.truth is not None:
            self.status = "gold"
            return
        self.counted = 0
        while (status := self.verdict()) == "open" and self.counted < len(self.entries):
            self.counted += 1
        self.status = status

    def votes(self) -> list[str]:
        return [answer for _, answer in self.entries[: self.counted] if answer is not None]

    def shares(self, votes: list[str]) -> dict[str, Fraction]:
        """Return each class's share of the votes where all weigh alike by policy; else its posterior."""
        if self.uniform:
            return {c: Fraction(votes.count(c), max(1, len(votes))) for c in CLASSES}
        hit = Fraction(7, 10)
        miss = (1 - hit) / (len(CLASSES) - 1)
        joint = {c: prod([hit if answer == c else miss for answer in votes], start=Fraction(1)) for c in CLASSES}
        return {c: one / sum(joint.values()) for c, one in joint.items()}

    def leader(self, votes: list[str]) -> str | None:
        shares = self.shares(votes)
        best = max(shares.values())
        return None if sum(share == best for share in shares.values()) > 1 else max(shares, key=lambda c: shares[c])

    def verdict(self) -> str:
        votes = self.votes()
        if self.counted - len(votes) >= self.unusable_after:
            return "unusable"
        if len(votes) < self.redundancy:
            return "open"
        leader = self.leader(votes)
        if leader is not None and votes.count(leader) / len(votes) >= self.min_agreement - 1e-9:
            return "settled"
        return "undecided" if len(votes) >= self.most else "open"

    def outcomes(self) -> Counter[tuple[Any, ...]]:
        told: Counter[tuple[Any, ...]] = Counter()
        if self.truth is not None:
            for annotator, answer in self.entries:
                if answer is not None:
                    told[annotator, "t0", "q", "gold", answer == self.truth, self.truth, answer] += 1
        elif self.status == "settled":
            voters = self.entries[: self.counted]
            for place, (annotator, answer) in enumerate(voters):
                others = [a for _, a in voters[:place] + voters[place + 1 :] if a is not None]
                leader = self.leader(others)
                if answer is not None and leader is not None:
                    told[annotator, "t0", "q", "consensus", answer == leader, leader, answer] += 1
        return told


@law
@given(single_task())
def test_a_task_agrees_with_the_oracle_after_every_event(case: tuple[dict[str, Any], list[Event]]) -> None:
    policy, history = case
    side = TaskSide()
    state = MemoryState()
    oracle = Oracle(policy)
    waiting: list[Event] = []
    outputs: list[Output] = []
    published = False
    for one in history:
        outputs += apply(side, state, one)
        state.commit()
        waiting.append(one)
        published = published or one.topic == "tasks"
        if not published:
            continue
        for seen in waiting:
            body = seen.value and json.loads(seen.raw or b"null")
            if seen.topic == "annotations.scored":
                oracle.apply(body)
            elif seen.topic == "gold":
                oracle.gold(body and body["answer"])
        waiting.clear()
        stored = tasks(state)["t0"]
        answers = [None if entry.answers is None else entry.answers[0] for entry in stored.entries]
        names = [entry.annotator_id for entry in stored.entries]
        assert list(zip(names, answers, strict=True)) == oracle.entries
        assert (stored.phase, stored.counted) == (oracle.status, oracle.counted)
        assert net_outcomes(outputs) == oracle.outcomes()
        published_answer = stored.published and stored.published.answers.get("q")
        if stored.phase == "settled":
            assert published_answer
            shares = oracle.shares(oracle.votes())
            assert published_answer["label"] == oracle.leader(oracle.votes())
            for name, share in shares.items():
                assert published_answer["distribution"][name] == pytest.approx(float(share), abs=1e-5)

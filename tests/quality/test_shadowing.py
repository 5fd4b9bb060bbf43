"""A rule in shadow: what it says it would have done is what it does once it is on, as long as nothing is learned."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.quality import savings
from streams.quality.projects import ProjectSide
from streams.quality.shadowing import FIELDS, TASKS
from streams.quality.summing import PROJECT_DELTAS
from streams.replay.state import apply
from tests.quality import sent
from tests.quality.campaign import AT, CLASSES, Campaign, bodies, copy_of
from tests.quality.harness import MemoryState

law = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PEOPLE = {"a": 0.95, "b": 0.9, "c": 0.8, "d": 0.7, "e": 0.6, "f": 0.4}
RULES: tuple[dict[str, Any], ...] = (
    {"target_confidence": 0.8},
    {"target_confidence": 0.97, "min_redundancy": 3},
    {"gain": {"value_usd": "0.2"}},
    {"gain": {"value_usd": "30"}, "min_redundancy": 1},
)
Vote = tuple[int, str, str | None]


def campaign(rule: dict[str, Any], adaptive: str, tasks: int = 3) -> Campaign:
    """Return a campaign in which everybody was seen 60 times, and nobody is seen again."""
    found = Campaign(redundancy=4, max_redundancy=5, adaptive=adaptive, **rule)
    for number in range(tasks):
        found.publish(f"t{number}", payment_usd="0.03")
    for who, accuracy in PEOPLE.items():
        right, wrong = round(20e6 * accuracy), round(10e6 * (1 - accuracy))
        counts = {k * 3 + y: right if k == y else wrong for k in range(3) for y in range(3)}
        found.withdraw(who, "t0", counts=[copy_of(counts)])  # refused, but what is known of somebody is kept
    return found


def vote(to: Campaign, votes: list[Vote]) -> None:
    """Let people vote, or say that they cannot."""
    for number, who, answer in votes:
        name = f"{who}-{number}-{to.offset}"
        if answer is None:
            to.refuse(who, "cannot_decide", f"t{number}", annotation_id=name)
        else:
            to.vote(who, answer, f"t{number}", annotation_id=name)


class Sums:
    """What the project side makes of what a campaign told."""

    def __init__(self, of: Campaign) -> None:
        for after in (1_000_000, 1_020_000):
            of.tick(AT + after)
        side, self.state = ProjectSide(partitions=1), MemoryState()
        self.outputs = []
        for output in of.outputs:
            if output.topic == PROJECT_DELTAS and output.tag == "policies":
                body = msgspec.json.decode(output.value or b"")
                self.outputs += apply(side, self.state, sent.event(side, PROJECT_DELTAS, "p", body))
                self.state.commit()
        sent.assert_contracts(self.outputs)
        kept = self.state.get("o\x1fp", savings.Savings) or savings.Savings()
        self.rules = [dict(zip(FIELDS, sums, strict=True)) for sums in kept.rules.values() if any(sums)]

    def figures(self) -> list[dict[str, Any]]:
        return savings.published(self.state, "p")


def closings(of: Campaign) -> dict[str, tuple[int, Any]]:
    """Return with how many votes each task closed, and with which label."""
    return {
        body["task_id"]: (body["votes"], body["answers"].get("q", {}).get("label"))
        for body in bodies(of.outputs, "labels")
        if body["status"] in {"settled", "undecided", "unusable"}
    }


VOTES = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(list(PEOPLE)), st.sampled_from([*CLASSES, *CLASSES, "cat", None])),
    max_size=24,
    unique_by=lambda vote: vote[:2],
)


@law
@given(st.sampled_from(RULES), VOTES)
def test_figures_are_those_of_the_rule_when_it_is_on(rule: dict[str, Any], votes: list[Vote]) -> None:
    shadow, on, off = (campaign(rule, adaptive) for adaptive in ("shadow", "on", "off"))
    for one in (shadow, on, off):
        vote(one, votes)
    fixed, early = closings(shadow), closings(on)
    assert fixed == closings(off), "a shadow decides nothing"
    said = Sums(shadow).rules
    if not fixed:
        assert said == []
        return
    assert len(said) == 1
    assert (said[0]["tasks"], said[0]["votes"]) == (len(fixed), sum(number for number, _ in fixed.values()))
    assert said[0]["votes_by_rule"] == sum(early[name][0] for name in fixed)
    assert said[0]["differing"] == sum(early[name][1] != label for name, (_, label) in fixed.items())
    assert (said[0]["paid"], said[0]["paid_by_rule"]) == (30_000 * said[0]["votes"], 30_000 * said[0]["votes_by_rule"])
    assert Sums(off).rules == Sums(on).rules == []


@law
@given(st.sampled_from(RULES), VOTES, st.lists(st.sampled_from(list(PEOPLE)), max_size=3))
def test_what_is_taken_back_leaves_nothing(rule: dict[str, Any], votes: list[Vote], late: list[str]) -> None:
    before = campaign(rule, "shadow")
    vote(before, votes)
    expected = Sums(before).rules
    before.gold("cat", "t0")
    for who in late:
        before.vote(who, "fox", "t0", annotation_id=f"late-{who}-{before.offset}")
    Sums(before)
    for one in before.task("t0").entries[:]:
        before.withdraw(one.annotator_id, "t0", annotation_id=f"back-{before.offset}")
    before.withdraw_task("t0")
    never = campaign(rule, "shadow")
    vote(never, [one for one in votes if one[0]])
    assert Sums(before).rules == Sums(never).rules
    if not any(number == 0 for number, _, _ in votes):
        assert Sums(never).rules == expected


def test_on_gold_it_says_how_many_labels_would_have_been_right() -> None:
    of = campaign({"target_confidence": 0.8}, "shadow")
    for number, answers in enumerate([("cat", "cat", "dog", "dog"), ("dog", "dog", "cat", "cat")]):
        of.gold("cat", f"t{number}")
        vote(of, [(number, who, answer) for who, answer in zip("fdab", answers, strict=True)])
    (said,) = Sums(of).figures()
    assert (said["tasks"], said["gold"], said["target_confidence"]) == (0, 2, 0.8)
    assert (said["gold_accuracy"], said["gold_accuracy_by_rule"]) == (0.5, 0.5)
    assert (said["votes"], said["saved_usd"]) == (0, "0.000000")


def test_what_is_published_is_in_votes_and_dollars() -> None:
    of = campaign({"gain": {"value_usd": "0.2"}}, "shadow")
    vote(of, [(number, who, "cat") for number in range(3) for who in "abcd"])
    sums = Sums(of)
    (body,) = bodies(sums.outputs, "agreement")
    (said,) = body["policies"]
    assert (said["value_usd"], said["target_confidence"], said["tasks"]) == ("0.200000", None, 3)
    assert (said["votes"], said["votes_saved"], said["paid_usd"], said["saved_usd"]) == (12, 6, "0.360000", "0.180000")
    assert said["differing"] == 0


def test_many_tasks_are_told_of_at_once() -> None:
    of = campaign({"target_confidence": 0.8}, "shadow", tasks=TASKS)
    vote(of, [(number, who, "cat") for number in range(TASKS) for who in "abcd"])
    told = [output for output in of.outputs if output.tag == "policies"]
    assert [msgspec.json.decode(one.value or b"")["policies"][0]["tasks"] for one in told] == [TASKS]


def test_another_threshold_is_another_rule() -> None:
    of = campaign({"target_confidence": 0.8}, "shadow")
    vote(of, [(0, who, "cat") for who in "abcd"])
    policy = {"redundancy": 4, "max_redundancy": 5, "adaptive": "shadow", "target_confidence": 0.9}
    of.settings(2, policy=policy)
    vote(of, [(1, who, "cat") for who in "abcd"])
    assert [(one["target_confidence"], one["tasks"]) for one in Sums(of).figures()] == [(0.9, 1), (0.8, 1)]


def test_what_was_never_told_cannot_be_taken_back() -> None:
    side, state = ProjectSide(partitions=1), MemoryState()
    delta = {"rule": "gain", "threshold": 5, "min_redundancy": 2}
    for tasks, reasons in ((2, []), (-3, ["delta_underflow"])):
        body = {"project": "p", "policies": [{**delta, "tasks": tasks}], "at": "2026-01-01T00:00:00Z"}
        outputs = apply(side, state, sent.event(side, PROJECT_DELTAS, "p", body))
        assert [one.tag for one in outputs if one.topic == "dead-letters"] == reasons


@pytest.mark.parametrize("kind", ["attention", "training"])
def test_only_gold_that_measures_tells_of_a_rule(kind: str) -> None:
    of = campaign({"target_confidence": 0.8}, "shadow")
    of.gold("cat", "t0", kind=kind)
    vote(of, [(0, who, "cat") for who in "abcd"])
    assert Sums(of).rules == []

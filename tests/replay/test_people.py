"""What is told of people, classes and truths, where it was planted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.replay.orders import Order
from streams.replay.people import Person, confused, doubts, hit_by_rule, people_of, to_talk_to, wilson
from streams.replay.playing import Plan, play
from streams.replay.scoring import Verdict
from streams.replay.spending import Spent, affordable, needed, spending
from tests.replay.histories import history

GOOD = ("ann", "bob", "cy", "dee")
TRUTH = [f"t{n} {'duck' if n % 2 else 'swan'}" for n in range(40)]


def rows(*, bad: bool = False, wrong: str = "") -> list[str]:
    """Return what everybody answers: the truth, but `eve` the other where `bad`, and all the other on task `wrong`."""
    other = {"duck": "swan", "swan": "duck"}
    found = []
    for row in TRUTH:
        task, truth = row.split()
        said = other[truth] if task == wrong else truth
        found += [f"{task} {who} {said}" for who in GOOD]
        found.append(f"{task} eve {other[said] if bad else said}")
    return found


@given(st.integers(0, 50), st.integers(1, 50))
def test_the_interval_is_wilsons(right: int, more: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    n = right + more
    expected = stats.binomtest(right, n).proportion_ci(0.95, "wilson")
    assert wilson(right, n, z=stats.norm.ppf(0.975)) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_who_contradicts_everybody_is_to_be_talked_to() -> None:
    found, labels = history(rows(bad=True), TRUTH)
    people = people_of(found, labels, {})
    assert [(one.worker, one.right, one.judged) for one in to_talk_to(people)] == [("eve", 0, 40)]
    assert not to_talk_to(people_of(*history(rows(), TRUTH), {}))


def test_without_truth_people_are_judged_by_the_label_that_the_others_give() -> None:
    found, labels = history(rows(bad=True))
    verdicts = {row.split()[0]: Verdict((labels.index[row.split()[1]],)) for row in TRUTH}
    people = {one.worker: (one.right, one.judged) for one in people_of(found, labels, verdicts)}
    assert people == {**dict.fromkeys(GOOD, (40, 40)), "eve": (0, 40)}


def test_nobody_is_judged_by_a_label_that_is_their_own_vote() -> None:
    found, labels = history(["t1 ann duck", "t2 ann duck", "t2 bob swan", "t2 cy swan", "t2 dee duck"])
    verdicts = {"t1": Verdict((0,)), "t2": Verdict((0,))}
    assert [one.judged for one in people_of(found, labels, verdicts)] == [0, 1, 1, 0]


def test_a_truth_that_good_people_contradict_is_doubted() -> None:
    found, labels = history(rows(wrong="t7"), TRUTH)
    (doubt,) = doubts(found, labels, people_of(found, labels, {}))
    assert (doubt.task, doubt.truth, doubt.instead, doubt.votes) == ("t7", "duck", "swan", 5)
    assert [one.worker for one in doubt.voters] == ["ann", "bob", "cy", "dee", "eve"]
    assert doubt.probability > 0.99
    good, same = history(rows(bad=True), TRUTH)
    assert doubts(good, same, people_of(good, same, {})) == []


def test_classes_that_are_confused_are_named_with_both_ways() -> None:
    votes = [
        f"t{n} {who} {'b' if n < 20 and who == 'ann' else 'a' if n < 20 else 'b'}" for n in range(40) for who in GOOD
    ]
    found, labels = history([*votes, "u ann c", "v bob c"], [f"t{n} {'a' if n < 20 else 'b'}" for n in range(40)])
    (pair,) = confused(found, labels, {})
    assert (pair.one, pair.other, pair.times, pair.share, pair.back) == ("a", "b", 20, 0.25, 0.0)


def test_the_fixed_rule_hits_who_begins_unluckily() -> None:
    unlucky = Person("ann", judged=30, right=24, first=[False] * 4 + [True] * 6)
    lucky = Person("bob", judged=30, right=24, first=[False] * 3 + [True] * 7)
    bad = Person("cy", judged=30, right=12, first=[False] * 10)
    new = Person("dee", judged=12, right=8, first=[False] * 4 + [True] * 6)
    assert hit_by_rule([unlucky, lucky, bad, new]) == (1, 2)


def test_fewer_votes_give_the_same_labels_where_all_agree() -> None:
    found, labels = history(rows(), TRUTH)
    plan = Plan(order=Order.random)
    spent = spending(found, labels, plan, play(found, labels, plan, 0))
    assert [(one.name, one.share, one.same, one.accuracy) for one in spent.fixed] == [
        *((f"{votes} a task", votes / 5, 1.0, 1.0) for votes in (1, 2, 3, 4)),
        ("all", 1.0, 1.0, 1.0),
    ]


def test_the_cheapest_that_is_good_enough() -> None:
    one, two, everything = Spent("1", 0.2, 0.9, None), Spent("2", 0.4, 0.96, None), Spent("all", 1.0, 1.0, None)
    assert needed([one, two, everything], 0.9) is one
    assert needed([one, two, everything], 0.95) is two
    assert needed([one, two, everything], 0.99) is None


def test_of_a_long_history_little_is_replayed_again() -> None:
    assert affordable(1_000, most=6) == ([1, 2, 3, 4], [0.9, 0.95, 0.99])
    assert affordable(60_000, most=6) == ([2, 3], [0.95, 0.99])
    assert affordable(1_000_000, most=6) == ([3], [0.95])
    assert affordable(1_000, most=1) == ([], [0.9, 0.95, 0.99])

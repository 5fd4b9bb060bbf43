"""Judges who err together: what gold shows of them, what their votes are worth, and what is left when it goes."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.quality.judging import Pairs
from streams.quality.keys import FIXED
from streams.quality.reliability.judges import PRIOR, Shared
from tests.quality.campaign import CLASSES, Campaign, labels

law = settings(max_examples=60, deadline=None)
TASKS, JUDGES = ("t0", "t1", "t2"), ("gpt", "llama", "mistral")


def kept(of: Campaign) -> dict[tuple[str, str], Shared]:
    """Return what the partition knows of pairs of judges."""
    found = of.state.get("j\x1fp", Pairs) or Pairs()
    of.state.commit()
    return {(one, other): shared for one, others in found.of.items() for other, shared in others.items()}


def asked(*kinds: str, answer: str = "cat") -> dict[str, Any]:
    """Return the answer of a task on which annotators of these kinds have said the same, and nobody is known."""
    of = Campaign(redundancy=len(kinds))
    of.publish()
    out = [labels(of.vote(f"a{number}", answer, kind=kind)) for number, kind in enumerate(kinds)]
    answers: dict[str, Any] = out[-1][0]["answers"]["q"]
    return answers


def test_a_judge_alone_counts_as_a_person_does() -> None:
    assert asked("judge", "human", "human") == asked("human", "human", "human")


def test_judges_together_make_less_sure_than_people() -> None:
    people, mixed, models = (
        asked(*kinds)["confidence"] for kinds in (["human"] * 3, ["judge", "judge", "human"], ["judge"] * 3)
    )
    assert people > mixed > models > asked("judge")["confidence"]


def test_what_they_are_worth_does_not_depend_on_the_order_of_votes() -> None:
    found = {
        str(asked(*kinds)["distribution"]) for kinds in itertools.permutations(["judge", "judge", "human", "judge"])
    }
    assert len(found) == 1


def test_a_person_outweighs_judges_who_always_err_together() -> None:
    of = Campaign(redundancy=3, min_agreement=0.0)
    for number in range(60):
        of.publish(f"g{number}")
        of.gold("cat", f"g{number}")
        for judge in JUDGES[:2]:
            of.vote(judge, "dog" if number % 3 == 0 else "cat", f"g{number}", kind="judge")
    assert kept(of) == {("gpt", "llama"): Shared(60, 20, 0, 0)}
    of.publish()
    for judge in JUDGES[:2]:
        of.vote(judge, "cat", kind="judge")
    (label,) = labels(of.vote("ann", "dog"))
    # Each judge counts for 1 / (1 + rho), of which rho = (60 + 20 * .5) / 80.
    rho = (60 * FIXED + 20 * PRIOR) / 80 / FIXED
    assert label["answers"]["q"]["agreement"] == pytest.approx(2 / (1 + rho) / (2 / (1 + rho) + 1), abs=1e-4)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["vote"] * 4 + ["withdraw", "gold", "gold", "no gold", "gone"]),
        st.sampled_from(TASKS),
        st.sampled_from([*JUDGES, "ann"]),
        st.sampled_from(CLASSES),
    ),
    max_size=40,
)


@law
@given(STEPS)
def test_the_counts_are_those_of_the_votes_on_gold_as_they_are(steps: list[tuple[str, str, str, str]]) -> None:
    of = Campaign(redundancy=2)
    for name in TASKS:
        of.publish(name)
    for number, (what, name, who, answer) in enumerate(steps):
        kind = "human" if who == "ann" else "judge"
        match what:
            case "vote":
                of.vote(who, answer, name, kind=kind, annotation_id=f"n{number}")
            case "withdraw":
                of.withdraw(who, name, kind=kind, annotation_id=f"n{number}")
            case "gold":
                of.gold(answer, name)
            case "no gold":
                of.withdraw_gold(name)
            case _:
                of.withdraw_task(name)
    assert kept(of) == counted(of)


def counted(of: Campaign) -> dict[tuple[str, str], Shared]:
    """Return what the stored votes on gold come to, counted anew."""
    sums: dict[tuple[str, str], Counter[str]] = {}
    for name in TASKS:
        task = of.task(name)
        if task.truth is None:
            continue
        wrong = {one.annotator_id: one.answers != task.truth.answers for one in task.entries if one.is_judge}
        for one, other in itertools.combinations(sorted(wrong), 2):
            both, neither = wrong[one] and wrong[other], not (wrong[one] or wrong[other])
            said = "both" if both else "none" if neither else "first" if wrong[one] else "second"
            sums.setdefault((one, other), Counter()).update(["n", said])
    return {pair: Shared(one["n"], one["both"], one["first"], one["second"]) for pair, one in sums.items()}


def test_an_erased_judge_is_named_no_more() -> None:
    of = Campaign()
    of.publish()
    of.gold("cat")
    for judge in JUDGES:
        of.vote(judge, "dog", kind="judge")
    assert len(kept(of)) == 3
    erasure = {"erasure_id": "e", "kind": "annotator", "id": "llama", "pseudonym": "x", "actor": "ops", "reason": "r"}
    of.apply("erasures.t", "digest", erasure)
    assert list(kept(of)) == [("gpt", "mistral")]
    assert not any(b"llama" in stored for key, stored in of.state.committed.items() if key.startswith("j"))

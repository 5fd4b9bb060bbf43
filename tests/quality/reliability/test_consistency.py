"""Answers to alike tasks: pairs counted as by hand, and taken back exactly."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from streams.quality.reliability.consistency import KEYS, Repeats, count, digest

NAMES = [f"{number:08x}" for number in (1, 2, 3, 1 + KEYS)]
answers = st.lists(st.tuples(st.sampled_from(NAMES[:3]), st.sampled_from("ab")), max_size=40)


def pairs(told: list[tuple[str, str]]) -> tuple[int, int]:
    both = [(one[1], other[1]) for one, other in combinations(told, 2) if one[0] == other[0]]
    return len(both), sum(one == other for one, other in both)


@given(answers)
def test_pairs_are_those_counted_by_hand_after_every_answer(told: list[tuple[str, str]]) -> None:
    repeats, total = Repeats({}), Counter[str]()
    for n, (name, answer) in enumerate(told, 1):
        change = count(repeats, name, answer, 1)
        assert change is not None
        total.update(all=change[0], alike=change[1])
        assert (total["all"], total["alike"]) == pairs(told[:n])


@given(answers, answers)
def test_what_is_taken_back_leaves_the_pairs_of_the_rest(
    kept: list[tuple[str, str]], gone: list[tuple[str, str]]
) -> None:
    repeats, total = Repeats({}), [0, 0]
    for told, sign in ((gone, 1), (kept, 1), (gone[::-1], -1)):
        for name, answer in told:
            change = count(repeats, name, answer, sign)
            assert change is not None
            total = [before + by for before, by in zip(total, change, strict=True)]
    assert tuple(total) == pairs(kept)


def test_a_key_whose_slot_is_taken_is_not_followed_even_when_the_slot_is_empty_again() -> None:
    repeats = Repeats({})
    assert count(repeats, NAMES[0], "a", 1) == (0, 0)
    assert count(repeats, NAMES[3], "a", 1) is None
    assert count(repeats, NAMES[0], "a", -1) == (0, 0)
    assert count(repeats, NAMES[3], "a", 1) is None
    assert count(repeats, NAMES[3], "a", -1) is None


def test_what_was_never_told_cannot_be_taken_back() -> None:
    assert count(Repeats({}), NAMES[0], "a", -1) is None


def test_equal_answers_have_one_digest_however_they_are_spelled() -> None:
    assert digest({"winner": "A", "strength": 1}) == digest({"strength": 1, "winner": "A"})
    assert digest("1") != digest(1)
    assert len(digest("x" * 100_000)) == 8

"""The two accuracies are over the same tasks, and agree with a count by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.demo.scoreboard import Accuracy, Scoreboard

TRUTH = {"t1": "a", "t2": "b", "t3": "a"}


def board(redundancy: int = 3) -> Scoreboard:
    return Scoreboard(TRUTH.__getitem__, redundancy)


def test_without_labels_there_is_no_accuracy() -> None:
    scores = board()
    scores.vote("t1", "a")
    assert scores.accuracy() == Accuracy(0, None, None)


def test_plain_majority_takes_the_first_votes_only() -> None:
    scores = board()
    for answer in "abbaaa":
        scores.vote("t1", answer)
    assert scores.plain_majority("t1") == "b"


def test_of_equally_frequent_answers_the_first_is_plain_majoritys() -> None:
    scores = board()
    for answer in "cab":
        scores.vote("t1", answer)
    assert scores.plain_majority("t1") == "c"


def test_both_accuracies_are_over_the_labelled_tasks() -> None:
    scores = board()
    for task_id, answers in {"t1": "aab", "t2": "aab", "t3": "bbb"}.items():
        for answer in answers:
            scores.vote(task_id, answer)
    scores.label("t1", "a")
    scores.label("t2", "b")
    assert scores.accuracy() == Accuracy(tasks=2, majority=0.5, goldstream=1.0)
    scores.label("t3", "b")
    assert scores.accuracy() == Accuracy(tasks=3, majority=1 / 3, goldstream=2 / 3)


def test_a_superseded_label_counts_once_and_one_taken_back_not_at_all() -> None:
    scores = board()
    scores.vote("t1", "a")
    scores.label("t1", "b")
    scores.label("t1", "a")
    assert scores.accuracy() == Accuracy(1, 1.0, 1.0)
    scores.label("t1", None)
    scores.label("t2", None)
    assert scores.accuracy().tasks == 0


def test_a_label_without_votes_is_wrong_for_plain_majority() -> None:
    scores = board()
    scores.label("t1", "a")
    assert scores.accuracy() == Accuracy(1, 0.0, 1.0)


@given(st.lists(st.tuples(st.sampled_from(sorted(TRUTH)), st.sampled_from("ab"))), st.integers(1, 4))
def test_votes_agree_with_a_count_by_hand(votes: list[tuple[str, str]], redundancy: int) -> None:
    scores = board(redundancy)
    for task_id, answer in votes:
        scores.vote(task_id, answer)
    for task_id in TRUTH:
        first = [answer for voted, answer in votes if voted == task_id][:redundancy]
        expected = None if not first else max(dict.fromkeys(first), key=first.count)
        assert scores.plain_majority(task_id) == expected

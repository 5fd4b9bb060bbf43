"""The orders in which a history is played."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.replay.history import Answer
from streams.replay.orders import OPEN_TASKS, Order, arranged

ANSWERS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 3), st.none() | st.integers(0, 9)), min_size=1, max_size=40
).map(lambda rows: [Answer(line, f"t{t}", f"w{w}", "x", None, at) for line, (t, w, at) in enumerate(rows)])


@given(ANSWERS, st.sampled_from(Order), st.integers(0, 99))
def test_every_answer_is_played_once(answers: list[Answer], order: Order, seed: int) -> None:
    assert sorted(arranged(answers, order, seed)) == sorted(answers)


@given(ANSWERS, st.sampled_from([Order.given, Order.random, Order.tasks]), st.integers(0, 99))
def test_of_several_answers_to_a_task_the_last_of_the_file_comes_last(
    answers: list[Answer], order: Order, seed: int
) -> None:
    last = {(answer.task, answer.worker): answer for answer in answers}
    assert {(answer.task, answer.worker): answer for answer in arranged(answers, order, seed)} == last


@given(ANSWERS)
def test_time_is_by_timestamp(answers: list[Answer]) -> None:
    times = [answer.at or 0 for answer in arranged(answers, Order.time, 0)]
    assert times == sorted(times)


def test_about_a_hundred_tasks_are_open_at_a_time() -> None:
    answers = [
        Answer(10 * task + vote, f"t{task}", f"w{vote}", "x", None, None) for task in range(500) for vote in range(5)
    ]
    left = Counter(answer.task for answer in answers)
    begun, most = set[str](), 0
    for answer in arranged(answers, Order.tasks, 1):
        begun.add(answer.task)
        left[answer.task] -= 1
        most = max(most, sum(left[task] > 0 for task in begun))
    assert OPEN_TASKS // 2 < most <= OPEN_TASKS


@pytest.mark.parametrize("order", [Order.random, Order.tasks])
def test_a_seed_gives_one_order(order: Order) -> None:
    answers = [Answer(line, f"t{line % 30}", f"w{line}", "x", None, None) for line in range(300)]
    assert arranged(answers, order, 1) == arranged(answers, order, 1) != arranged(answers, order, 2)

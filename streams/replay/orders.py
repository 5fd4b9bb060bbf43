"""In which order the answers of a history are played."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from random import Random

from streams.replay.history import Answer

OPEN_TASKS = 100
"""How many tasks are open at a time in the order `tasks`."""


class Order(StrEnum):
    """What the order is called."""

    given = "given"
    time = "time"
    random = "random"
    tasks = "tasks"


def arranged(answers: Sequence[Answer], order: Order, seed: int) -> list[Answer]:
    """Return the answers in an order; of several by one worker on one task the last of the file stays the last.

    Parameters
    ----------
    order : Order
        `time` is by timestamp, those without one first; `tasks` has about `OPEN_TASKS` open, one after another.
    seed : int
        Of the orders that are drawn.
    """
    match order:
        case Order.given:
            return list(answers)
        case Order.time:
            return sorted(answers, key=lambda answer: (answer.at or 0, answer.line))
        case Order.random:
            drawn = list(answers)
            Random(seed).shuffle(drawn)
        case Order.tasks:
            drawn = _one_after_another(answers, Random(seed))
    return _as_edited(drawn)


def _one_after_another(answers: Sequence[Answer], random: Random) -> list[Answer]:
    by_task: dict[str, list[Answer]] = {}
    for answer in answers:
        by_task.setdefault(answer.task, []).append(answer)
    waiting = list(by_task.values())
    random.shuffle(waiting)
    for task in waiting:
        random.shuffle(task)
    open_now, drawn = waiting[:OPEN_TASKS], list[Answer]()
    following = iter(waiting[OPEN_TASKS:])
    while open_now:
        place = random.randrange(len(open_now))
        drawn.append(open_now[place].pop())
        if not open_now[place]:
            fresh = next(following, None)
            if fresh is None:
                del open_now[place]
            else:
                open_now[place] = fresh
    return drawn


def _as_edited(drawn: list[Answer]) -> list[Answer]:
    """Give the places of a worker's answers on a task to them in the file's order."""
    places: dict[tuple[str, str], list[int]] = {}
    for place, answer in enumerate(drawn):
        places.setdefault((answer.task, answer.worker), []).append(place)
    for several in places.values():
        if len(several) > 1:
            ordered = sorted((drawn[place] for place in several), key=lambda answer: answer.line)
            for place, answer in zip(several, ordered, strict=True):
                drawn[place] = answer
    return drawn

"""Whether somebody answers alike what is alike: tasks with the same similarity key."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Final

import msgspec

KEYS: Final = 64
"""So many keys are followed per annotator, project and task type: the first to come in each of as many slots."""

_canonical = msgspec.json.Encoder(order="sorted").encode


class Repeats(msgspec.Struct, array_like=True):
    """Slot to (digest of the key, digest of an answer to how often it was given).

    A slot stays with its key when its answers are taken back: else an answer that another key kept out could be taken
    back from those that came later.
    """

    slots: dict[int, tuple[str, dict[str, int]]]


def digest(*parts: Any) -> str:
    """Return 32 bits, in hex, that stand for an answer or a key; two that differ share them once in 4 billion."""
    return blake2b(_canonical(parts), digest_size=4).hexdigest()


def count(repeats: Repeats, name: str, answer: str, sign: int) -> tuple[int, int] | None:
    """Count an answer to the tasks with the key `name`, or with the sign -1 take it back.

    Returns
    -------
    tuple of int, or None
        By how much the pairs of answers to the same key, and those among them that agree, have changed; None when the
        key is not followed, or such an answer was never counted.

    Examples
    --------
    >>> repeats = Repeats({})
    >>> [count(repeats, "00000000", answer, sign) for answer, sign in [("a", 1), ("a", 1), ("b", 1), ("a", -1)]]
    [(0, 0), (1, 1), (2, 0), (-2, -1)]
    """
    slot = int(name, 16) % KEYS
    owner, answers = repeats.slots.get(slot) or (name, dict[str, int]())
    if owner != name:
        return None
    before = answers.get(answer, 0)
    others = sum(answers.values())
    if sign < 0:
        if not before:
            return None
        before, others = before - 1, others - 1
    now = before + (sign > 0)
    if now:
        answers[answer] = now
    else:
        answers.pop(answer, None)
    repeats.slots[slot] = (owner, answers)
    return sign * others, sign * before

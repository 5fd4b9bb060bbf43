"""What a single annotation shows about itself: speed flags, and the seed's quality score.

The score is published with every annotation; it weighs no vote unless a project chooses so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from schemas import Thresholds
from streams.events import State
from streams.quality.keys import FIXED, fixed, key

TOO_FAST = "too_fast"
TOO_SLOW = "too_slow"
BELOW = "below_gold_threshold"
RECOVERED = "gold_threshold_recovered"


class Rules(msgspec.Struct, array_like=True):
    """A project's thresholds as the annotator side keeps them; ratios and factors in fixed point.

    `policy_version` and `sequence` order what the project side sends; 0 means the project is not known. A removed
    project leaves the default rules and its place in that order, so that an older copy does not bring it back.
    `frozen`: nothing that rests on consensus counts against anybody.
    """

    policy_version: int
    too_fast_s: float
    too_slow_s: float
    min_gold: int
    gold_accuracy: int
    factors: dict[str, int]
    p0: int = 600_000
    p1: int = 800_000
    alpha: int = 50_000
    training_items: int = 5
    pause_hours: int = 24
    frozen: bool = False
    sequence: int = 0


def rules_of(state: State, project: str) -> Rules:
    """Return the rules that are kept of a project, else the default ones."""
    return state.get(_RULES + project, Rules) or _UNKNOWN


def rules(thresholds: Thresholds, policy_version: int, sequence: int = 0, *, frozen: bool = False) -> Rules:
    """Return `thresholds` in the form that is stored and compared."""
    factors = thresholds.factors
    return Rules(
        policy_version=policy_version,
        too_fast_s=float(thresholds.too_fast_s),
        too_slow_s=float(thresholds.too_slow_s),
        min_gold=thresholds.min_gold,
        gold_accuracy=fixed(thresholds.gold_accuracy),
        factors={
            TOO_FAST: fixed(factors.too_fast),
            TOO_SLOW: fixed(factors.too_slow),
            BELOW: fixed(factors.below_gold_threshold),
        },
        p0=fixed(thresholds.gold_test.p0),
        p1=fixed(thresholds.gold_test.p1),
        alpha=fixed(thresholds.gold_test.alpha),
        training_items=thresholds.training_items,
        pause_hours=thresholds.pause_hours,
        frozen=frozen,
        sequence=sequence,
    )


_UNKNOWN: Final = rules(Thresholds(), policy_version=0)
_RULES: Final = key("p", "")


def speed_flag(time_spent_s: float, rules: Rules) -> str | None:
    """Return `TOO_FAST`, `TOO_SLOW` or None; a time equal to a threshold is neither."""
    if time_spent_s < rules.too_fast_s:
        return TOO_FAST
    return TOO_SLOW if time_spent_s > rules.too_slow_s else None


def below_gold(gold_n: int, gold_correct: int, rules: Rules) -> bool:
    """Tell whether gold_correct / gold_n < gold_accuracy, exactly, given at least `min_gold` gold answers.

    Without any gold answer there is no accuracy, and nobody is below it.
    """
    return gold_n >= rules.min_gold and gold_correct * FIXED < gold_n * rules.gold_accuracy


def product(factors: Iterable[int]) -> int:
    """Multiply fixed-point factors, rounding half even once, at the end; 1 when there are none.

    >>> product([300_000, 800_000, 500_000])
    120000
    """
    numerator, denominator = FIXED, 1
    for factor in factors:
        numerator *= factor
        denominator *= FIXED
    return rounded(numerator, denominator)


def rounded(numerator: int, denominator: int) -> int:
    """Divide by a positive `denominator`, halves to even, in integers.

    >>> [rounded(n, 2) for n in (1, 3, 5, -1)]
    [0, 2, 2, 0]
    """
    quotient, rest = divmod(numerator, denominator)
    return quotient + (2 * rest > denominator or (2 * rest == denominator and quotient % 2 == 1))

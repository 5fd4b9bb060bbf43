"""What rules in shadow would have saved and cost in a project: added up from what the task side tells of its tasks."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from schemas import ProjectDelta
from streams.events import Rejected, State
from streams.quality.keys import FIXED, key, parts
from streams.quality.shadowing import FIELDS

MOST_RULES: Final = 8
"""So many rules are followed in a project, those that ran last."""

ASKED_EVERY: Final = 20
"""It is published anew once a 20th of the tasks has changed."""


class Savings(msgspec.Struct, array_like=True):
    """A project's sums by rule, as `shadowing.FIELDS` has them; `moved` is how many tasks changed since published."""

    rules: dict[str, list[int]] = {}
    moved: int = 0


def read(state: State, told: ProjectDelta) -> Savings | None:
    """Return what a record makes of a project's sums, without storing anything; None when it tells of none.

    Raises
    ------
    Rejected
        ``delta_underflow`` for more taken back than was told.
    """
    if not told.policies:
        return None
    kept = state.get(_place(told.project), Savings) or Savings()
    rules, moved = dict(kept.rules), kept.moved
    for delta in told.policies:
        name = key(delta.rule, str(delta.threshold), str(delta.min_redundancy))
        change = [getattr(delta, field) for field in FIELDS]
        moved += abs(delta.tasks) + abs(delta.gold) + abs(delta.differing)
        if name not in rules and min(change) < 0:
            continue  # of a rule that is followed no more
        known = rules.pop(name, [0] * len(FIELDS))
        sums = [one + other for one, other in zip(known, change, strict=True)]
        if min(sums) < 0:
            raise Rejected("delta_underflow", f"policies: takes back what was never told of {delta.rule}")
        rules[name] = sums
    while len(rules) > MOST_RULES:
        del rules[next(iter(rules))]
    return Savings(rules, moved)


def store(state: State, project: str, savings: Savings) -> bool:
    """Keep a project's sums; tell whether they are to be published."""
    is_due = savings.moved * ASKED_EVERY >= sum(sums[0] + sums[6] for sums in savings.rules.values())
    if is_due:
        savings.moved = 0
    state.put(_place(project), savings)
    return is_due


def published(state: State, project: str) -> list[dict[str, Any]]:
    """Return the figures of each rule, the one told of last first."""
    kept = state.get(_place(project), Savings) or Savings()
    return [_figures(name, dict(zip(FIELDS, sums, strict=True))) for name, sums in reversed(kept.rules.items())]


def _figures(name: str, sums: dict[str, int]) -> dict[str, Any]:
    rule, threshold, least = parts(name)
    gold = sums["gold"]
    return {
        "target_confidence": int(threshold) / FIXED if rule == "confidence" else None,
        "value_usd": _usd(int(threshold)) if rule == "gain" else None,
        "min_redundancy": int(least),
        "tasks": sums["tasks"],
        "votes": sums["votes"],
        "votes_saved": sums["votes"] - sums["votes_by_rule"],
        "paid_usd": _usd(sums["paid"]),
        "saved_usd": _usd(sums["paid"] - sums["paid_by_rule"]),
        "differing": sums["differing"],
        "gold": gold,
        "gold_accuracy": round(sums["gold_right"] / gold, 6) if gold else None,
        "gold_accuracy_by_rule": round(sums["gold_right_by_rule"] / gold, 6) if gold else None,
    }


def _usd(micros: int) -> str:
    return f"{micros // FIXED}.{micros % FIXED:06d}"


def _place(project: str) -> str:
    return key("o", project)

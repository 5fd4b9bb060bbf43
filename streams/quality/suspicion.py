"""What speaks against an annotator's work, each with its numbers. It gets them watched; only gold does more."""

from __future__ import annotations

from math import exp
from typing import Final

import msgspec

from streams.quality.annotator_state import Record
from streams.quality.checks import Rules, rounded
from streams.quality.counting import HABIT
from streams.quality.keys import FIXED
from streams.quality.reliability import drift
from streams.quality.reliability.accuracy import interval
from streams.quality.reliability.gold_test import bar, evidence

PAIRS: Final = 20
"""So many pairs of answers to alike tasks at least say whether somebody answers alike."""
_UNTOUCHED: Final = {"gold": {"consensus"}, "consensus": {"gold"}}
"""By the kind of outcome that is taken back, the reasons that cannot rest on it."""
_GREATEST: Final = 600.0
"""The logarithm of the greatest evidence that is published as a number."""


class Finding(msgspec.Struct, frozen=True):
    """Why a standing is what it is; shares in fixed point (1e-6), evidence as its logarithm in 1e-6 nats.

    `right` of `n` is the share that is compared with `threshold`; None where it is no share.
    """

    reason: str
    value: int | None = None
    threshold: int | None = None
    n: int | None = None
    ends: tuple[int, int] | None = None
    evidence: int | None = None
    needed: int | None = None


def gold_evidence(record: Record, rules: Rules) -> int:
    """Return the evidence that the annotator's accuracy on gold is below p1."""
    return evidence(record.gold_correct, record.gold_n, rules.p0, rules.p1)


def consensus_evidence(record: Record, rules: Rules) -> int:
    """Return the evidence that the annotator agrees with the others less than p0 of the time.

    Not p1: who is right as often as that agrees with fallible others less often.
    """
    p0 = max(2 * rules.p0 - rules.p1, rules.p0 // 2)
    return evidence(record.consensus_agree, record.consensus_n, p0, rules.p0)


def suspicions(record: Record, rules: Rules, taken_back: str | None = None) -> list[str]:
    """Return what speaks against the annotator now.

    What is held already stays until there is nothing left of it; what is new must be plain: so a standing does not
    flicker. When an outcome of the kind `taken_back` is, what may rest on it must be plain once more. Consensus, drift,
    fatigue and answers to alike tasks rest on the others, or on the instructions: while a project's annotators do not
    agree, they are left out.
    """
    held = (
        record.reasons
        if taken_back is None
        else [reason for reason in record.reasons if reason in _UNTOUCHED[taken_back]]
    )
    decides = bar(rules.alpha)
    gold = gold_evidence(record, rules)
    # The square root of what sanctions: there is time to look closer before.
    found = ["gold"] if gold > 0 and (2 * gold >= decides or "gold" in held) else []
    if not rules.frozen:
        if record.consensus_n:
            consensus = consensus_evidence(record, rules)
            if consensus > 0 and (consensus >= decides or "consensus" in held):
                found.append("consensus")
        if record.drift >= (drift.ALARM // 2 if "drift" in held else drift.ALARM):
            found.append("drift")
        if record.fatigue >= (drift.ALARM // 2 if "fatigue" in held else drift.ALARM):
            found.append("fatigue")
        if record.pairs >= PAIRS and _is_inconsistent(record, rules, "consistency" in held):
            found.append("consistency")
        if record.spammer < HABIT["habit" in held]:
            found.append("habit")
    if record.is_hasty:
        found.append("speed")
    return found


def finding(reason: str, record: Record, rules: Rules) -> Finding:
    """Return the numbers of a reason; those of gold for what ended a sanction."""
    match reason:
        case "consensus":
            return _share(
                reason,
                record.consensus_agree,
                record.consensus_n,
                rules.p0,
                consensus_evidence(record, rules),
                bar(rules.alpha),
            )
        case "drift" | "fatigue":
            total = record.drift if reason == "drift" else record.fatigue
            return Finding(reason, total, drift.ALARM, record.gold_n + record.consensus_n)
        case "consistency":
            return _share(reason, record.alike, record.pairs, rules.p0)
        case "habit":
            return Finding(reason, record.spammer, HABIT[0], record.gold_n + record.consensus_n)
        case "speed":
            return Finding(reason, n=record.timed)
        case _:
            return _share(
                reason,
                record.gold_correct,
                record.gold_n,
                rules.p1,
                gold_evidence(record, rules),
                bar(rules.alpha),
            )


def e_value(logarithm: int) -> float:
    """Return evidence as a number, to four digits.

    >>> e_value(0), e_value(2_995_733), e_value(10**12)
    (1.0, 20.0, 3.773e+260)
    """
    return float(f"{exp(min(logarithm / FIXED, _GREATEST)):.4g}")


def _is_inconsistent(record: Record, rules: Rules, is_held: bool) -> bool:
    ends = interval(record.alike, record.pairs)
    return ends is not None and (ends[0] if is_held else ends[1]) < rules.p0


def _share(
    reason: str, right: int, n: int, threshold: int, evidence: int | None = None, needed: int | None = None
) -> Finding:
    value = rounded(FIXED * right, n) if n else None
    return Finding(reason, value, threshold, n, interval(right, n), evidence, needed)

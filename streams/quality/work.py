"""An annotator's work on one task type in numbers, as quality events tell it."""

from __future__ import annotations

from typing import Any

from streams.quality.annotator_state import Record
from streams.quality.keys import FIXED
from streams.quality.reliability import ordinal, speed
from streams.quality.reliability.accuracy import reliability


def work(record: Record) -> dict[str, Any]:
    """Return `schemas.AnnotatorWork`: counts as they are, and statistics where they exist."""
    return {
        "gold_n": record.gold_n,
        "gold_correct": record.gold_correct,
        "accuracy": reliability(record.gold_correct, record.gold_n) / FIXED,
        "consensus_n": record.consensus_n,
        "consensus_agree": record.consensus_agree,
        "agreement": reliability(record.consensus_agree, record.consensus_n) / FIXED,
        "timed": record.timed,
        "quartiles_s": [_seconds(record, quarter) for quarter in (1, 2, 3)] if record.timed else None,
        "pairs": record.pairs,
        "alike": record.alike,
        "bias": _number(ordinal.bias(record.scale)),
        "spread": _number(ordinal.spread(record.scale)),
        "spammer_score": record.spammer / FIXED if record.spammer < FIXED else None,
        "drift": record.drift / FIXED,
        "fatigue": record.fatigue / FIXED,
    }


def _seconds(record: Record, quarter: int) -> float:
    return (speed.quantile(record.times, quarter, 4) or 0) / 1000


def _number(fixed: int | None) -> float | None:
    return None if fixed is None else fixed / FIXED

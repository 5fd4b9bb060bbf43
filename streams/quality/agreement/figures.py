"""A project's agreement as it is published: every statistic, or the reason why there is none."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final

from streams.events import Output, State
from streams.quality import savings
from streams.quality.agreement.ac1 import ac1
from streams.quality.agreement.alpha import alpha, lower_bound, metrics
from streams.quality.agreement.coincidences import Coincidences, Scale, Undefined
from streams.quality.agreement.gathering import Board, Question, Standing, day_of, followed_of, question_of
from streams.quality.agreement.kappa import Kappa, cohens_kappa
from streams.quality.agreement.raw import raw_agreement
from streams.quality.keys import FIXED, key
from streams.quality.records import encode, instant

AGREEMENT: Final = "agreement"
NAMED: Final = 10
"""So many disputed tasks and confused pairs of categories are named."""

VALUE_BYTES: Final = 1_500_000
_EPOCH: Final = date(1970, 1, 1)


def overall(board: Board) -> Standing:
    """Return a project's figures: of its questions' alphas the mean, weighted by votes; the bounds' mean bounds it.

    Questions on the same tasks are not independent: the mean of the bounds holds however they hang together.
    """
    units = sum(one.units for one in board.figures)
    votes = sum(one.votes for one in board.figures)
    told = [(one.votes, one.alpha, one.lower) for one in board.figures if one.alpha is not None]
    weight = sum(votes for votes, _, _ in told)
    if not weight:
        return Standing(units, votes)
    return Standing(
        units,
        votes,
        sum(votes * value for votes, value, _ in told) // weight,
        sum(votes * (-FIXED if lower is None else lower) for votes, _, lower in told) // weight,
    )


def disputed(state: State, project: str, board: Board) -> list[dict[str, Any]]:
    """Return the ten tasks whose votes differ most; of a task the question that is most disputed."""
    found: dict[str, dict[str, Any]] = {}
    for dispute, votes, task, number in board.disputed:
        if task not in found and len(found) < NAMED:
            name = question_of(state, project, number).name
            found[task] = {"task_id": task, "question": name, "dispute": dispute / FIXED, "votes": votes}
    return list(found.values())


def confused(state: State, project: str, board: Board) -> list[dict[str, Any]]:
    """Return the ten pairs of categories with the most disagreement, over all questions."""
    found = []
    for number in range(len(board.figures)):
        question = question_of(state, project, number)
        apart: Counter[tuple[int, int]] = Counter()
        for raters, pairs in Coincidences(question.sums, len(question.categories)).pairs.items():
            for (one, other), value in pairs.items():
                if one != other:
                    apart[one, other] += Fraction(value, raters - 1)  # type: ignore[assignment]  # a sum of shares
        whole = sum(apart.values())
        found += [(value, Fraction(value) / whole, number, question, pair) for pair, value in apart.items()]
    found.sort(key=lambda one: (-one[0], one[2], one[4]))
    return [
        {
            "question": question.name,
            "one": question.categories[pair[0]],
            "other": question.categories[pair[1]],
            "share": _rounded(share),
        }
        for _, share, _, question, pair in found[:NAMED]
    ]


def published(state: State, project: str, board: Board, timestamp: int) -> Output:
    """Return the record of a project's agreement; where it would be too large, of fewer of its questions."""
    whole = overall(board)
    body: dict[str, Any] = {
        "schema_version": 1,
        "project": project,
        "units": whole.units,
        "votes": whole.votes,
        "alpha": _kept(whole.alpha, whole.units),
        "lower": _kept(whole.lower, whole.units),
        "standing": board.standing,
        "sanctions_frozen": board.standing == "low",
        "questions": [_question(state, project, number) for number in range(len(board.figures))],
        "questions_left_out": board.left_out,
        "disputed": disputed(state, project, board),
        "confused": confused(state, project, board),
        "policies": savings.published(state, project),
        "at": instant(timestamp),
    }
    value = encode(body)
    while len(value) > VALUE_BYTES:
        body["questions"] = body["questions"][: len(body["questions"]) // 2]
        body["questions_left_out"] = True
        value = encode(body)
    return Output(AGREEMENT, project.encode(), value, timestamp, tag=board.standing)


def _question(state: State, project: str, number: int) -> dict[str, Any]:
    question = question_of(state, project, number)
    scale = question.scale
    recent: Counter[int] = Counter()
    days = []
    for day in question.days:
        sums = day_of(state, project, number, day).sums
        recent.update(sums)
        found = Coincidences(sums, len(scale.names))
        days.append(
            {
                "day": _EPOCH + timedelta(days=day),
                "units": found.units,
                "votes": found.votes,
                "alpha": _statistic(alpha(found, scale, metrics(scale)[0])),
                "raw": _statistic(raw_agreement(found)),
            }
        )
    return {
        "question": question.name,
        "scale": {"type": question.type, "categories": question.categories, "first": question.first},
        "all_time": _figures(Coincidences(question.sums, len(scale.names)), scale),
        "recent": _figures(Coincidences(recent, len(scale.names)), scale),
        "days": days,
        "kappa": _kappa(state, project, number, question),
    }


def _figures(found: Coincidences, scale: Scale) -> dict[str, Any]:
    return {
        "units": found.units,
        "votes": found.votes,
        "raters": [{"raters": raters, "units": units} for raters, units in found.units_by_raters.items()],
        "alpha": {metric: _statistic(alpha(found, scale, metric)) for metric in metrics(scale)},
        "lower": _statistic(lower_bound(found, scale)),
        "ac1": _statistic(ac1(found)),
        "raw": _statistic(raw_agreement(found)),
    }


def _kappa(state: State, project: str, number: int, question: Question) -> dict[str, Any]:
    followed = followed_of(state, project, number)
    pairs = []
    reasons = set()
    for pair in sorted(followed.pairs):
        found = cohens_kappa({divmod(cell, 64): n for cell, n in followed.pairs[pair].items()})
        if isinstance(found, Kappa):
            one, other = pair.split(key("", ""))
            pairs.append((one, other, found))
        else:
            reasons.add(found)
    mean = sum(found.value for _, _, found in pairs) / len(pairs) if pairs else None
    reason = None
    if mean is None:
        reason = Undefined.one_value if reasons == {Undefined.one_value} else Undefined.few_shared_items
    if not question.sums:
        reason = Undefined.no_units
    return {
        "value": None if mean is None else _rounded(mean),
        "reason": reason,
        "share": 0.5**followed.level,
        "pairs": [
            {
                "one": one,
                "other": other,
                "n": found.n,
                "kappa": _rounded(found.value),
                "low": _rounded(found.low),
                "high": _rounded(found.high),
            }
            for one, other, found in pairs
        ],
    }


def _statistic(found: Fraction | float | Undefined) -> dict[str, Any]:
    if isinstance(found, Undefined):
        return {"value": None, "reason": found}
    return {"value": _rounded(found), "reason": None}


def _kept(value: int | None, units: int) -> dict[str, Any]:
    if value is None:
        return {"value": None, "reason": Undefined.one_value if units else Undefined.no_units}
    return {"value": value / FIXED, "reason": None}


def _rounded(value: Fraction | float) -> float:
    return round(value * FIXED) / FIXED

"""What follows from a project's agreement: its standing, with hysteresis, and when its figures are published anew."""

from __future__ import annotations

from typing import Final

from schemas import AgreementThresholds
from streams.events import Output, State
from streams.quality.agreement.figures import confused, disputed, overall
from streams.quality.agreement.gathering import Board, Standing
from streams.quality.keys import FIXED, fixed
from streams.quality.records import quality_event

MARGIN: Final = 50_000
"""A standing is left only this far beyond the threshold that led to it, in 1e-6."""

MOVED: Final = 5_000
"""Figures are published when one of them differs by so much, in 1e-6, or there are a twentieth more units."""

ASKED_EVERY: Final = 50
"""Whether to publish is asked once a 50th of the units changed, so that many units cost no more than few."""


def is_asked(board: Board) -> bool:
    """Return whether enough changed to look at the figures."""
    return board.is_due or board.changes * ASKED_EVERY >= sum(one.units for one in board.figures)


def turn(board: Board, thresholds: AgreementThresholds) -> bool:
    """Bring the board's standing up to date; tell whether it changed.

    It rests on the lower bound of alpha, and stays as it is while there are fewer than `min_units` units, or fewer
    changes than that since it turned last.
    """
    found = overall(board)
    is_known = board.standing != "unknown"
    if found.lower is None or found.units < thresholds.min_units:
        return False
    if is_known and board.since_turn < thresholds.min_units:
        return False
    standing = _standing(board.standing, found.lower, fixed(thresholds.low), fixed(thresholds.high))
    if standing == board.standing:
        return False
    board.standing = standing
    board.since_turn = 0
    board.turns += 1
    return True


def event(
    state: State,
    project: str,
    board: Board,
    before: str,
    thresholds: AgreementThresholds,
    *,
    policy_version: int,
    timestamp: int,
) -> list[Output]:
    """Return the quality event of a turn; none where a standing that nobody was told of becomes fair."""
    kind = _kind(before, board.standing)
    if kind is None:
        return []
    found = overall(board)
    threshold = thresholds.high if kind.startswith("agreement_high") else thresholds.low
    return [
        quality_event(
            event_id=f"{project}:{kind}:{board.turns}",
            kind=kind,
            annotator_id=None,
            project=project,
            policy_version=policy_version,
            timestamp=timestamp,
            value=None if found.lower is None else found.lower / FIXED,
            threshold=threshold,
            n=found.units,
            numbers={"disputed": disputed(state, project, board), "confused": confused(state, project, board)}
            if board.standing == "low"
            else {},
        )
    ]


def has_moved(board: Board) -> bool:
    """Return whether the figures are no longer those that were published."""
    if board.is_due or len(board.figures) != len(board.published):
        return True
    return any(_differ(one, other) for one, other in zip(board.figures, board.published, strict=True))


def note_published(board: Board) -> None:
    """Take note of the figures that were published."""
    board.published = list(board.figures)
    board.is_due = False


def _standing(before: str, lower: int, low: int, high: int) -> str:
    if lower < (low + MARGIN if before == "low" else low):
        return "low"
    return "high" if lower >= (high - MARGIN if before == "high" else high) else "fair"


def _kind(before: str, after: str) -> str | None:
    if after in {"low", "high"}:
        return f"agreement_{after}"
    return {"low": "agreement_recovered", "high": "agreement_high_lost"}.get(before)


def _differ(one: Standing, other: Standing) -> bool:
    for new, old in ((one.alpha, other.alpha), (one.lower, other.lower)):
        if (new is None) != (old is None) or (new is not None and old is not None and abs(new - old) >= MOVED):
            return True
    return 20 * abs(one.units - other.units) > other.units

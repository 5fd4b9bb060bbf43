"""A project's sums on the project side: what the partitions of the task side tell is added up here.

Nothing is added from a record of which any part would make a sum negative: it takes back what was never told.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Final

import msgspec

from schemas import ProjectDelta
from schemas.project_deltas import QuestionDelta
from streams.events import Rejected, State
from streams.quality.agreement.alpha import alpha, lower_bound, metrics
from streams.quality.agreement.coincidences import DISAGREEMENT, Coincidences, Scale, Undefined, place
from streams.quality.keys import fixed, key

RING_DAYS: Final = 30
"""Of so many days, up to the newest one with a vote, the sums are kept day by day."""

MOST_QUESTIONS: Final = 100
"""So many questions, and parts of dialogs, are followed in a project, those that came first."""

MOST_PAIRS: Final = 64
"""So many pairs of annotators are followed on a question."""

MOST_DISPUTED: Final = 64
"""So many disputed tasks are known: ten are named, and the others take their places as they are settled."""

MOST_PLACES: Final = 100_000
_LARGEST: Final = 2**53 - 1

Disputed = tuple[int, int, str, int]
"""Dispute (1e-6), votes, task and the question's number."""


class Standing(msgspec.Struct, array_like=True):
    """What a question has come to, in 1e-6; None where alpha is undefined."""

    units: int = 0
    votes: int = 0
    alpha: int | None = None
    lower: int | None = None


class Board(msgspec.Struct, array_like=True):
    """What is kept of a project's agreement beside its sums.

    Attributes
    ----------
    newest : int
        The newest day with a vote.
    numbers : dict
        A digest of each question and its scale, to its number: they count from 0.
    figures, published : list of Standing
        By number, as of now and as last published.
    changes : int
        Changes of tasks since it was last asked whether to publish.
    since_turn, turns : int
        Changes since `standing` changed, and how often it did.
    is_due : bool
        Whether somebody was named who must not be any more.
    """

    newest: int = 0
    numbers: dict[str, int] = {}
    figures: list[Standing] = []
    published: list[Standing] = []
    disputed: list[Disputed] = []
    changes: int = 0
    standing: str = "unknown"
    since_turn: int = 0
    turns: int = 0
    is_due: bool = False
    left_out: bool = False


class Question(msgspec.Struct, array_like=True):
    """A question's scale, its sums over all time, and the days that have sums of their own."""

    name: str
    type: str
    categories: list[str]
    first: int | None
    sums: dict[int, int] = {}
    days: list[int] = []

    @property
    def scale(self) -> Scale:
        """What may be answered."""
        return Scale(tuple(self.categories), self.first)


class Day(msgspec.Struct, array_like=True):
    """The sums of one day's units."""

    sums: dict[int, int] = {}


class Followed(msgspec.Struct, array_like=True):
    """Pairs of digests, joined, to the items by what both chose; only those whose rank begins with `level` zeros."""

    level: int = 0
    pairs: dict[str, dict[int, int]] = {}


class Change(msgspec.Struct):
    """A question's new values, which are stored once all of the record is known to be sound."""

    question: Question
    days: dict[int, Day]
    followed: Followed
    has_lost_pair: bool = False


def board_of(state: State, project: str) -> Board:
    """Return a project's board."""
    return state.get(_board_key(project), Board) or Board()


def store(state: State, project: str, board: Board) -> None:
    """Keep a project's board."""
    state.put(_board_key(project), board)


def question_of(state: State, project: str, number: int) -> Question:
    """Return a question that the board numbers."""
    question = state.get(key("g", project, str(number)), Question)
    if question is None:
        raise LookupError(f"question {number} of project {project!r} is numbered but not stored")
    return question


def day_of(state: State, project: str, number: int, day: int) -> Day:
    """Return the sums of one day."""
    return state.get(key("g", project, str(number), str(day)), Day) or Day()


def followed_of(state: State, project: str, number: int) -> Followed:
    """Return the pairs of annotators that are followed on a question."""
    return state.get(key("g", project, str(number), "pairs"), Followed) or Followed()


def read(state: State, told: ProjectDelta) -> dict[int, Change] | None:
    """Return what a record makes of each question, by number, without storing anything; None when it tells of none.

    Raises
    ------
    Rejected
        ``invalid`` for what no sum is kept of, ``delta_underflow`` for more taken back than was told.
    """
    if not told.agreement:
        return None
    board = board_of(state, told.project)
    numbers = dict(board.numbers)
    newest = _newest(board, told)
    changes: dict[int, Change] = {}
    for question in told.agreement:
        _check(question)
        name = _digest(question)
        number = numbers.get(name, len(numbers))
        if number == MOST_QUESTIONS:
            continue
        numbers[name] = number
        if number not in changes:
            changes[number] = _copy(state, told.project, number, question, is_new=name not in board.numbers)
        _add(state, told.project, number, changes[number], question, newest - RING_DAYS)
    for change in changes.values():
        _settle(change)
    return changes


def add(state: State, told: ProjectDelta, changes: dict[int, Change]) -> Board:
    """Store what `read` returned, and return the project's board, to be stored."""
    project = told.project
    board = board_of(state, project)
    newest = _newest(board, told)
    for question in told.agreement:
        name = _digest(question)
        number = board.numbers.get(name, len(board.numbers))
        if number == MOST_QUESTIONS:
            board.left_out = True
            continue
        board.numbers[name] = number
        _dispute(board, number, question)
    for number, change in changes.items():
        _put(state, project, number, change, board)
    if newest > board.newest:
        board.newest = newest
        _forget_days(state, project, board)
    board.changes += told.changes
    board.since_turn += told.changes
    return board


def _newest(board: Board, told: ProjectDelta) -> int:
    return max([board.newest, *(one[0] for question in told.agreement for one in question.sums)])


def _dispute(board: Board, number: int, question: QuestionDelta) -> None:
    disputed = {(task, of): (dispute, votes, task, of) for dispute, votes, task, of in board.disputed}
    for task, dispute, votes in question.disputed:
        was = disputed.pop((task, number), None)
        board.is_due = board.is_due or (was is not None and votes < 2)
        if dispute:
            disputed[task, number] = (dispute, votes, task, number)
    board.disputed = sorted(disputed.values(), key=lambda one: (-one[0], -one[1], one[2:]))[:MOST_DISPUTED]


def _check(question: QuestionDelta) -> None:
    """Raise `Rejected` for what does not fit the question's own scale."""
    scale = question.scale
    if (scale.type == "likert_scale") != (scale.first is not None):
        raise Rejected("invalid", f"scale.first: expected for a likert_scale alone, question {question.question!r}")
    known = range(len(scale.categories))
    for _, _, one, other, _ in question.sums:
        if not ((one in known and (other == DISAGREEMENT or one <= other in known)) or one == other == DISAGREEMENT):
            raise Rejected("invalid", f"sums: [{one}, {other}] is no pair of the {len(known)} categories")
    for _, _, one, other, _ in question.couples:
        if one not in known or other not in known:
            raise Rejected("invalid", f"couples: [{one}, {other}] is no pair of the {len(known)} categories")


def _digest(question: QuestionDelta) -> str:
    scale = question.scale
    whole = msgspec.json.encode([question.question, scale.type, scale.first, scale.categories])
    return blake2b(whole, digest_size=12).hexdigest()


def _copy(state: State, project: str, number: int, told: QuestionDelta, *, is_new: bool) -> Change:
    """Return copies: what the state gave would be changed even if the record is refused."""
    if is_new:
        scale = told.scale
        return Change(Question(told.question, scale.type, list(scale.categories), scale.first), {}, Followed())
    question = question_of(state, project, number)
    followed = followed_of(state, project, number)
    return Change(
        msgspec.structs.replace(question, sums=dict(question.sums), days=list(question.days)),
        {},
        Followed(followed.level, {pair: dict(cells) for pair, cells in followed.pairs.items()}),
    )


def _add(state: State, project: str, number: int, change: Change, told: QuestionDelta, before_ring: int) -> None:
    for day, raters, one, other, difference in told.sums:
        at = place(raters, one, other)
        _shift(change.question.sums, at, difference)
        if day > before_ring:
            if day not in change.days:
                change.days[day] = Day(dict(day_of(state, project, number, day).sums))
            _shift(change.days[day].sums, at, difference)
    followed = change.followed
    end = 1 << (32 - followed.level)
    for first, second, one, other, difference in told.couples:
        pair = key(first, second)
        if _rank(pair) < end:
            _shift(followed.pairs.setdefault(pair, {}), one << 6 | other, difference)


def _shift(sums: dict[int, int], at: int, difference: int) -> None:
    sums[at] = sums.get(at, 0) + difference


def _settle(change: Change) -> None:
    """Drop zeros, and pairs beyond those that are followed; raise `Rejected` where a sum is impossible."""
    question, followed = change.question, change.followed
    for sums in (question.sums, *(day.sums for day in change.days.values()), *followed.pairs.values()):
        for at in [at for at, value in sums.items() if not value]:
            del sums[at]
        if any(value < 0 for value in sums.values()):
            raise Rejected("delta_underflow", f"question {question.name!r}: takes back more than was told")
        if len(sums) > MOST_PLACES or any(value > _LARGEST for value in sums.values()):
            raise Rejected("invalid", f"question {question.name!r}: more than any number of votes comes to")
    live = {pair: cells for pair, cells in followed.pairs.items() if cells}
    change.has_lost_pair = len(live) < len(followed.pairs)
    while len(live) > MOST_PAIRS:
        # Never fewer zeros again: what of a pair was passed over would be missing.
        followed.level += 1
        live = {pair: cells for pair, cells in live.items() if _rank(pair) >> (32 - followed.level) == 0}
    followed.pairs = live


def _put(state: State, project: str, number: int, change: Change, board: Board) -> None:
    question = change.question
    for day, value in change.days.items():
        at = key("g", project, str(number), str(day))
        if value.sums:
            state.put(at, value)
            if day not in question.days:
                question.days = sorted([*question.days, day])
        elif day in question.days:
            state.delete(at)
            question.days.remove(day)
    state.put(key("g", project, str(number)), question)
    state.put(key("g", project, str(number), "pairs"), change.followed)
    board.figures += [Standing()] * (number + 1 - len(board.figures))
    board.figures[number] = _standing(question)
    board.is_due = board.is_due or change.has_lost_pair


def _standing(question: Question) -> Standing:
    found = Coincidences(question.sums, len(question.categories))
    scale = question.scale
    value, lower = alpha(found, scale, metrics(scale)[0]), lower_bound(found, scale)
    return Standing(
        found.units,
        found.votes,
        None if isinstance(value, Undefined) else fixed(float(value)),
        None if isinstance(lower, Undefined) else fixed(lower),
    )


def _forget_days(state: State, project: str, board: Board) -> None:
    for number in range(len(board.figures)):
        question = question_of(state, project, number)
        gone = [day for day in question.days if day <= board.newest - RING_DAYS]
        if gone:
            for day in gone:
                state.delete(key("g", project, str(number), str(day)))
            question.days = question.days[len(gone) :]
            state.put(key("g", project, str(number)), question)


@lru_cache(maxsize=65_536)
def _rank(pair: str) -> int:
    """Return 32 bits that choose among pairs as if by lot, whoever they are."""
    return int.from_bytes(blake2b(pair.encode(), digest_size=4).digest(), "big")


def _board_key(project: str) -> str:
    return key("g", project)

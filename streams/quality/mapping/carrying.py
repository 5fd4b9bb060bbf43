"""What a changed label space makes of what a task holds: votes, known answers, verdicts and posteriors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from streams.events import Output
from streams.quality.case import Case
from streams.quality.gold import TRUTH_BYTES
from streams.quality.mapping.changes import Change
from streams.quality.mapping.classes import Gone, carried, names, turned, used
from streams.quality.mapping.knowledge import carry
from streams.quality.positions import NOT_SHOWN
from streams.quality.records import encode, quality_event
from streams.quality.reviews import ANSWER_BYTES
from streams.quality.spaces import Part, Question, places, questions, replaced, space_text
from streams.quality.task_state import Entry, Truth, totals
from streams.quality.votes import ENTRIES_BYTES


def meant(case: Case, change: Change) -> tuple[bool, ...]:
    """Return of each question whether its label space is the one that was changed, by its name and as it was."""
    return tuple(
        name == change.space and space_text(question.space) == change.before
        for name, question in zip(case.task.spaces, case.asked, strict=True)
    )


class Carrying:
    """What a change makes of a task's questions and answers; its tally counts it.

    Attributes
    ----------
    text : str
        The task's new questions, as they are stored.
    asked : tuple of Question
        The same, parsed.
    """

    def __init__(self, case: Case, change: Change) -> None:
        self._case = case
        self._change = change
        self._turn = turned(change.mapping)
        self._is_meant = meant(case, change)
        self.text = replaced(case.task.questions, self._is_meant, change.after)
        self.asked: tuple[Question, ...] = questions(self.text) or ()

    def all(self, given: Sequence[Any]) -> list[Any]:
        """Return the answers to all questions; raise `Gone` where one cannot stay."""
        return [
            carried(question.space, answer, self._turn) if is_meant else answer
            for question, answer, is_meant in zip(self._case.asked, given, self._is_meant, strict=True)
        ]

    def entries(self, entries: list[Entry], columns: Sequence[list[list[int]]]) -> bool:
        """Carry the entries over, drop those that cannot stay; tell whether those that count say the same as before."""
        case, tally = self._case, self._change.tally
        kept: list[Entry] = []
        counted, same, size = 0, True, 0
        before: set[tuple[int, str]] = set()
        after: set[tuple[int, str]] = set()
        for place, entry in enumerate(list(entries)):
            is_counted = place < case.task.counted
            if entry.answers is not None:
                found = self._carried(entry, size)
                if found is None:
                    totals(case.state).votes -= 1
                    tally.votes_taken_back += 1
                    same = same and not is_counted
                    continue
                was, now = self._used(case.asked, entry.answers), self._used(self.asked, found)
                if is_counted:
                    before |= was
                    after |= now
                    same = same and len(was) == len(now)
                entry.answers = found
                entry.places = places(self.asked, found)
                entry.columns = self._columns(columns[place])
                entry.shown = self._shown(entry.shown)
            size += entry.size
            tally.votes += 1
            kept.append(entry)
            counted += is_counted
        entries[:] = kept
        case.task.counted = counted
        return same and len(before) == len(after)

    def _carried(self, entry: Entry, size: int) -> list[Any] | None:
        try:
            found = self.all(entry.answers or [])
        except Gone:
            return None
        if found != entry.answers:
            entry.size = len(encode(found))
        return None if size + entry.size > ENTRIES_BYTES else found

    def _used(self, asked: Sequence[Question], given: Sequence[Any]) -> set[tuple[int, str]]:
        return {
            (number, name)
            for number, (question, answer) in enumerate(zip(asked, given, strict=True))
            if self._is_meant[number]
            for name in used(question.space, answer)
        }

    def _columns(self, before: list[list[int]]) -> list[list[int]]:
        """Return what a vote on gold said when it came, as far as each category has kept one of its own."""
        found: list[list[int]] = []
        parts = (part for question in self._case.asked for part in question.parts)
        others = [part for question in self.asked for part in question.parts]
        for old, new, column in zip(parts, others, before, strict=False):
            seats = self._seats(old, new)
            if column and (None in seats or len(set(seats)) < len(new.names)):
                return []
            moved = [0] * len(new.names)
            for seat, value in zip(seats, column, strict=False):
                moved[seat or 0] = value
            found.append(moved if column else [])
        return found

    def _shown(self, before: list[int]) -> list[int]:
        """Return which option was shown first in each part, by its new place; not told where it has none."""
        found: list[int] = []
        parts = (part for question in self._case.asked for part in question.parts)
        others = (part for question in self.asked for part in question.parts)
        for old, new, first in zip(parts, others, before, strict=False):
            seat = None if first == NOT_SHOWN else self._seats(old, new)[first]
            found.append(NOT_SHOWN if seat is None else seat)
        return found

    def knowledge(self, case: Case) -> None:
        """Let what is known of those who voted stand in the new categories."""
        for old, new in zip(self._case.parts, case.parts, strict=False):
            seats = self._seats(old, new)
            for entry in case.task.entries:
                carry(case.state, case.task.project, entry, old, new, seats)

    def posterior(self, before: Sequence[Part], after: Sequence[Part], told: list[list[int]]) -> list[list[int]]:
        """Return the posterior that was told, in the new categories; nothing where one of the old ones has no place."""
        found: list[list[int]] = []
        for old, new, values in zip(before, after, told, strict=False):
            seats = self._seats(old, new)
            if None in seats:
                return []
            moved = [0] * len(new.names)
            for seat, value in zip(seats, values, strict=False):
                moved[seat or 0] += value
            found.append(moved)
        return found

    def _seats(self, old: Part, new: Part) -> list[int | None]:
        """Return where each category of a part is among the new ones; None for one that has no place there."""
        if old.names == new.names:
            return list(range(len(old.names)))
        found: list[int | None] = []
        for name in old.names:
            targets = self._change.mapping.get(name, [name])
            found.append(new.names.index(targets[0]) if len(targets) == 1 else None)
        return found

    def truth(self, case: Case) -> list[Output]:
        """Carry the known answer over; where it cannot stay it is withdrawn, and a quality event says of which task."""
        task, tally = case.task, self._change.tally
        if task.truth is None:
            return []
        try:
            found = self.all(task.truth.answers)
            if len(encode(found)) <= TRUTH_BYTES:
                task.truth = Truth(task.truth.kind, found)
                tally.gold += 1
                return []
        except Gone:
            pass
        task.truth, task.counted = None, 0
        task.left = [*(topic for topic in task.left if topic != "gold"), "gold"]
        tally.gold_withdrawn += 1
        change = self._change
        told = quality_event(
            event_id=f"{case.task_id}:{change.change_id}:{change.number}:gold_withdrawn",
            kind="gold_withdrawn",
            annotator_id=None,
            project=task.project,
            policy_version=case.settings.policy_version,
            timestamp=case.timestamp,
            task_id=case.task_id,
            numbers={"actor": change.actor, "reason": change.reason},
        )
        return [told]

    def verdict(self, case: Case) -> None:
        """Carry a reviewer's verdict over; where its answer cannot stay the votes decide again."""
        task = case.task
        review = task.review
        if review is None or not review.answers:
            return
        try:
            found = self.answers(review.answers)
            if len(encode(found)) <= ANSWER_BYTES:
                task.review = msgspec.structs.replace(review, answers=found)
                return
        except Gone:
            pass
        task.review = None
        self._change.tally.verdicts_withdrawn += 1

    def answers(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return a label's answers in the new names; raise `Gone` where one cannot stay."""
        found = dict(given)
        for question, is_meant in zip(self._case.asked, self._is_meant, strict=True):
            name = question.question_id
            if is_meant and name in given:
                found[name] = self._answer(question, given[name])
        return found

    def _answer(self, question: Question, given: dict[str, Any]) -> dict[str, Any]:
        label = given["label"]
        return {
            **given,
            "label": None if label is None else carried(question.space, label, self._turn),
            "distribution": self._distribution(question, given["distribution"]),
            "details": {},  # they are of the votes, under the old names
        }

    def _distribution(self, question: Question, before: dict[str, float]) -> dict[str, float]:
        """Return the probability of each class; of several that may be chosen at once, the largest of those merged."""
        space = question.space
        main = space.overall if space.type == "multi_turn_dialog" else space
        if main is None or not names(main):
            return before
        is_sum = main.type != "span_annotation" and not getattr(main, "multi", False)
        found: dict[str, float] = {}
        for name, value in before.items():
            targets = self._change.mapping.get(name, [name])
            if len(targets) == 1:
                known = found.get(targets[0], 0.0)
                found[targets[0]] = min(1.0, round(known + value, 6)) if is_sum else max(known, value)
        return found

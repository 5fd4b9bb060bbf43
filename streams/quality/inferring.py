"""What the task side knows of annotators and label spaces, and what a task's votes come to by it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from streams.events import State
from streams.quality import positions
from streams.quality.case import Case
from streams.quality.inference.model import Model, model, written
from streams.quality.inference.posterior import scores, softmax
from streams.quality.inference.statistics import Base
from streams.quality.judging import discounted
from streams.quality.keys import FIXED, key, parts
from streams.quality.returning import Counts
from streams.quality.shared import shared
from streams.quality.task_state import Entry


class Known(msgspec.Struct, array_like=True):
    """The newest counts of an annotator in a project: version and text, by label space."""

    spaces: dict[str, tuple[int, str]]


def counts_key(annotator_id: str, project: str) -> str:
    """Return the table key of an annotator's counts."""
    return key("m", annotator_id, project)


def erased_key(pseudonym: str, project: str) -> str:
    """Return the table key of the counts of somebody who was erased: no annotator's id is empty."""
    return key("m", "", pseudonym, project)


def rename(state: State, annotator_id: str, pseudonym: str, most: int) -> bool:
    """Keep an erased annotator's counts for what is known of the votes that stand, under the pseudonym.

    What is kept of an earlier erasure under the same pseudonym stays as it is.

    Returns
    -------
    bool
        Whether that was all; at most so many projects are gone through at once.
    """
    places = state.find((key("m", annotator_id, ""),), b"", "", most)
    for place in places:
        found = state.get(place, Known) or Known({})
        kept_at = erased_key(pseudonym, parts(place)[2])
        before = state.get(kept_at, Known) or Known({})
        state.put(kept_at, Known({**found.spaces, **before.spaces}))
        state.delete(place)
    return len(places) < most


def learn(state: State, annotator_id: str, project: str, told: list[Counts]) -> None:
    """Keep counts that came with an annotation, unless newer ones are kept."""
    place = counts_key(annotator_id, project)
    kept = state.get(place, Known) or Known({})
    spaces = dict(kept.spaces)
    for counts in told:
        if counts.version > spaces.get(counts.space, (0, ""))[0]:
            spaces[counts.space] = (counts.version, written(dict(counts.counts)))
    state.put(place, Known(spaces))


class Reading:
    """The votes of a task as they are added up, part by part.

    Attributes
    ----------
    scores : list of list of int
        Log posterior of each part, up to a constant, 1e-6 nats; empty where a part has no categories.
    bases : list of Base
        What the project's annotators share, for each part; None where a part has no categories.
    models : list of list of Model
        Of each vote that was added, for each part; None where a part has no categories.
    discounts : list of int
        By what each vote is multiplied, fixed-point: less than one where judges have voted who err together.
    """

    def __init__(self, case: Case) -> None:
        self._case = case
        self.bases = bases(case)
        self.scores: list[list[int]] = [[] if one is None else list(one.prior) for one in self.bases]
        self.models: list[list[Model | None]] = []
        self.discounts: list[int] = []
        self._columns: list[list[Sequence[int]]] = []
        self._judges: dict[int, str] = {}

    def add(self, entry: Entry, *, as_it_came: bool = False) -> None:
        """Add a vote: with what is known of its annotator, or what was known when it came, which a gold task keeps."""
        models = self.of(entry)
        self.models.append(models)
        self.discounts.append(FIXED)
        own: list[Sequence[int]] = [
            () if found is None else entry.columns[part] if as_it_came else found.columns[place]
            for part, (found, place) in enumerate(zip(models, entry.places, strict=True))
        ]
        if entry.shown and not as_it_came:
            counts = known(self._case, entry).get(positions.SPACE, NO_COUNTS)[1]
            own = [positions.allowed(entry, part, column, counts) for part, column in enumerate(own)]
        self._columns.append(own)
        for part, column in enumerate(own):
            if column:
                self.scores[part] = scores(self.scores[part], (column,))
        if entry.is_judge:
            self._judges[len(self.models) - 1] = entry.annotator_id
            if len(self._judges) > 1:
                self._discount()

    def said(self, vote: int, part: int) -> Sequence[int]:
        """Return what a vote adds to the score of each of a part's categories, 1e-6 nats."""
        column, discount = self._columns[vote][part], self.discounts[vote]
        return column if discount == FIXED else [value * discount // FIXED for value in column]

    def _discount(self) -> None:
        """Put the judges' votes in the scores for as much as they are worth together."""
        found = discounted(self._case, list(self._judges.values()))
        for vote, discount in zip(self._judges, found, strict=True):
            before = [self.said(vote, part) for part in range(len(self.scores))]
            self.discounts[vote] = discount
            for part, old in enumerate(before):
                changes = [new - was for new, was in zip(self.said(vote, part), old, strict=True)]
                self.scores[part] = scores(self.scores[part], (changes,))

    def of(self, entry: Entry) -> list[Model | None]:
        """Return what is known of a vote's annotator, for each part."""
        spaces = known(self._case, entry)
        return [
            None if found is None else model(found, spaces.get(part.space_id, NO_COUNTS)[1])
            for found, part in zip(self.bases, self._case.parts, strict=True)
        ]

    def posteriors(self) -> list[list[int]]:
        """Return the probabilities of each part's categories, fixed-point; nothing where it has none."""
        return [softmax(part) if part else [] for part in self.scores]


NO_COUNTS = (0, "[]")


def known(case: Case, entry: Entry) -> dict[str, tuple[int, str]]:
    """Return the newest counts of a vote's annotator, version and text, by label space."""
    place = erased_key if entry.is_erased else counts_key
    found = case.state.get(place(entry.annotator_id, case.task.project), Known)
    return {} if found is None else found.spaces


def columns(case: Case, entry: Entry) -> list[list[int]]:
    """Return what a vote adds to the score of each part's categories; nothing where it has none."""
    reading = Reading(case)
    reading.add(entry)
    return [list(reading.said(0, part)) for part in range(len(entry.places))]


def bases(case: Case) -> list[Base | None]:
    """Return what the annotators of a task's project share, for each part; None where it has no categories."""
    project = case.task.project
    return [shared(case.state, project, part.space_id, len(part.names)) if part.names else None for part in case.parts]

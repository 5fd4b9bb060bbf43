"""What the task side knows of annotators and label spaces, and what a task's votes come to by it."""

from __future__ import annotations

from collections.abc import Sequence

from streams.events import State
from streams.quality import positions
from streams.quality.case import Case
from streams.quality.inference.model import NOTHING, Copy, Model, Models, newcomer, written
from streams.quality.inference.posterior import softmax
from streams.quality.inference.statistics import Base
from streams.quality.judging import discounted
from streams.quality.keys import FIXED, key, parts
from streams.quality.returning import Counts
from streams.quality.shared import shared
from streams.quality.task_state import Entry


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
        known = state.get(place, Models) or Models()
        kept_at = erased_key(pseudonym, parts(place)[2])
        before = state.get(kept_at, Models) or Models()
        state.put(kept_at, Models({**known.spaces, **before.spaces}))
        state.delete(place)
    return len(places) < most


def learn(state: State, annotator_id: str, project: str, told: list[Counts]) -> None:
    """Keep copies of counts that came with an annotation, unless newer ones are kept."""
    place = counts_key(annotator_id, project)
    known = state.get(place, Models) or Models()
    spaces = dict(known.spaces)
    for sent in told:
        kept = spaces.get(sent.space)
        if kept is None or sent.version > kept.version:
            spaces[sent.space] = Copy(
                sent.version,
                written(dict(sent.counts)),
                sent.strengths if any(sent.strengths) else NOTHING.strengths,
            )
    state.put(place, Models(spaces))


class Reading:
    """The votes of a task as they are added up, part by part.

    Attributes
    ----------
    bases : list of Base
        What the project's annotators share, for each part; None where a part has no categories.
    models : list of list of Model
        Of each vote that was added, for each part; None where a part has no categories.
    """

    def __init__(self, case: Case) -> None:
        self._case = case
        self.bases = bases(case)
        self.models: list[list[Model | None]] = []
        self._spaces = [(base, part.space_id) for base, part in zip(self.bases, case.parts, strict=True)]
        self._columns: list[Sequence[Sequence[int]]] = []
        self._judges: dict[int, str] = {}
        self._discounts: list[int] | None = None
        self._scores: list[list[int]] | None = None
        self._posteriors: list[list[int]] | None = None

    def add(self, entry: Entry, *, as_it_came: bool = False) -> None:
        """Add a vote: with what is known of its annotator, or what was known when it came, which a gold task keeps."""
        models = self.of(entry)
        if entry.is_judge:
            self._judges[len(self.models)] = entry.annotator_id
        self.models.append(models)
        self._columns.append(entry.columns if as_it_came else _said(self._case, entry, models))
        self._discounts = self._scores = self._posteriors = None

    def of(self, entry: Entry) -> list[Model | None]:
        """Return what is known of a vote's annotator, for each part."""
        known = _known(self._case, entry)
        if known is None:
            return [None if base is None else newcomer(base) for base, _ in self._spaces]
        return [None if base is None else known.of(space_id, base) for base, space_id in self._spaces]

    @property
    def discounts(self) -> list[int]:
        """By what each vote is multiplied, fixed-point: less than one where judges have voted who err together."""
        found = self._discounts
        if found is None:
            found = self._discounts = [FIXED] * len(self.models)
            if len(self._judges) > 1:
                own = discounted(self._case, list(self._judges.values()))
                for vote, discount in zip(self._judges, own, strict=True):
                    found[vote] = discount
        return found

    def said(self, vote: int, part: int) -> Sequence[int]:
        """Return what a vote adds to the score of each of a part's categories, 1e-6 nats."""
        column, discount = self._columns[vote][part], self.discounts[vote]
        return column if discount == FIXED else [value * discount // FIXED for value in column]

    @property
    def scores(self) -> list[list[int]]:
        """Log posterior of each part, up to a constant, 1e-6 nats; empty where a part has no categories.

        Sums of integers: without a vote they are what they would be had it never been added.
        """
        found = self._scores
        if found is None:
            columns = self._columns
            if len(self._judges) > 1:
                parts = range(len(self.bases))
                columns = [[self.said(vote, part) for part in parts] for vote in range(len(columns))]
            found = self._scores = [
                [] if base is None else list(map(sum, zip(base.prior, *[own[part] for own in columns], strict=True)))
                for part, base in enumerate(self.bases)
            ]
        return found

    @property
    def posteriors(self) -> list[list[int]]:
        """The probabilities of each part's categories, fixed-point; nothing where it has none."""
        found = self._posteriors
        if found is None:
            found = self._posteriors = [softmax(part) if part else [] for part in self.scores]
        return found


def columns(case: Case, entry: Entry) -> list[list[int]]:
    """Return what a vote adds to the score of each part's categories; nothing where it has none."""
    return [list(column) for column in _said(case, entry, Reading(case).of(entry))]


def counts_of(case: Case, entry: Entry, space_id: str) -> str:
    """Return the newest counts of a vote's annotator on a label space, as `inference.model.written` has them."""
    known = _known(case, entry)
    return NOTHING.counts if known is None else known.spaces.get(space_id, NOTHING).counts


def _known(case: Case, entry: Entry) -> Models | None:
    who, project = entry.annotator_id, case.task.project
    return case.state.get(counts_key(who, project) if entry.annotation_id else erased_key(who, project), Models)


def _said(case: Case, entry: Entry, models: list[Model | None]) -> list[Sequence[int]]:
    found: list[Sequence[int]] = [
        () if model is None else model.column(place) for model, place in zip(models, entry.places, strict=True)
    ]
    if not entry.shown:
        return found
    counts = counts_of(case, entry, positions.SPACE)
    return [positions.allowed(entry, part, column, counts) for part, column in enumerate(found)]


def bases(case: Case) -> list[Base | None]:
    """Return what the annotators of a task's project share, for each part; None where it has no categories."""
    project = case.task.project
    return [shared(case.state, project, part.space_id, len(part.names)) if part.names else None for part in case.parts]

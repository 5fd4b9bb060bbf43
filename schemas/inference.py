"""What the label inference passes between the sides: counts of answers by truth, in 1e-6, so that they add exactly."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.common import LARGEST, Count, Part, Version

SpaceId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
"""Identifies a list of categories: 64 bits, in hex."""

Classes = Annotated[int, Field(strict=True, ge=2, le=50)]
FixedShare = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Category = Annotated[int, Field(strict=True, ge=0, le=49)]
Cell = Annotated[int, Field(strict=True, ge=0, le=2499)]
Difference = Annotated[int, Field(strict=True, ge=-LARGEST, le=LARGEST)]
Sums = Annotated[list[Count], Field(max_length=50)]
Differences = Annotated[list[Difference], Field(max_length=50)]


class AnnotatorCounts(Part):
    """How often an annotator gave an answer, by what the truth was, on one list of categories in one project.

    Attributes
    ----------
    version : int
        Counts the versions of all of the annotator's counts in the project; the newest holds.
    counts : list
        ``[k * classes + y, mass]``: of answer y where the truth is k, in their order, without what is nought.
    strengths : list of int
        How well each strength that rows may be drawn towards one accuracy with explains the counts, as shares in 1e-6.
    """

    space: SpaceId
    classes: Classes
    version: Version
    counts: list[tuple[Cell, Count]]
    strengths: tuple[FixedShare, FixedShare, FixedShare] = (1_000_000, 0, 0)


class Evidence(Part):
    """What an answer shows of its annotator: by how much the probability of each truth has changed.

    Attributes
    ----------
    given : int
        The answer, as a place in the list of categories.
    change : list
        ``[k, difference]``: what is added to the count of this answer where the truth is k. The first time these sum
        to one; taking the vote back subtracts what was added.
    """

    space: SpaceId
    classes: Classes
    given: Category
    change: list[tuple[Category, Difference]]


class SpaceDelta(Part):
    """What changed in a project's sums on one list of categories since a partition last told.

    Attributes
    ----------
    tasks : list of int
        Of the posterior mass of each category over the tasks.
    right, given : list of int
        Of the mass of right answers, and of all, where a category is the truth.
    strengths : list of int
        Of the number of annotators that each strength suits.
    losses : list of int
        Of what the votes on gold tasks lost by each share of tasks on which votes may say nothing, in 1e-6 nats.
    gold : list of int
        Of the number of those gold tasks: one number.
    """

    space: SpaceId
    classes: Classes
    tasks: Differences = Field(default_factory=list)
    right: Differences = Field(default_factory=list)
    given: Differences = Field(default_factory=list)
    strengths: Differences = Field(default_factory=list)
    losses: Differences = Field(default_factory=list)
    gold: Differences = Field(default_factory=list)


class SpaceStatistics(Part):
    """A version of a project's sums on one list of categories; see `SpaceDelta`."""

    space: SpaceId
    version: Version
    tasks: Sums
    right: Sums
    given: Sums
    strengths: Sums
    losses: Sums
    gold: Sums

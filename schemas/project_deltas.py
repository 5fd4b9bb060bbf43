"""project-deltas: what changed in a project's sums since the last such record of a partition, key project."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.common import Contract, Count, Id, Moment, Part, Votes
from schemas.inference import Difference, SpaceDelta
from schemas.label_spaces import Name, Step

Day = Annotated[int, Field(strict=True, ge=0, le=3_000_000)]
Raters = Annotated[int, Field(strict=True, ge=2, le=200)]
Category = Annotated[int, Field(strict=True, ge=0, le=63)]
PartName = Annotated[str, Field(min_length=1, max_length=420)]
Dispute = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]

AnnotatorDigest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
"""Stands for an annotator: 64 bits, in hex. Who has it can try ids, and no more."""

Sum = tuple[Day, Raters, Category, Category, Difference]
Couple = tuple[AnnotatorDigest, AnnotatorDigest, Category, Category, Difference]
Disputed = tuple[Id, Dispute, Count]


class AgreementScale(Part):
    """What may be answered: the categories in their order, and the value of the first one where they are steps."""

    type: Literal["classification", "likert_scale", "pairwise_comparison"]
    categories: Annotated[list[Name], Field(min_length=2, max_length=50)]
    first: Step | None = None


class QuestionDelta(Part):
    """What changed in the sums of one question, or of one part of a dialog.

    A unit is the question on one task with the votes that count, two at least; gold tasks are none.

    Attributes
    ----------
    question : str
        The question's id; of a part of a dialog with its path: ``q.turns.t1``, ``q.overall``.
    sums : list
        ``[day, raters, c, k, change]``: of the sum over units of that many votes of n_c (n_k - [c = k]), c <= k. In
        the place of a category 63 stands for the unit's disagreement. A unit's day, since 1970, is its newest vote's.
    couples : list
        ``[one, other, c, k, change]``: of the number of items on which one annotator chose c and the other k.
    disputed : list
        ``[task_id, dispute, votes]``: the share, in 1e-6, of pairs of its votes that differ now; 0 for no unit.
    """

    question: PartName
    scale: AgreementScale
    sums: list[Sum] = Field(default_factory=list)
    couples: list[Couple] = Field(default_factory=list)
    disputed: list[Disputed] = Field(default_factory=list)


class PolicyDelta(Part):
    """What changed in the sums of a rule that runs in shadow: when it would have closed tasks, beside when they closed.

    Attributes
    ----------
    threshold : int
        The policy's `target_confidence`, or the value of its `gain`, in 1e-6.
    votes, paid, votes_by_rule, paid_by_rule : int
        Of `tasks`, which do not count gold: how many votes they closed with, and what these cost in 1e-6 USD.
    differing : int
        Tasks that would have had another label.
    gold, gold_right, gold_right_by_rule : int
        Gold tasks, and those whose votes come to what is known.
    """

    rule: Literal["confidence", "gain"]
    threshold: Count
    min_redundancy: Votes
    tasks: Difference = 0
    votes: Difference = 0
    votes_by_rule: Difference = 0
    paid: Difference = 0
    paid_by_rule: Difference = 0
    differing: Difference = 0
    gold: Difference = 0
    gold_right: Difference = 0
    gold_right_by_rule: Difference = 0


class ProjectDelta(Contract):
    """Integers to be added to a project's sums. `changes` counts the tasks whose change led to those of agreement."""

    project: Id
    inference: list[SpaceDelta] = Field(default_factory=list)
    changes: Count = 0
    agreement: list[QuestionDelta] = Field(default_factory=list)
    policies: list[PolicyDelta] = Field(default_factory=list)
    at: Moment

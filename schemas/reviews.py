"""reviews: what a reviewer decided of a task, key task_id; by somebody with a name, for a reason."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.common import Contract, Count, Id, Json, Moment, RuleError, Yes


class Verdict(StrEnum):
    """What becomes of a task's label."""

    accept = "accept"
    fix = "fix"
    reject = "reject"
    return_ = "return"


class Review(Contract):
    """A verdict; it stands over the votes until the next one, and while the task is not withdrawn.

    Accepted, the label is settled as it is; fixed, as `answer` says; rejected, it is undecided. A return takes a
    verdict back; where the votes were enough it asks for one more at least, for `max_redundancy` more at most.

    Attributes
    ----------
    answer : json, optional
        Of a fix, and only of it: to the task's one question, or an object by question_id.
    becomes_gold : bool
        The answer accepted or given is also what votes on this task are judged by.
    expected_version : int, optional
        The version of the label that was looked at, 0 for none: of another one the verdict is refused.
    """

    task_id: Id
    project: Id
    verdict: Verdict
    answer: Json = None
    becomes_gold: Yes = False
    actor: Id
    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    at: Moment | None = None
    expected_version: Count | None = None

    @model_validator(mode="after")
    def _says_what_it_must(self) -> Self:
        if (self.answer is not None) != (self.verdict is Verdict.fix):
            given = "some" if self.verdict is Verdict.fix else "none"
            raise RuleError("answer", f"{given}, as verdict is {self.verdict.value}")
        if self.becomes_gold and self.verdict not in {Verdict.accept, Verdict.fix}:
            raise RuleError("becomes_gold", f"false, as verdict is {self.verdict.value}")
        return self

"""The answers a question allows, one model per task type, and the check of an answer against them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, FailFast, Field, StringConstraints, model_validator

from schemas.common import LARGEST, Id, Part, RuleError, Yes

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Step = Annotated[int, Field(strict=True, ge=-1_000_000, le=1_000_000)]


class AnswerError(ValueError):
    """An answer is outside its label space.

    Parameters
    ----------
    path : str
        Where in the answer, as a JSON path without the root: ``turns.t1``, ``[2].end``; empty for the answer itself.
    message : str
        What was expected there.
    """

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.message = message


def _once_each(names: list[str]) -> list[str]:
    if len(set(names)) != len(names):
        raise ValueError("expected every entry once")
    return names


Names = Annotated[list[Name], FailFast(), AfterValidator(_once_each), Field(json_schema_extra={"uniqueItems": True})]
ClassMapping = dict[Name, Names]
"""Class to what has taken its place: one class, it is renamed or merged; none, it is retired; several, it is split."""


def _short(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:77]}..."


def _one_of(names: Collection[str]) -> str:
    shown = ", ".join(map(_short, list(names)[:10]))
    return f"one of {shown}" + (", ..." if len(names) > 10 else "")


def _only(answer: dict[Any, Any], fields: Collection[str], at: str = "") -> None:
    """Raise `AnswerError` for a field that means nothing: it would be kept with every vote."""
    for field in answer:
        if field not in fields:
            raise AnswerError(f"{at}{_short(field)}", f"expected no field but {', '.join(fields)}")


def _within(prefix: str, error: AnswerError) -> AnswerError:
    joint = "" if not error.path or error.path.startswith("[") else "."
    return AnswerError(f"{prefix}{joint}{error.path}", error.message)


class _Space(Part):
    model_config = ConfigDict(frozen=True)


class ClassificationSpace(_Space):
    """One class of a declared set, or several of them when `multi`."""

    type: Literal["classification"]
    classes: Annotated[Names, Field(min_length=2, max_length=50)]
    multi: Yes = False

    def check(self, answer: Any) -> None:
        """Raise `AnswerError` unless `answer` is a class (a list of distinct classes when `multi`)."""
        if not self.multi:
            if not isinstance(answer, str) or answer not in self.classes:
                raise AnswerError("", f"expected {_one_of(self.classes)}")
            return
        if not isinstance(answer, list) or not answer:
            raise AnswerError("", "expected a list of at least one class")
        for place, name in enumerate(answer):
            if not isinstance(name, str) or name not in self.classes:
                raise AnswerError(f"[{place}]", f"expected {_one_of(self.classes)}")
            if name in answer[:place]:
                raise AnswerError(f"[{place}]", "expected each class once")


class LikertSpace(_Space):
    """A whole number on a scale."""

    type: Literal["likert_scale"]
    min: Step
    max: Step

    @model_validator(mode="after")
    def _is_a_scale(self) -> Self:
        if not 1 <= self.max - self.min <= 100:
            raise RuleError("max", f"min, {self.min}, plus 1 to 100")
        return self

    def check(self, answer: Any) -> None:
        """Raise `AnswerError` unless `answer` is a whole number from min to max."""
        if type(answer) is not int or not self.min <= answer <= self.max:
            raise AnswerError("", f"expected a whole number from {self.min} to {self.max}")


_VERDICTS = frozenset({"tie", "both_bad"})


class PairwiseSpace(_Space):
    """The better of two options, and how clearly."""

    type: Literal["pairwise_comparison"]
    options: Annotated[Names, Field(min_length=2, max_length=2)]
    allow_tie: Yes = True
    allow_both_bad: Yes = False

    @model_validator(mode="after")
    def _options_are_no_verdicts(self) -> Self:
        if _VERDICTS.intersection(self.options):
            raise RuleError("options", "other names than tie and both_bad")
        return self

    def check(self, answer: Any) -> None:
        """Raise `AnswerError` unless `answer` is an object with a winner, and a strength of 1 to 3 if any."""
        winners = [*self.options, *["tie"] * self.allow_tie, *["both_bad"] * self.allow_both_bad]
        if not isinstance(answer, dict):
            raise AnswerError("", "expected an object with winner")
        _only(answer, ("winner", "strength"))
        winner = answer.get("winner")
        if not isinstance(winner, str) or winner not in winners:
            raise AnswerError("winner", f"expected {_one_of(winners)}")
        strength = answer.get("strength")
        if strength is not None and (type(strength) is not int or not 1 <= strength <= 3):
            raise AnswerError("strength", "expected 1, 2 or 3")


class RankingSpace(_Space):
    """All items, best first."""

    type: Literal["preference_ranking"]
    items: Annotated[Names, Field(min_length=2, max_length=20)]

    def check(self, answer: Any) -> None:
        """Raise `AnswerError` unless `answer` lists every item once."""
        if not isinstance(answer, list):
            raise AnswerError("", f"expected a list of all {len(self.items)} items, best first")
        for place, item in enumerate(answer):
            if not isinstance(item, str) or item not in self.items:
                raise AnswerError(f"[{place}]", f"expected {_one_of(self.items)}")
            if item in answer[:place]:
                raise AnswerError(f"[{place}]", "expected each item once")
        if len(answer) != len(self.items):
            raise AnswerError("", f"expected all {len(self.items)} items, got {len(answer)}")


class SpanSpace(_Space):
    """Typed pieces of a text, by character: start inclusive, end exclusive."""

    type: Literal["span_annotation"]
    labels: Annotated[Names, Field(min_length=1, max_length=200)]
    text_length: Annotated[int, Field(strict=True, ge=1, le=LARGEST)] | None = None

    def check(self, answer: Any) -> None:
        """Raise `AnswerError` unless `answer` is a list of spans within the text; an empty list is an answer."""
        if not isinstance(answer, list):
            raise AnswerError("", "expected a list of spans")
        for place, span in enumerate(answer):
            self._check_span(f"[{place}]", span)

    def _check_span(self, at: str, span: Any) -> None:
        if not isinstance(span, dict):
            raise AnswerError(at, "expected an object with start, end and label")
        _only(span, ("start", "end", "label"), f"{at}.")
        start, end, label = span.get("start"), span.get("end"), span.get("label")
        if type(start) is not int or start < 0:
            raise AnswerError(f"{at}.start", "expected a whole number of at least 0")
        if type(end) is not int or end <= start:
            raise AnswerError(f"{at}.end", f"expected a whole number above start ({start})")
        if end > (self.text_length or LARGEST):
            raise AnswerError(f"{at}.end", f"expected at most the text's length, {self.text_length or LARGEST}")
        if not isinstance(label, str) or label not in self.labels:
            raise AnswerError(f"{at}.label", f"expected {_one_of(self.labels)}")


class FreeTextSpace(_Space):
    """A text of the annotator's own."""

    type: Literal["free_text"]
    max_chars: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 10_000

    def check(self, answer: Any) -> None:
        """Raise `AnswerError` unless `answer` is a text that is not blank and not too long."""
        if not isinstance(answer, str) or not answer.strip():
            raise AnswerError("", "expected a text that is not blank")
        if len(answer) > self.max_chars:
            raise AnswerError("", f"expected at most {self.max_chars} characters, got {len(answer)}")


SimpleSpace = Annotated[
    ClassificationSpace | LikertSpace | PairwiseSpace | RankingSpace | SpanSpace | FreeTextSpace,
    Field(discriminator="type"),
]


class DialogSpace(_Space):
    """An answer for each turn of a dialog, and one for the whole."""

    type: Literal["multi_turn_dialog"]
    turns: Annotated[dict[Id, SimpleSpace], Field(min_length=1, max_length=200)]
    overall: SimpleSpace | None = None

    def check(self, answer: Any) -> None:
        """Raise `AnswerError` unless `answer` has an answer for every turn, and for the whole where one is asked."""
        if not isinstance(answer, dict):
            raise AnswerError("", "expected an object with turns")
        _only(answer, ("turns", "overall"))
        turns = answer.get("turns")
        if not isinstance(turns, dict):
            raise AnswerError("turns", "expected an object of answers by turn")
        for turn in turns:
            if turn not in self.turns:
                raise AnswerError(f"turns.{_short(turn)}", f"expected {_one_of(self.turns)}")
        for turn, space in self.turns.items():
            if turn not in turns:
                raise AnswerError(f"turns.{turn}", "expected an answer, there is none")
            _check_part(space, f"turns.{turn}", turns[turn])
        overall = answer.get("overall")
        if self.overall is not None:
            _check_part(self.overall, "overall", overall)
        elif overall is not None:
            raise AnswerError("overall", "expected none: the question asks for turns alone")


def _check_part(space: SimpleSpace, path: str, answer: Any) -> None:
    try:
        space.check(answer)
    except AnswerError as error:
        raise _within(path, error) from None


LabelSpace = Annotated[
    ClassificationSpace | LikertSpace | PairwiseSpace | RankingSpace | SpanSpace | FreeTextSpace | DialogSpace,
    Field(discriminator="type"),
]

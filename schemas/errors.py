"""A validation error as one line for people."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.common import RuleError, TaskType
from schemas.tasks import INLINE, NAMED

SHOWN = 80
"""Longest echo of anything that came from the input, in characters."""

_PRIVATE = frozenset({"prompt", "content", "instructions", "text", "explanation"})
_UNECHOED = frozenset({"missing", "json_invalid", "model_type", "model_attributes_type", "dict_type", "list_type"})
_BRANCHES = frozenset({INLINE, NAMED, *TaskType})
_MAPPINGS = frozenset({"answers", "distribution", "label_spaces", "turns"})


def explain(error: ValidationError, *, most: int = 5) -> str:
    """Return one line that names each wrong field, its place, and what was expected.

    What came from the input is echoed up to 80 characters; what a task shows to people never is.

    Parameters
    ----------
    most : int
        How many problems are listed; the others are counted.

    >>> from schemas import Tick
    >>> try:
    ...     Tick.model_validate_json('{"at": "noon"}')
    ... except ValidationError as error:
    ...     print(explain(error))
    at: Input should be a valid integer, got 'noon'
    """
    problems = error.errors(include_url=False)
    lines = [_line(problem) for problem in problems[:most]]
    if len(problems) > most:
        lines.append(f"and {len(problems) - most} more")
    return "; ".join(lines)


def _line(problem: ErrorDetails) -> str:
    loc, given, message = problem["loc"], problem["input"], _message(problem)
    broken = problem.get("ctx", {}).get("error")
    place = _place((*loc, broken.field) if isinstance(broken, RuleError) else loc)
    line = f"{place}: {message}" if place else message
    secret = problem["type"] in _UNECHOED or not loc or _PRIVATE.intersection(loc)
    if not secret and (given is None or isinstance(given, (str, int, float, bool))):
        line += f", got {_shortened(repr(given))}"
    return line


def _place(loc: tuple[int | str, ...]) -> str:
    """Join the steps into the data; those that only name the branch of a union are left out."""
    steps: list[str] = []
    is_key = False
    for step in loc:
        # A key is the user's own and may be spelled like a branch.
        if is_key or step not in _BRANCHES:
            steps.append(str(step))
            is_key = not is_key and step in _MAPPINGS
    return ".".join(_shortened(step if step.isprintable() else repr(step)) for step in steps)


def _message(problem: ErrorDetails) -> str:
    context: dict[str, Any] = problem.get("ctx", {})
    match problem["type"]:
        case "missing":
            return "required, but missing"
        case "value_error":
            error = context["error"]
            return f"expected {error.expected}" if isinstance(error, RuleError) else str(error)
        case "union_tag_not_found":
            return "expected an object with a type"
        case "union_tag_invalid":  # pydantic's message has the tag in full
            return f"expected a type among {context['expected_tags']}"
        case _:
            return problem["msg"]


def _shortened(shown: str) -> str:
    return shown if len(shown) <= SHOWN else shown[: SHOWN - 3] + "..."

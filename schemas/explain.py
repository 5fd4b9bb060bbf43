"""A validation error as one line for people."""

from __future__ import annotations

from pydantic import ValidationError

SHOWN = 80
"""Longest echo of an input value, in characters."""

_PRIVATE = frozenset({"prompt", "content", "instructions", "explanation"})


def explain(error: ValidationError, *, most: int = 5) -> str:
    """Return one line that names each wrong field, its place, and what was expected.

    Values are echoed up to 80 characters; a task's content never is.

    Parameters
    ----------
    most : int
        How many problems are listed.
    """
    problems = error.errors(include_url=False, include_context=False)
    lines = []
    for problem in problems[:most]:
        place = ".".join(str(part) for part in problem["loc"] if not _is_pydantics(str(part))) or "value"
        line = f"{place}: {problem['msg']}"
        given = problem["input"]
        simple = isinstance(given, (str, int, float, bool)) or given is None
        if simple and problem["type"] not in ("missing", "json_invalid") and not _PRIVATE & set(map(str, problem["loc"])):
            line += f", got {_shortened(given)}"
        lines.append(line)
    if len(problems) > most:
        lines.append(f"and {len(problems) - most} more")
    return "; ".join(lines)


def _is_pydantics(part: str) -> bool:
    """Return whether a step of a place names a branch of a union and not a place in the data."""
    return part.startswith(("tagged-union[", "function-", "constrained-", "json-or-python["))


def _shortened(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= SHOWN else shown[: SHOWN - 3] + "..."

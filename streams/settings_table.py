"""The table of settings that the README shows, made from the settings themselves."""

from __future__ import annotations

from typing import Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from streams.settings import GROUPS, Settings, group_of, has_flag
from streams.settings_sources import flag_of, variable_of

BEGIN, END = "<!-- settings -->", "<!-- /settings -->"
"""The lines of the README between which the table stands."""


def markdown() -> str:
    """Return one Markdown table of all settings, grouped as in the commands' help."""
    rows = ["| flag | variable | allowed | default | meaning |", "|---|---|---|---|---|"]
    for group in GROUPS:
        for name, field in Settings.model_fields.items():
            if group_of(field) == group:
                rows.append(_row(name, field))
    return "\n".join(rows) + "\n"


def allowed(field: FieldInfo) -> str:
    """Return which values a setting takes, in words short enough for a table."""
    if words := choices(field):
        return ", ".join(words)
    limits = {
        limit: getattr(item, limit) for item in field.metadata for limit in ("ge", "gt", "le") if hasattr(item, limit)
    }
    if not limits:
        return "text"
    least = f"{limits['ge']:,}" if "ge" in limits else f"above {limits['gt']:,}"
    return f"{least} to {limits['le']:,}"


def default(field: FieldInfo) -> str:
    """Return a setting's default as it would be written in an environment variable; empty for none."""
    value = field.get_default()
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def choices(field: FieldInfo) -> tuple[str, ...]:
    """Return the words a setting is chosen from; none where it is free."""
    return next(
        (get_args(kind) for kind in (field.annotation, *get_args(field.annotation)) if get_origin(kind) is Literal),
        (),
    )


def _row(name: str, field: FieldInfo) -> str:
    flag = f"`{flag_of(name)}`" if has_flag(field) else "none"
    value = default(field)
    cells = (
        flag,
        f"`{variable_of(name)}`",
        allowed(field),
        f"`{value}`" if value else "none",
        field.description or "",
    )
    return f"| {' | '.join(cells)} |"

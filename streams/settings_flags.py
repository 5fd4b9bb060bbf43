"""Command-line flags made from the settings, so that none is described twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from streams.settings import Group, Settings, group_of, has_flag
from streams.settings_sources import CONFIG_VARIABLE, exposed, flag_of, load
from streams.settings_table import allowed, choices, default

FLAG_WIDTH = 34


class SettingFlag(click.Option):
    """A flag that stands for one setting; its value is checked with the other settings, not here."""

    def __init__(self, name: str) -> None:
        field = Settings.model_fields[name]
        value = default(field)
        limits = allowed(field) if choices(field) or field.annotation in {int, float} else ""
        notes = "; ".join(note for note in (limits, f"default {value}" if value else "") if note)
        about = f"{field.description} [{notes}]" if notes else field.description
        super().__init__([flag_of(name), name], metavar=_metavar(name), help=about)
        self.group = group_of(field)


class SettingsCommand(click.Command):
    """A command that takes settings as flags and passes them on, loaded and checked, as `settings`.

    A parameter of its own that has a setting's name gives that setting as well.

    Parameters
    ----------
    groups : sequence of str
        The groups of settings that are flags of this command.
    examples : sequence of str
        Command lines worth copying.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        callback: Callable[..., int],
        groups: Sequence[Group],
        examples: Sequence[str],
        **options: Any,
    ) -> None:
        super().__init__(name, callback=callback, **options)
        self._groups = groups
        self._examples = examples

    @cached_property
    def _flags(self) -> list[SettingFlag]:
        fields = Settings.model_fields.items()
        return [SettingFlag(name) for name, field in fields if has_flag(field) and group_of(field) in self._groups]

    @cached_property
    def _config(self) -> click.Option:
        about = f"TOML file with settings [default: the one ${CONFIG_VARIABLE} names, else goldstream.toml]."
        return click.Option(["--config"], metavar="FILE", type=click.Path(path_type=Path), help=about)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own parameters, ``--config``, ``--help``, and then the flags."""
        *own, help_option = super().get_params(ctx)
        return [*own, self._config, help_option, *self._flags]

    def invoke(self, ctx: click.Context) -> Any:
        """Load the settings and call the command with them; raises `SettingsError` before it is called."""
        generated = {flag.name for flag in self._flags}
        given = {
            name: value for name, value in ctx.params.items() if name in Settings.model_fields and value is not None
        }
        own = {name: value for name, value in ctx.params.items() if name not in generated}
        settings = load(given, config=own.pop("config"))
        for line in exposed(settings):
            click.echo(f"goldstream: {line}", err=True)
        ctx.params = {"settings": settings, **own}
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, what is no setting, and the flags under the headings of their groups."""
        with formatter.section("Examples"):
            formatter.write("".join(f"  {example}\n" for example in self._examples))
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                sections.setdefault(getattr(parameter, "group", "Options"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records, col_max=FLAG_WIDTH)


def _metavar(name: str) -> str:
    if name == "broker":
        return "HOST:PORT"
    if name.endswith("_file"):
        return "FILE"
    return "N" if Settings.model_fields[name].annotation in {int, float} else "NAME"

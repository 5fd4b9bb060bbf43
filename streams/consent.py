"""Who runs a command that cannot be undone, and whether they mean it."""

from __future__ import annotations

import getpass
import sys

import click

from streams.failures import Failure
from streams.settings import Settings, SettingsError


def actor(settings: Settings) -> str:
    """Return the login's name, else the system's user."""
    if settings.sasl_username:
        return settings.sasl_username
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return "unknown"


def demand_a_person(hint: str = "") -> None:
    """Raise `SettingsError` where nobody can be asked; `hint` says what else there is."""
    if not sys.stdin.isatty():
        raise SettingsError(f"--yes: must be given where nobody can be asked{f'; {hint}' if hint else ''}")


def confirm(question: str, declined: str) -> None:
    """Ask on standard error; raises `Failure` with what did not happen when the answer is no."""
    if not click.confirm(question, err=True):
        raise Failure(declined)

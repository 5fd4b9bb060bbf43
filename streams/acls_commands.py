"""What `goldstream topics acls` prints, and the exit codes it returns."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

import click

from streams.acls import ROLES, Pattern, default_principal, rights
from streams.acls_admin import Grants, apply, compare, grants
from streams.settings import Settings, SettingsError
from streams.topics import Role
from streams.topics_commands import MISMATCH, OK, aligned, ask

Principals = Mapping[Role, tuple[str, ...]]


def run(settings: Settings, pairs: Iterable[str], action: str) -> int:
    """Show, print as commands, apply or check the rights of `pairs` (``role=principal``).

    Raises
    ------
    SettingsError
        A pair is none, or names no role.
    """
    principals = _principals(settings.namespace, tuple(pairs))
    wanted = grants(settings.namespace, principals)
    if action == "apply":
        return _apply(settings, wanted)
    if action == "check":
        return _check(settings, wanted)
    for line in _commands(settings, wanted) if action == "commands" else _table(settings.namespace, principals):
        click.echo(line)
    return OK


def _principals(namespace: str, pairs: tuple[str, ...]) -> Principals:
    if not pairs:
        return {role: (default_principal(namespace, role),) for role in ROLES}
    found: dict[Role, tuple[str, ...]] = {}
    for pair in pairs:
        name, _, principal = pair.partition("=")
        role = next((role for role in ROLES if role == name), None)
        if role is None or not principal.startswith("User:"):
            one_of = ", ".join(ROLES)
            raise SettingsError(f"--principal: must be ROLE=User:NAME with a role of {one_of}; got {pair!r}")
        found[role] = (*found.get(role, ()), principal)
    return found


def _table(namespace: str, principals: Principals) -> Iterable[str]:
    rows: list[tuple[str, ...]] = [("role", "principal", "operation", "on", "name")]
    for role, names in principals.items():
        for principal in names:
            granted = rights(namespace, role)
            rows += [(role, principal, each.operation.title, each.resource.title, each.shown) for each in granted]
            if not granted:
                rows.append((role, principal, "nothing", "", "none of its topics exists yet"))
    return aligned(rows)


def _commands(settings: Settings, wanted: Grants) -> Iterator[str]:
    for principal, granted in wanted.items():
        of_one = groupby(sorted(granted), key=lambda each: (each.resource, each.name, each.pattern))
        for (resource, name, pattern), same in of_one:
            words = ["kafka-acls.sh", "--bootstrap-server", settings.broker, "--add", "--allow-principal", principal]
            words += [word for each in same for word in ("--operation", each.operation.title)]
            words += [f"--{resource.title.replace(' ', '-')}", name]
            words += ["--resource-pattern-type", "prefixed"] if pattern is Pattern.PREFIXED else []
            yield shlex.join(words)


def _apply(settings: Settings, wanted: Grants) -> int:
    before = ask(apply(settings, wanted))
    created = sum(len(each.missing) for each in before)
    for each in before:
        for right in sorted(each.missing):
            click.echo(f"{each.principal}: {right}: given")
    click.echo(f"{created} given, {sum(map(len, wanted.values())) - created} already there")
    return OK


def _check(settings: Settings, wanted: Grants) -> int:
    compared = ask(compare(settings, wanted))
    for each in compared:
        for what, some in (("missing", each.missing), ("superfluous", each.superfluous)):
            for right in sorted(some):
                click.echo(f"{each.principal}: {right}: {what}")
    missing = sum(len(each.missing) for each in compared)
    superfluous = sum(len(each.superfluous) for each in compared)
    click.echo(
        f"{sum(map(len, wanted.values()))} rights in {settings.namespace}: {missing} missing, {superfluous} more"
    )
    return MISMATCH if missing or superfluous else OK

"""What `goldstream erase` asks, does and prints, and the exit codes it returns."""

from __future__ import annotations

import getpass
import sys

import click
from aiokafka import errors as kafka
from pydantic import ValidationError

from schemas import Erasure, ErasureKind, explain
from streams.erase import report
from streams.erase.asking import Progress, ask, request, withdraw
from streams.erase.namespace import Namespace, opened
from streams.erase.naming import Names
from streams.erase.remains import remaining
from streams.erase.report import Outcome
from streams.erase.tombstones import erase_letters, may_not_withdraw
from streams.failures import Failure
from streams.settings import Settings, SettingsError
from streams.topics_commands import MISMATCH, OK
from streams.topics_commands import ask as ask_brokers

KEEPERS = {"tasks": "a producer", "gold": "a gold-keeper"}


def run(
    settings: Settings,
    kind: ErasureKind,
    identity: str,
    *,
    reason: str,
    actor: str | None,
    is_confirmed: bool,
    as_json: bool,
    timeout_s: float,
) -> int:
    """Erase an annotator or a task; 1 if something could not be done or was not confirmed in time.

    Raises
    ------
    SettingsError
        The id, the reason or the actor is none, or nobody can be asked whether it is meant.
    """
    erasure = _request(settings, kind, identity, reason, actor)
    if not is_confirmed:
        _confirm(settings, erasure)
    outcome = ask_brokers(_erase(settings, erasure, timeout_s))
    if as_json:
        click.echo(report.as_json(outcome))
    else:
        for line in report.as_text(outcome):
            click.echo(line)
    for problem in outcome.problems:
        click.echo(f"goldstream: {problem}", err=True)
    click.echo(report.verdict(outcome), err=as_json)
    return MISMATCH if outcome.problems else OK


def _request(settings: Settings, kind: ErasureKind, identity: str, reason: str, actor: str | None) -> Erasure:
    who = actor or settings.sasl_username or getpass.getuser()
    try:
        identity.encode()
        erasure = request(kind, identity, who, reason)
    except UnicodeEncodeError:
        raise SettingsError("ID: expected UTF-8") from None
    except ValidationError as error:
        told = explain(error)
        raise SettingsError(f"ID{told[2:]}" if told.startswith("id:") else f"--{told}") from None
    names = Names(kind, identity)
    for flag, text in (("--reason", reason), ("--actor", who)):
        if names.in_text(text):
            raise SettingsError(f"{flag}: names what is to be erased, and is kept after it: word it without the id")
    return erasure


def _confirm(settings: Settings, erasure: Erasure) -> None:
    if not sys.stdin.isatty():
        raise SettingsError("--yes: needed here, where nobody can be asked whether it is meant")
    place = f"{settings.namespace} on {settings.broker}"
    question = f"Erase {erasure.kind.value} {erasure.id!r} in {place}? It cannot be undone."
    if not click.confirm(question, err=True):
        raise Failure("nothing was erased")


async def _erase(settings: Settings, erasure: Erasure, timeout_s: float) -> Outcome:
    names = Names(erasure.kind, erasure.id)
    async with opened(settings) as namespace:
        progress = await ask(namespace, erasure, timeout_s, _tell)
        problems = _unconfirmed(progress, timeout_s)
        if not problems:
            if erasure.kind is ErasureKind.task:
                problems += await _withdraw_content(namespace, names)
            await withdraw(namespace, erasure, progress.places)
        letters = 0
        _say("looking through dead-letters")
        try:
            letters = await erase_letters(namespace, names)
        except kafka.TopicAuthorizationFailedError:
            problems.append(
                f"dead letters were not erased: our login may not read or write {namespace.full('dead-letters')}; "
                "run this again as an administrator (goldstream topics acls)"
            )
        remains = await remaining(namespace, names, lambda topic: _say(f"looking through {topic}"))
    return Outcome(erasure, progress, letters, tuple(problems), tuple(remains))


def _unconfirmed(progress: Progress, timeout_s: float) -> list[str]:
    missing = progress.missing
    if not missing:
        return []
    where = ", ".join(f"{side}/{partition}" for side, partition in missing[:5]) + (", ..." if missing[5:] else "")
    told = (
        f"not confirmed within {timeout_s:g} s by {len(missing)} of {len(progress.places)} partitions ({where}): is a "
        "worker running? What was asked stays in the log until they read it; run this again then"
    )
    return [told]


async def _withdraw_content(namespace: Namespace, names: Names) -> list[str]:
    return [
        f"{namespace.full(topic)}: our login may not write it: {keeper} must send a null value under the task's id"
        for topic, keeper in KEEPERS.items()
        if await may_not_withdraw(namespace, topic, names)
    ]


def _tell(progress: Progress) -> None:
    done = len(progress.places) - len(progress.missing)
    _say(f"{done} of {len(progress.places)} partitions done, {progress.rows + progress.votes:,} entries")


def _say(line: str) -> None:
    click.echo(line, err=True)

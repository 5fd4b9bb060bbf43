"""What `goldstream erase` asks, does and prints, and the exit codes it returns."""

from __future__ import annotations

import click
from aiokafka import AIOKafkaProducer
from aiokafka import errors as kafka
from pydantic import ValidationError

from schemas import Erasure, ErasureKind, explain
from streams import consent
from streams.erase import report
from streams.erase.asking import CONTENT, Progress, ask, request, withdraw
from streams.erase.naming import Names
from streams.erase.remains import remaining
from streams.erase.report import Outcome
from streams.erase.tombstones import erase_letters, withdraw_content, without_replays
from streams.namespace import Namespace, TakenOver, opened
from streams.settings import Settings, SettingsError
from streams.topics import DEAD, all_topics
from streams.topics_admin import found_with_configs
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
        consent.demand_a_person()
        where = f"{settings.namespace} on {settings.broker}"
        consent.confirm(f"Erase {kind.value} {identity!r} in {where}? It cannot be undone.", "nothing was erased")
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
    who = actor or consent.actor(settings)
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


async def _erase(settings: Settings, erasure: Erasure, timeout_s: float) -> Outcome:
    names = Names(erasure.kind, erasure.id)
    topics = {each.topic.name: each.name for each in all_topics(settings)}
    async with opened(settings, "erase", topics) as namespace:
        found = await found_with_configs(namespace.admin, settings)
        configs = {topic: found[name].configs for topic, name in topics.items()}
        async with without_replays(namespace) as over_letters, namespace.producing() as producer:
            progress = await ask(namespace, producer, erasure, timeout_s, _tell)
            problems = _unconfirmed(progress, timeout_s)
            if not problems:
                if erasure.kind is ErasureKind.task:
                    problems += await _withdraw_content(namespace, producer, progress, names)
                await withdraw(namespace, producer, erasure, progress.places)
            letters, more = await _erase_letters(namespace, over_letters, names)
        remains = await remaining(
            namespace,
            configs,
            names,
            lambda topic: _say(f"looking through {topic}"),
            is_confirmed=not progress.missing,
        )
    return Outcome(erasure, progress, letters, (*problems, *more), tuple(remains))


async def _erase_letters(namespace: Namespace, producer: AIOKafkaProducer, names: Names) -> tuple[int, list[str]]:
    """Erase the dead letters; return how many, and what could not be done."""
    _say("looking through dead-letters")
    name = namespace.full(DEAD.name)
    try:
        return await erase_letters(namespace, producer, names), []
    except kafka.TopicAuthorizationFailedError:
        why = f"our login may not read or write {name}; run this again as an administrator (goldstream topics acls)"
    except TimeoutError:
        why = f"a transaction on {name} stays open; run this again when it has ended (transaction.max.timeout.ms)"
    except TakenOver as error:
        why = f"{error}, and may have brought some of it back; run this again"
    return 0, [f"dead letters were not erased, or not all: {why}"]


def _unconfirmed(progress: Progress, timeout_s: float) -> list[str]:
    missing = progress.missing
    if not missing:
        return []
    where = ", ".join(f"{side}/{partition}" for side, partition in missing[:5]) + (", ..." if missing[5:] else "")
    told = (
        f"not confirmed within {timeout_s:g} s by {len(missing)} of {len(progress.places)} partitions ({where}): is a "
        "worker running? What was asked, which names the id, stays in the log until a run of this is confirmed"
    )
    return [told]


async def _withdraw_content(
    namespace: Namespace, producer: AIOKafkaProducer, progress: Progress, names: Names
) -> list[str]:
    return [
        f"{namespace.full(topic)}: our login may not write it: {KEEPERS[topic]} must send a null value under the "
        "task's id"
        for topic in CONTENT
        if not await withdraw_content(namespace, producer, topic, names) and topic in progress.left
    ]


def _tell(progress: Progress) -> None:
    done = len(progress.places) - len(progress.missing)
    _say(f"{done} of {len(progress.places)} partitions done, {progress.rows + progress.votes:,} entries")


def _say(line: str) -> None:
    click.echo(line, err=True)

"""Draws a campaign: the truth, the annotators, who answers which task with what, and how long that takes."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from streams.simulator.campaigns import Campaign
from streams.simulator.personas import Annotator, Persona

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
_LEAST, _MOST = 0.02, 0.995
_TASKS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Drawn:
    """A campaign's answers in the order in which they come.

    Attributes
    ----------
    truth : array
        The class of each task.
    task, worker, label, seconds : arrays
        One entry an answer.
    """

    campaign: Campaign
    annotators: list[Annotator]
    truth: Ints
    task: Ints
    worker: Ints
    label: Ints
    seconds: Floats


def draw(campaign: Campaign, seed: int) -> Drawn:
    """Draw a campaign; the same seed draws the same."""
    random = np.random.default_rng(seed)
    truth = random.choice(campaign.classes, campaign.tasks, p=campaign.prior)
    annotators = [
        _annotator(number, persona, campaign, random) for number, persona in enumerate(_cast(campaign, random))
    ]
    task, worker = _assigned(campaign, random)
    order = random.permutation(len(task))
    task, worker = task[order], worker[order]
    label = _answered(campaign, annotators, truth, task, worker, random)
    median = np.log([one.median_s for one in annotators])[worker]
    spread = np.array([one.spread for one in annotators])[worker]
    shortest = np.array([one.shortest_s for one in annotators])[worker]
    longest = np.array([one.longest_s for one in annotators])[worker]
    seconds = np.clip(np.exp(median + spread * random.standard_normal(len(task))), shortest, longest).round(2)
    return Drawn(campaign, annotators, truth, task, worker, label, seconds)


def _cast(campaign: Campaign, random: np.random.Generator) -> list[Persona]:
    """Return why each annotator answers as they do; who is active most is chance."""
    shares = (
        (Persona.ADVERSARY, campaign.adversaries),
        (Persona.RANDOM_SPAMMER, campaign.random_spammers),
        (Persona.CONSTANT_SPAMMER, campaign.constant_spammers),
    )
    personas = [persona for persona, share in shares for _ in range(round(share * campaign.annotators))]
    personas += [Persona.HONEST] * (campaign.annotators - len(personas))
    return [personas[place] for place in random.permutation(campaign.annotators)]


def _annotator(number: int, persona: Persona, campaign: Campaign, random: np.random.Generator) -> Annotator:
    classes = campaign.classes
    match persona:
        case Persona.RANDOM_SPAMMER:
            confusion = np.full((classes, classes), 1 / classes)
        case Persona.CONSTANT_SPAMMER:
            confusion = np.zeros((classes, classes))
            confusion[:, random.choice(classes, p=campaign.prior)] = 1.0
        case _:
            confusion = _confusion(campaign, random, turned=persona is Persona.ADVERSARY)
    spammer = persona in {Persona.RANDOM_SPAMMER, Persona.CONSTANT_SPAMMER}
    name = f"annotator-{number:04d}"
    return Annotator(
        annotator_id=name,
        pseudonym=name,
        persona=persona,
        confusion=tuple(map(tuple, confusion.tolist())),
        median_s=float(random.uniform(4, 10) if spammer else random.uniform(15, 45)),
        spread=0.4,
    )


def _confusion(campaign: Campaign, random: np.random.Generator, *, turned: bool) -> Floats:
    """Draw the confusion of one annotator; to one who is `turned` the next class is what is right to others."""
    classes = campaign.classes
    skill = float(np.clip(random.beta(*campaign.skill), _LEAST, _MOST))
    odds = log(skill / (1 - skill)) + campaign.class_spread * random.standard_normal(classes)
    right = np.clip(1 / (1 + np.exp(-odds)), _LEAST, _MOST)
    away = np.abs(np.subtract.outer(np.arange(classes), np.arange(classes)))
    alike = 0.25**away if campaign.ordinal else random.exponential(size=(classes, classes))
    np.fill_diagonal(alike, 0.0)
    confusion: Floats = alike / alike.sum(axis=1, keepdims=True) * (1 - right)[:, None]
    np.fill_diagonal(confusion, right)
    return np.roll(confusion, 1, axis=1) if turned else confusion


def _assigned(campaign: Campaign, random: np.random.Generator) -> tuple[Ints, Ints]:
    """Return (task, worker) of every answer: different workers a task, each by how active they are."""
    rank = random.permutation(campaign.annotators) + 1.0
    activity = rank**-campaign.activity
    workers = []
    for start in range(0, campaign.tasks, _TASKS_AT_ONCE):
        count = min(_TASKS_AT_ONCE, campaign.tasks - start)
        # The smallest of exponential times at these rates: drawn without replacement (Efraimidis, Spirakis 2006).
        times = random.exponential(size=(count, campaign.annotators)) / activity
        workers.append(np.argpartition(times, campaign.redundancy - 1, axis=1)[:, : campaign.redundancy])
    return np.repeat(np.arange(campaign.tasks), campaign.redundancy), np.concatenate(workers).ravel()


def _answered(
    campaign: Campaign,
    annotators: list[Annotator],
    truth: Ints,
    task: Ints,
    worker: Ints,
    random: np.random.Generator,
) -> Ints:
    honest = np.array([one.persona is Persona.HONEST for one in annotators])
    rows = np.array([one.confusion for one in annotators])[worker, truth[task]]
    tires = honest & (random.random(campaign.annotators) < campaign.drifting)
    rows = _tired(rows, truth[task], campaign.drift * tires[worker] * _career(worker, campaign.annotators))
    label = (random.random(len(task))[:, None] > rows.cumsum(axis=1)[:, :-1]).sum(axis=1)
    hard = random.random(campaign.tasks) < campaign.hard
    suggested = (truth + random.integers(1, campaign.classes, campaign.tasks)) % campaign.classes
    misled = hard[task] & honest[worker] & (random.random(len(task)) < campaign.misled)
    return np.where(misled, suggested[task], label)


def _career(worker: Ints, annotators: int) -> Floats:
    """Return how far each answer's worker is through their own answers, 0 to 1."""
    counts = np.bincount(worker, minlength=annotators)
    order = np.argsort(worker, kind="stable")
    number = np.empty(len(worker))
    number[order] = np.arange(len(worker)) - np.repeat(np.cumsum(counts) - counts, counts)
    return number / np.maximum(counts[worker] - 1, 1)


def _tired(rows: Floats, truth: Ints, nats: Floats) -> Floats:
    """Return rows of confusion whose right answer has lost so many nats of log-odds, the others alike."""
    place = np.arange(len(rows))
    right = rows[place, truth]
    odds = right * np.exp(-nats)
    less = odds / (odds + 1 - right)
    changed = rows * np.where(right < 1, (1 - less) / np.maximum(1 - right, 1e-12), 1.0)[:, None]
    changed[place, truth] = less
    return changed


def records(drawn: Drawn) -> Any:
    """Yield every answer as (task, worker, label, seconds, number), the names as files have them."""
    names = [one.annotator_id for one in drawn.annotators]
    columns = (drawn.task.tolist(), drawn.worker.tolist(), drawn.label.tolist(), drawn.seconds.tolist())
    for number, (task, worker, label, seconds) in enumerate(zip(*columns, strict=True)):
        yield task_name(task), names[worker], str(label), seconds, number


def task_name(number: int) -> str:
    """Return a task's id."""
    return f"task-{number:06d}"

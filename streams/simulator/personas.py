"""Simulated annotators: how right each is, what they confuse, how long they take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import log
from random import Random
from typing import Any, Final

_ADJECTIVES: Final = ("Amber", "Brisk", "Calm", "Dusty", "Early", "Fern", "Gentle", "Hazel", "Ivory", "Jolly")
_ANIMALS: Final = ("Auk", "Bee", "Crane", "Dove", "Eider", "Finch", "Gull", "Heron", "Ibis", "Jay")


class Persona(StrEnum):
    """Why an annotator answers as they do."""

    HONEST = "honest"
    RANDOM_SPAMMER = "random_spammer"
    CONSTANT_SPAMMER = "constant_spammer"
    SPEED_CLICKER = "speed_clicker"
    ADVERSARY = "adversary"


@dataclass(frozen=True, slots=True)
class Annotator:
    """One simulated annotator.

    Attributes
    ----------
    confusion : tuple of tuples
        K x K probabilities: row the true class, column the answer.
    median_s, spread : float
        Seconds an answer takes: lognormal with this median; `spread` is the standard deviation of its
        logarithm.
    shortest_s, longest_s : float
        What the time is clipped to.
    """

    annotator_id: str
    pseudonym: str
    persona: Persona
    confusion: tuple[tuple[float, ...], ...]
    median_s: float
    spread: float
    shortest_s: float = 0.5
    longest_s: float = 3600.0

    @property
    def accuracy(self) -> float:
        """The expected share of right answers when all classes are equally frequent."""
        return sum(row[k] for k, row in enumerate(self.confusion)) / len(self.confusion)

    def answer(self, truth: int, random: Random) -> int:
        """Draw the class answered when `truth` is the true one."""
        return random.choices(range(len(self.confusion)), self.confusion[truth])[0]

    def seconds(self, random: Random) -> float:
        """Draw how long an answer takes, in seconds."""
        drawn = random.lognormvariate(log(self.median_s), self.spread)
        return round(min(max(drawn, self.shortest_s), self.longest_s), 2)

    def message(self) -> dict[str, Any]:
        """Return the annotators event that introduces them; it says nothing of the persona."""
        return {"annotator_id": self.annotator_id, "pseudonym": self.pseudonym, "actor": "demo"}


def cast(count: int, classes: int, random: Random) -> list[Annotator]:
    """Return `count` annotators in random order: one adversary, about 14% who do not look, the others honest.

    Honest accuracies are spread over .65 to .95. Raises `ValueError` below 8 annotators, where not every
    persona would have its honest counterweight.
    """
    if count < 8:
        raise ValueError(f"annotators: {count} are too few, a campaign needs at least 8")
    personas = [
        Persona.ADVERSARY,
        *[Persona.RANDOM_SPAMMER] * max(1, round(count * 0.05)),
        *[Persona.CONSTANT_SPAMMER] * max(1, round(count * 0.035)),
        *[Persona.SPEED_CLICKER] * max(1, round(count * 0.05)),
    ]
    personas += [Persona.HONEST] * (count - len(personas))
    random.shuffle(personas)
    return [_annotator(number, persona, classes, random) for number, persona in enumerate(personas)]


def _annotator(number: int, persona: Persona, classes: int, random: Random) -> Annotator:
    cycle, place = divmod(number, len(_ADJECTIVES) * len(_ANIMALS))
    # Neighbours differ in both words.
    animal = _ANIMALS[place % len(_ANIMALS)]
    adjective = _ADJECTIVES[(place // len(_ANIMALS) + place) % len(_ADJECTIVES)]
    common: dict[str, Any] = {
        "annotator_id": f"annotator-{number:03d}",
        "pseudonym": f"{adjective} {animal}" + (f" {cycle + 1}" if cycle else ""),
        "persona": persona,
    }
    uniform = tuple((1 / classes,) * classes for _ in range(classes))
    match persona:
        case Persona.HONEST:
            confusion = _honest(random.uniform(0.65, 0.95), classes, random)
            return Annotator(**common, confusion=confusion, median_s=random.uniform(15, 45), spread=0.45)
        case Persona.ADVERSARY:
            return Annotator(**common, confusion=_shifted(0.9, classes), median_s=25, spread=0.4)
        case Persona.RANDOM_SPAMMER:
            return Annotator(**common, confusion=uniform, median_s=random.uniform(9, 15), spread=0.3)
        case Persona.CONSTANT_SPAMMER:
            favourite = random.randrange(classes)
            constant = tuple(float(k == favourite) for k in range(classes))
            return Annotator(**common, confusion=(constant,) * classes, median_s=random.uniform(9, 15), spread=0.3)
        case Persona.SPEED_CLICKER:
            return Annotator(**common, confusion=uniform, median_s=1.7, spread=0.3, shortest_s=1.0, longest_s=3.0)


def _honest(accuracy: float, classes: int, random: Random) -> tuple[tuple[float, ...], ...]:
    """Draw a confusion matrix of exactly this accuracy: some classes are harder, some pairs more alike."""
    jitter = [random.uniform(-0.02, 0.02) for _ in range(classes)]
    centre = sum(jitter) / classes
    return tuple(_row(k, accuracy + jitter[k] - centre, classes, random) for k in range(classes))


def _row(truth: int, right: float, classes: int, random: Random) -> tuple[float, ...]:
    alike = [0.0 if k == truth else random.expovariate(1) for k in range(classes)]
    scale = (1 - right) / sum(alike)
    return tuple(right if k == truth else share * scale for k, share in enumerate(alike))


def _shifted(share: float, classes: int) -> tuple[tuple[float, ...], ...]:
    """Return the confusion of somebody who answers the next class, mostly, and the right one otherwise."""

    def row(truth: int) -> Sequence[float]:
        return [share if k == (truth + 1) % classes else (1 - share) * (k == truth) for k in range(classes)]

    return tuple(tuple(row(truth)) for truth in range(classes))

"""What a history shows of the people in it: how often each was right, by the truth or else by the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, log, sqrt
from statistics import median

from streams.replay.history import History
from streams.replay.labels import Labels
from streams.replay.scoring import Verdict

RULE_GOLD, RULE_SHARE = 10, 0.7
"""The fixed rule that is told apart from evidence: below so much on the first so many gold answers."""
_SURE, _TRUTH = 0.95, 0.95
_LEAST = 10
_CLEARLY = 0.1


@dataclass(slots=True)
class Person:
    """One annotator.

    Attributes
    ----------
    judged, right : int
        Answers beside the truth, or where it is not known beside the label that the others gave.
    first : list of bool
        The first `RULE_GOLD` of those, in the file's order.
    """

    worker: str
    answers: int = 0
    judged: int = 0
    right: int = 0
    first: list[bool] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    given: Counter[int] = field(default_factory=Counter)

    @property
    def accuracy(self) -> float | None:
        """The share of right answers."""
        return self.right / self.judged if self.judged else None

    @property
    def interval(self) -> tuple[float, float]:
        """The accuracy's 95% interval."""
        return wilson(self.right, self.judged)

    @property
    def median_s(self) -> float | None:
        """How long an answer takes."""
        return median(self.seconds) if self.seconds else None


@dataclass(frozen=True, slots=True)
class Doubt:
    """A truth that people who are right elsewhere contradict.

    Attributes
    ----------
    probability : float
        Of `instead`, given how often each who answered is right on the other tasks with known truth.
    voters : list of Person
        Those who say so and are right more often than not, the best first; at least three.
    """

    task: str
    truth: str
    instead: str
    probability: float
    voters: list[Person]
    votes: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """Two classes that are taken for each other.

    Attributes
    ----------
    share, back : float
        Of the votes on tasks of the class `one`, those for `other`; and the reverse.
    """

    one: str
    other: str
    times: int
    share: float
    back: float


def wilson(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return Wilson's score interval of a share; (0, 1) of nothing.

    >>> [round(bound, 3) for bound in wilson(8, 10)]
    [0.49, 0.943]
    """
    if not n:
        return 0.0, 1.0
    share, spread = right / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * sqrt(share * (1 - share) / n + spread / (4 * n))
    return centre - half, centre + half


def votes_of(history: History, labels: Labels) -> dict[str, dict[str, int]]:
    """Return the place that each worker's last answer has, by task."""
    votes: dict[str, dict[str, int]] = {}
    for answer in history.answers:
        votes.setdefault(answer.task, {})[answer.worker] = labels.index[answer.label]
    return votes


def people_of(history: History, labels: Labels, verdicts: Mapping[str, Verdict]) -> list[Person]:
    """Return everybody in the order of their first answers."""
    votes = votes_of(history, labels)
    people: dict[str, Person] = {}
    for answer in history.answers:
        person = people.setdefault(answer.worker, Person(answer.worker))
        place = labels.index[answer.label]
        person.answers += 1
        person.given[place] += 1
        if answer.seconds is not None:
            person.seconds.append(answer.seconds)
        reference = _reference(answer.task, answer.worker, history, labels, votes, verdicts)
        if reference is not None:
            hit = place == reference
            person.judged += 1
            person.right += hit
            if len(person.first) < RULE_GOLD:
                person.first.append(hit)
    return list(people.values())


def _reference(
    task: str,
    worker: str,
    history: History,
    labels: Labels,
    votes: Mapping[str, Mapping[str, int]],
    verdicts: Mapping[str, Verdict],
) -> int | None:
    if task in history.truth:
        return labels.index.get(history.truth[task])
    label = verdicts.get(task)
    if label is None or len(label.leaders) != 1:
        return None
    # Whose own vote makes the label is not judged by it.
    others = Counter(place for other, place in votes[task].items() if other != worker).most_common(2)
    alone = len(others) == 1 or (len(others) == 2 and others[0][1] > others[1][1])
    return others[0][0] if alone and others[0][0] == label.leaders[0] else None


def to_talk_to(people: list[Person]) -> list[Person]:
    """Return those who are clearly worse than the others: even the upper bound is .1 below all answers' accuracy."""
    judged = sum(person.judged for person in people)
    if not judged:
        return []
    usual = sum(person.right for person in people) / judged
    found = [person for person in people if person.judged >= _LEAST and person.interval[1] < usual - _CLEARLY]
    return sorted(found, key=lambda person: (person.interval[1], person.worker))


def hit_by_rule(people: list[Person]) -> tuple[int, int]:
    """Return how many who are right at `RULE_SHARE` or more over all the fixed rule would have hit, and how many exist.

    Only those with twice as many judged answers as the rule looks at.
    """
    honest = [
        person for person in people if person.judged >= 2 * RULE_GOLD and person.right >= RULE_SHARE * person.judged
    ]
    return sum(sum(person.first) < RULE_SHARE * RULE_GOLD for person in honest), len(honest)


def confused(history: History, labels: Labels, verdicts: Mapping[str, Verdict]) -> list[Confusion]:
    """Return pairs of classes that are taken for each other, the most often confused first.

    A task's class is the truth, or else its label. At least 10 votes and 10% of those on either class.
    """
    counts: Counter[tuple[int, int]] = Counter()
    totals: Counter[int] = Counter()
    for task, given in votes_of(history, labels).items():
        label = verdicts.get(task)
        leader = label.leaders[0] if label is not None and len(label.leaders) == 1 else None
        place = labels.index.get(history.truth[task]) if task in history.truth else leader
        if place is not None:
            totals[place] += len(given)
            counts.update((place, said) for said in given.values())
    found = []
    for one in range(len(labels.names)):
        for other in range(one):
            times = counts[one, other] + counts[other, one]
            if times >= _LEAST and times >= _CLEARLY * (totals[one] + totals[other]):
                shares = [counts[pair] / (totals[pair[0]] or 1) for pair in ((other, one), (one, other))]
                found.append(Confusion(labels.names[other], labels.names[one], times, shares[0], shares[1]))
    return sorted(found, key=lambda pair: -pair.share - pair.back)


def doubts(history: History, labels: Labels, people: list[Person]) -> list[Doubt]:
    """Return the truths that are probably wrong, the surest doubt first.

    Each who answered counts log(p (K - 1) / (1 - p)), p being how often they are right on the others of those tasks;
    so does the truth itself, of which one in twenty is taken to be wrong.
    """
    by_name = {person.worker: person for person in people}
    classes, found = len(labels.names), []
    for task, given in votes_of(history, labels).items():
        truth = labels.index.get(history.truth[task]) if task in history.truth else None
        if truth is None:
            continue
        weights = [0.0] * classes
        weights[truth] = log(_TRUTH * (classes - 1) / (1 - _TRUTH))
        for worker, place in given.items():
            person = by_name[worker]
            # A prior of .7 over 5 answers, and the answer in question left out.
            p = min((person.right - (place == truth) + 3.5) / (person.judged - 1 + 5), 0.99)
            weights[place] += max(0.0, log(p * (classes - 1) / (1 - p)))
        instead = weights.index(max(weights))
        probability = 1 / sum(exp(weight - weights[instead]) for weight in weights)
        agree = (by_name[worker] for worker, place in given.items() if place == instead)
        voters = sorted((one for one in agree if 2 * one.right > one.judged), key=_best_first)
        if instead != truth and probability >= _SURE and len(voters) >= 3:
            names = labels.names
            found.append(Doubt(task, names[truth], names[instead], probability, voters, len(given)))
    return sorted(found, key=lambda doubt: (-doubt.probability, doubt.task))


def _best_first(person: Person) -> tuple[float, str]:
    return -(person.accuracy or 0.0), person.worker

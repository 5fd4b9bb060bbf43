"""What a replay says to people: the figures, and what they can act on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streams.printable import printable
from streams.replay.history import History
from streams.replay.labels import Labels
from streams.replay.people import (
    RULE_GOLD,
    RULE_SHARE,
    Doubt,
    Person,
    confused,
    doubts,
    hit_by_rule,
    people_of,
    to_talk_to,
)
from streams.replay.playing import Played
from streams.replay.results import Figures, verdicts_of
from streams.replay.scoring import Verdict
from streams.replay.spending import Spending, Spent, needed

SURE = 0.8
"""Labels that are less sure than this are worth a second look."""
_SHOWN = 5
_TARGETS = ("95% sure", "99% sure")
_INDENT = 11


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A label that is worth a second look; `label` is None where none leads."""

    task: str
    label: str | None
    confidence: float
    votes: int
    status: str


def doubtful(labels: Labels, verdicts: Mapping[str, Verdict]) -> list[Doubtful]:
    """Return the labels that are undecided or less than `SURE`, the least sure first."""
    found = [
        Doubtful(task, _name(labels, label), label.confidence or 0.0, label.votes, label.status)
        for task, label in verdicts.items()
        if label.status in {"settled", "undecided"} and (label.status == "undecided" or (label.confidence or 0) < SURE)
    ]
    return sorted(found, key=lambda one: (one.confidence, one.task))


def _name(labels: Labels, label: Verdict) -> str | None:
    return labels.names[label.leaders[0]] if len(label.leaders) == 1 else None


def heading(history: History, gold: int, seeds: int) -> list[str]:
    """Return what a file holds, and how often it was replayed if not once."""
    annotators = len({answer.worker for answer in history.answers})
    known = f"{len(history.truth):,} with known truth" if history.truth else "no truth known"
    return [
        f"{printable(history.name)}: {len(history.answers):,} annotations of {len(history.votes):,} tasks"
        f" by {annotators:,} annotators; {known}" + (f", {gold:,} of them gold" if gold else ""),
        *([f"means over {seeds} seeds"] if seeds > 1 else []),
    ]


def table(history: History, methods: Mapping[str, Figures], gold: int, seeds: int) -> list[str]:
    """Return the figures of a file, a line for each policy and method."""
    lines = heading(history, gold, seeds)
    ordinal = any(figures.mae is not None for figures in methods.values())
    heads = ["accuracy", "at first", "macro-F1", "ECE", *(["MAE", "Spearman"] if ordinal else []), "votes used"]
    lines.append(" " * 20 + "".join(f"{head:>11}" for head in heads))
    for name, one in methods.items():
        cells = [percent(one.accuracy), percent(one.accuracy_first), percent(one.macro_f1), _number(one.ece)]
        if ordinal:
            cells += [_number(one.mae), _number(one.spearman)]
        cells.append(percent(one.votes_used_share))
        lines.append(f"  {name:<18}" + "".join(f"{cell:>11}" for cell in cells))
    return lines


def advice(history: History, labels: Labels, played: Played, spent: Spending) -> list[str]:
    """Return what a team can act on, a few lines on each matter."""
    verdicts = verdicts_of(played.newest, labels)
    people = people_of(history, labels, verdicts)
    return [
        *_about("votes", _votes(history, spent)),
        *_about("labels", _labels(history, labels, played, verdicts)),
        *_about("truth", _truth(history, doubts(history, labels, people))),
        *_about("people", _people(history, labels, people)),
        *_about("classes", _classes(history, labels, verdicts)),
        *_about("fixed rule", _rule(people)),
        *refusals(played),
    ]


def refusals(played: Played) -> list[str]:
    """Return why annotations were refused, and how many."""
    return _about("refused", [f"{count:,} annotations: {reason}" for reason, count in sorted(played.refused.items())])


def _about(what: str, lines: Sequence[str]) -> list[str]:
    return [f"  {what if not number else '':<{_INDENT}} {line}" for number, line in enumerate(lines)]


def _votes(history: History, spent: Spending) -> list[str]:
    paid = sum(history.votes.values())
    lines = [f"{paid:,} were paid, {paid / len(history.votes):.1f} a task"]
    found = [needed(spent.fixed, same) for same in (0.95, 0.98)]
    lines += [_gives(one.name, one) for one in dict.fromkeys(found) if one is not None]
    if len(spent.fixed) > 1 and not any(found):
        lines.append("fewer for all tasks alike do not give 95% of the labels that all of them give")
    lines += [_gives(f"closing tasks at {one.name}", one) for one in spent.until_sure if one.name in _TARGETS]
    return lines


def _gives(how: str, one: Spent) -> str:
    right = "" if one.accuracy is None else f"; {one.accuracy:.1%} are right"
    return f"{how} takes {one.share:.0%} of them and gives {one.same:.1%} of the labels that all give{right}"


def _labels(history: History, labels: Labels, played: Played, verdicts: Mapping[str, Verdict]) -> list[str]:
    found = doubtful(labels, verdicts)
    closed = len(played.newest)
    lines = []
    if found:
        wrong = sum(1 - one.confidence for one in found)
        undecided = sum(one.status == "undecided" for one in found)
        known = [one for one in found if one.task in history.truth]
        missed = sum(one.label != history.truth[one.task] for one in known)
        lines.append(
            f"{len(found):,} of {closed:,} are doubtful ({undecided:,} undecided, the others below {SURE:.0%});"
            f" by their confidence about {wrong:,.0f} are wrong"
            + (f", by the truth {missed:,} of {len(known):,}" if known else "")
        )
        lines += [
            f"  {printable(one.task)}: {'none leads' if one.label is None else printable(one.label)},"
            f" {one.confidence:.0%} sure after {one.votes} votes"
            for one in found[:_SHOWN]
        ]
    missing = len(history.votes) - len(played.gold) - closed
    if missing > 0:
        lines.append(f"{missing:,} tasks have no label: their votes ran out before they could be closed")
    return lines


def _truth(history: History, found: list[Doubt]) -> list[str]:
    if not found:
        return []
    lines = [f"{len(found):,} of {len(history.truth):,} known answers may be wrong: people right elsewhere contradict"]
    for doubt in found[:_SHOWN]:
        who = ", ".join(f"{printable(one.worker)} ({_share(one)})" for one in doubt.voters[:3])
        lines.append(
            f"  {printable(doubt.task)}: {printable(doubt.truth)}, but {len(doubt.voters)} of {doubt.votes}"
            f" say {printable(doubt.instead)}: {who}" + (", ..." if len(doubt.voters) > 3 else "")
        )
    return lines


def _people(history: History, labels: Labels, people: list[Person]) -> list[str]:
    found = to_talk_to(people)
    if not found:
        return []
    judged = sum(person.judged for person in people)
    usual = sum(person.right for person in people) / judged
    beside = "the truth" if history.truth else "the others"
    lines = [f"{len(found):,} of {len(people):,} are clearly worse than usual, which is {usual:.0%} as {beside} has it"]
    for person in found[:_SHOWN]:
        low, high = person.interval
        place, times = person.given.most_common(1)[0]
        evidence = [f"right on {person.right} of {person.judged} ({low:.0%} to {high:.0%})"]
        if person.median_s is not None:
            evidence.append(f"{person.median_s:.1f} s an answer")
        if times >= 0.9 * person.answers:
            evidence.append(f"{times / person.answers:.0%} of the answers are {printable(labels.names[place])}")
        lines.append(f"  {printable(person.worker)}: {', '.join(evidence)}")
    return lines


def _classes(history: History, labels: Labels, verdicts: Mapping[str, Verdict]) -> list[str]:
    return [
        f"{printable(pair.one)} and {printable(pair.other)} are confused {pair.times:,} times: of the votes on"
        f" {printable(pair.one)} {pair.share:.0%} say {printable(pair.other)}, the other way {pair.back:.0%}"
        for pair in confused(history, labels, verdicts)[:_SHOWN]
    ]


def _rule(people: list[Person]) -> list[str]:
    hit, honest = hit_by_rule(people)
    if not honest:
        return []
    rule = f"below {RULE_SHARE:.0%} on the first {RULE_GOLD} judged"
    return [f"{rule} would have hit {hit:,} of {honest:,} people who are right {RULE_SHARE:.0%} of the time or more"]


def _share(person: Person) -> str:
    return "" if person.accuracy is None else f"right on {person.accuracy:.0%} of {person.judged}"


def percent(share: float | None) -> str:
    """Return a share as people read it; nothing where there is none."""
    return "" if share is None else f"{share:.1%}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"

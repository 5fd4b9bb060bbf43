"""Several facts told in one line, where people would lose the thread otherwise. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby

import msgspec

from streams.why.annotator_story import Counts, count
from streams.why.lines import EVIDENCE, FOLDED, Line
from streams.why.wording import codes, counted, fared, judged, listed, times


def retold(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield a task's lines; what an annotator was told before is in one line with what takes its place.

    Evidence that is brought up to date at once is in one line, too.
    """
    last: Line | None = None
    for line in _evidence_together(lines):
        told = line
        if last is not None and _sign(last) == -1 and _sign(line) == 1 and _whose(last) == _whose(line):
            told = msgspec.structs.replace(line, text=f"{line.text}; before {fared(last.found.body or {})}")
        elif last is not None:
            yield last
        last = told
    if last is not None:
        yield last


def _evidence_together(lines: Iterable[Line]) -> Iterator[Line]:
    for (kind, _), some in groupby(lines, key=lambda line: (line.kind, line.found.timestamp)):
        if kind != EVIDENCE:
            yield from some
            continue
        run = list(some)
        whose = listed(dict.fromkeys(str(line.more["whose"]) for line in run))
        yield msgspec.structs.replace(run[-1], text=f"evidence on {whose} brought up to date")


def _whose(line: Line) -> tuple[object, ...]:
    body = line.found.body or {}
    fields = ("annotator_id", "annotation_id", "question_id")
    return line.kind, line.found.topic, line.found.timestamp, *(body.get(field) for field in fields)


def folded(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield an annotator's lines, with answers, outcomes and remarks on speed of one project and day as one.

    The line stands where the last of them does, and tells the counts as they are then.
    """
    stretch: list[Line] = []
    for line in lines:
        if stretch and (line.kind not in FOLDED or (line.day, line.project) != (stretch[-1].day, stretch[-1].project)):
            yield _one(stretch)
            stretch = []
        if line.kind in FOLDED:
            stretch.append(line)
        else:
            yield line
    if stretch:
        yield _one(stretch)


def _one(stretch: list[Line]) -> Line:
    last = stretch[-1]
    if len(stretch) == 1:
        return last
    answered = sum(line.kind == "scored" for line in stretch)
    outcomes = [line for line in stretch if line.kind == "outcome"]
    told: Counts = {}
    for line in outcomes:
        if _sign(line) == 1:
            count(told, line.found.body or {})
    speed = Counter(codes((line.found.body or {}).get("kind")) for line in stretch if line.kind == "speed")
    evidence = sum(line.kind == EVIDENCE for line in stretch)
    taken = sum(_sign(line) != 1 for line in outcomes)
    said = [
        *([counted(answered, "answer")] if answered else []),
        *(f"{kind} {times(n)}" for kind, n in sorted(speed.items())),
        *([judged(told)] if told else []),
        *([f"evidence brought up to date {times(evidence)}"] if evidence else []),
        *([f"{counted(taken, 'outcome')} taken back"] if taken else []),
    ]
    counts = outcomes[-1].more["counts"] if outcomes else told
    now = "" if counts == told else f"; in all now {judged(counts) or 'nothing judged'}"
    return msgspec.structs.replace(
        last, kind="stretch", text=f"{', '.join(said)}{now}", more={**last.more, "facts": len(stretch)}
    )


def _sign(line: Line) -> object:
    return (line.found.body or {}).get("sign")

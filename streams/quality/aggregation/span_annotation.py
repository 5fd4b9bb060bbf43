"""Spans: the probability of each label for each character, and the spans where it is above one half.

Characters are independent: each is within a span of a label or not, and an annotator marks it with the
probability recall when it is, with the false-alarm rate that the precision implies when it is not; Dawid and
Skene (1979), doi:10.2307/2346806, with two states. The cost grows with the number of spans, not with the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import exp, fsum, log
from typing import Any, NamedTuple

from schemas import SpanSpace
from streams.quality.aggregation.span_confusion import Soft
from streams.quality.aggregation.spans import Pieces, Typed, f1, in_common, typed, union
from streams.quality.aggregation.votes import (
    DIGITS,
    NOTHING,
    Aggregate,
    Vote,
    effective_votes,
    gate,
    mean_pairwise,
    share,
)
from streams.quality.keys import FIXED

MOST_PIECES = 1_000
"""Pieces of the soft label that are published, the first ones by place."""
_LEAST, _HIGHEST = 10_000, 990_000
_RAREST = 1_000


class _Piece(NamedTuple):
    """Characters that the same votes mark, or others with equal evidence."""

    start: int
    end: int
    label: str
    odds: int


class _Evidence(NamedTuple):
    """What each vote says of a character by marking it, and by leaving it."""

    prior: int
    marks: list[int]
    misses: list[int]


def aggregate(space: SpanSpace, votes: Sequence[Vote], min_agreement: int, *, plain: bool = False) -> Aggregate:
    """Return the spans whose characters have a label with a probability above one half.

    For a character, a label and annotators of precision p and recall r, with the label's share of the text π:
    ``log odds = logit π + sum over who marked it of (logit p - logit π) + sum over the others of
    log((1 - r) / (1 - f))``, ``f = r π (1 - p) / (p (1 - π))``. Evidence counts in proportion to the vote's
    weight, in full for the greatest. π is what the votes mark, at least .001 and at most one half; the text ends
    where the space says, or else with the last span anyone marked. Evidence with the wrong sign, of annotators
    whose marks are no better than chance, counts nothing.

    Labels may overlap each other; touching and overlapping spans of one label become one. Nothing marked is an
    answer. ``agreement`` is the mean character F1 of two answers over all pairs of votes (Hripcsak and Rothschild
    (2005), doi:10.1197/jamia.M1733); ``vote_share`` counts answers with the same characters; ``confidence`` is
    the mean probability of the label's characters, its expected precision. ``distribution`` has, for each label
    that was used, the share of the weight that uses it. ``details``: ``exact_f1``, like ``agreement`` but of
    whole spans; ``pieces``, ``[start, end, label, probability]`` of whatever anyone marked, the first 1,000;
    ``pieces_left_out``.

    Parameters
    ----------
    plain : bool
        A character's probability is the share of the weight that marks it.

    Examples
    --------
    >>> space = SpanSpace(type="span_annotation", labels=["person"], text_length=100)
    >>> votes = [Vote([{"start": start, "end": end, "label": "person"}]) for start, end in [(0, 5), (0, 5), (0, 9)]]
    >>> result = aggregate(space, votes, 600_000)
    >>> result.label, result.agreement
    ([{'start': 0, 'end': 5, 'label': 'person'}], 0.809524)
    """
    weights = [vote.weight for vote in votes]
    total = sum(weights)
    if not total:
        return NOTHING
    marked = [typed(vote.answer) for vote in votes]
    used = [label for label in space.labels if any(label in one for one in marked)]
    found = _found(space, votes, marked, used, plain=plain)
    soft = [_share(piece.odds, total) if plain else _logistic(piece.odds) for piece in found]
    label_ = _spans(found)
    common = in_common(marked)
    agreement = mean_pairwise(
        range(len(votes)), weights, lambda one, other: f1(common[one][other], common[one][one], common[other][other])
    )
    reason = gate(agreement, min_agreement)
    return Aggregate(
        label=label_ if reason is None else None,
        confidence=_precision(found, soft) if reason is None else None,
        vote_share=share(marked.count(typed(label_)), len(votes)),
        agreement=share(agreement, FIXED),
        distribution={
            label: share(sum(weight for weight, one in zip(weights, marked, strict=True) if label in one), total)
            for label in used
        },
        effective_votes=effective_votes(weights),
        reason=reason,
        details={
            "exact_f1": share(mean_pairwise([_exact(vote.answer) for vote in votes], weights, _exact_f1), FIXED),
            "pieces": [[*piece[:3], sure] for piece, sure in zip(found[:MOST_PIECES], soft, strict=False)],
            "pieces_left_out": max(0, len(found) - MOST_PIECES),
        },
    )


def posterior(space: SpanSpace, votes: Sequence[Vote]) -> list[Soft]:
    """Return the probability of the characters that anyone marked, as `aggregate` has it.

    >>> space = SpanSpace(type="span_annotation", labels=["person"], text_length=100)
    >>> posterior(space, [Vote([{"start": 0, "end": 5, "label": "person"}])])
    [Soft(start=0, end=5, label='person', probability=700000)]
    """
    marked = [typed(vote.answer) for vote in votes]
    used = [label for label in space.labels if any(label in one for one in marked)]
    if not any(vote.weight for vote in votes):
        return []
    return [Soft(*piece[:3], round(_logistic(piece.odds) * FIXED)) for piece in _found(space, votes, marked, used)]


def length_of(space: SpanSpace, answers: Iterable[Sequence[dict[str, Any]]]) -> int:
    """Return the text's length: what the space says, or else where the last span of all answers ends; at least 1."""
    return space.text_length or max((span["end"] for answer in answers for span in answer), default=1)


def score(answer: Sequence[dict[str, Any]], reference: Sequence[dict[str, Any]]) -> int:
    """Return the F1 of two answers by characters, each counted once for every label it has; fixed-point.

    >>> score([{"start": 0, "end": 4, "label": "x"}], [{"start": 2, "end": 6, "label": "x"}])
    500000
    """
    return f1(*overlap(answer, reference))


def overlap(answer: Sequence[dict[str, Any]], reference: Sequence[dict[str, Any]]) -> tuple[int, int, int]:
    """Return how many characters both mark, the answer marks, and the reference marks.

    Of these ``precision = both / answered`` and ``recall = both / expected``.

    >>> overlap([{"start": 0, "end": 4, "label": "x"}], [{"start": 2, "end": 9, "label": "x"}])
    (2, 4, 7)
    """
    (answered, both), (_, expected) = in_common([typed(answer), typed(reference)])
    return both, answered, expected


def _found(
    space: SpanSpace, votes: Sequence[Vote], marked: Sequence[Typed], used: Sequence[str], *, plain: bool = False
) -> list[_Piece]:
    weights = [vote.weight for vote in votes]
    length = length_of(space, (vote.answer for vote in votes))
    found: list[_Piece] = []
    for label in used:
        pieces = [one.get(label, []) for one in marked]
        found += _sweep(
            label, pieces, _plain(weights) if plain else _model(votes, _prevalence(pieces, weights, length))
        )
    return sorted(found, key=lambda piece: piece[:2])


def _prevalence(pieces: Sequence[Pieces], weights: Sequence[int], length: int) -> int:
    """Return the share of the text that the votes mark, fixed-point."""
    marked = sum(weight * sum(end - start for start, end in own) for own, weight in zip(pieces, weights, strict=True))
    return min(max(marked * FIXED // (sum(weights) * length), _RAREST), FIXED // 2)


def _plain(weights: Sequence[int]) -> _Evidence:
    return _Evidence(0, list(weights), [-weight for weight in weights])


def _model(votes: Sequence[Vote], prevalence: int) -> _Evidence:
    most = max(vote.weight for vote in votes)
    pi = prevalence / FIXED
    prior = log(pi / (1 - pi))
    marks, misses = [], []
    for vote in votes:
        p = min(max(vote.precision, _LEAST), _HIGHEST) / FIXED
        r = min(max(vote.recall, _LEAST), _HIGHEST) / FIXED
        false_alarms = min(r * pi * (1 - p) / (p * (1 - pi)), r)
        marks.append(round(round(max(log(p / (1 - p)) - prior, 0.0) * FIXED) * vote.weight / most))
        misses.append(round(round(min(log((1 - r) / (1 - false_alarms)), 0.0) * FIXED) * vote.weight / most))
    return _Evidence(round(prior * FIXED), marks, misses)


def _sweep(label: str, pieces: Sequence[Pieces], evidence: _Evidence) -> list[_Piece]:
    """Go through the text from boundary to boundary, keeping the sum of the evidence."""
    events: list[tuple[int, int, int]] = []
    for own, mark, miss in zip(pieces, evidence.marks, evidence.misses, strict=True):
        events += [(start, 1, mark - miss) for start, _ in own]
        events += [(end, -1, miss - mark) for _, end in own]
    found: list[_Piece] = []
    odds = evidence.prior + sum(evidence.misses)
    place = active = 0
    for at, change, difference in sorted(events):
        if active and at > place:
            if found and found[-1].end == place and found[-1].odds == odds:
                found[-1] = found[-1]._replace(end=at)
            else:
                found.append(_Piece(place, at, label, odds))
        place = at
        active += change
        odds += difference
    return found


def _spans(found: Sequence[_Piece]) -> list[dict[str, Any]]:
    """Return the characters that are in a span rather than not, as spans."""
    by_label: dict[str, Pieces] = {}
    for piece in found:
        if piece.odds > 0:
            by_label.setdefault(piece.label, []).append((piece.start, piece.end))
    spans = [
        {"start": start, "end": end, "label": label} for label, own in by_label.items() for start, end in union(own)
    ]
    return sorted(spans, key=lambda span: (span["start"], span["end"]))


def _precision(found: Sequence[_Piece], soft: Sequence[float]) -> float | None:
    """Return the mean probability of the label's characters."""
    inside = [(piece.end - piece.start, sure) for piece, sure in zip(found, soft, strict=True) if piece.odds > 0]
    return (
        round(fsum(size * sure for size, sure in inside) / sum(size for size, _ in inside), DIGITS) if inside else None
    )


def _share(odds: int, total: int) -> float:
    return share(odds + total, 2 * total)


def _logistic(odds: int) -> float:
    rarer = exp(-abs(odds) / FIXED)
    return round((1 if odds >= 0 else rarer) / (1 + rarer), DIGITS)


def _exact(answer: Sequence[dict[str, Any]]) -> frozenset[tuple[int, int, str]]:
    return frozenset((span["start"], span["end"], span["label"]) for span in answer)


def _exact_f1(one: frozenset[tuple[int, int, str]], other: frozenset[tuple[int, int, str]]) -> int:
    return f1(len(one & other), len(one), len(other))

"""Texts: the answer most like all the others, and which answers are nearly the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple
from unicodedata import normalize

from rapidfuzz.distance import Indel

from streams.quality.aggregation.votes import NOTHING, Aggregate, Vote, effective_votes, gate, mean_pairwise, share
from streams.quality.keys import FIXED

NEAR = 900_000
"""Similarity, fixed-point, from which two answers are nearly the same."""
COMPARED = 2_000
"""Of a longer text only so many characters are compared, half of them from either end: 64 such answers take
about a fifth of a second, and whole ones of 100,000 characters would take a quarter of an hour."""
SHOWN = 200
"""Characters of a cluster's text that are published."""


class _Cluster(NamedTuple):
    """Texts that hang together by near similarity; the heart is the one most like all answers."""

    members: list[int]
    heart: int
    weight: int


def aggregate(votes: Sequence[Vote], min_agreement: int) -> Aggregate:
    """Return the weighted medoid: the answer i with the greatest ``sum_j w_j similarity(i, j)``.

    Kaufman and Rousseeuw (1990), doi:10.1002/9780470316801. Answers that differ in case and white space alone
    are one; it is published in its heaviest spelling. When the best ones belong to different clusters the
    reason is ``tie``; within one the first by code points is taken.

    Clusters are the connected components of "similar by at least .9", heaviest first. ``distribution`` has each
    cluster's share of the weight by its number, from "1"; ``details["clusters"]`` their first 200 characters,
    votes and share. ``confidence`` and ``vote_share`` are those of the label's cluster. ``agreement`` is the mean
    similarity over all pairs of votes.

    >>> result = aggregate([Vote("A red fox."), Vote("a  red fox"), Vote("two dogs")], 0)
    >>> result.label, result.distribution
    ('a  red fox', {'1': 0.666667, '2': 0.333333})
    """
    weights = [vote.weight for vote in votes]
    total = sum(weights)
    if not total:
        return NOTHING
    texts = [normal(vote.answer) for vote in votes]
    distinct = sorted(set(texts))
    index = {text: place for place, text in enumerate(distinct)}
    places = [index[text] for text in texts]
    alike = _similarities(distinct)
    weight = [0] * len(distinct)
    for place, one in zip(places, weights, strict=True):
        weight[place] += one
    support = [sum(one * like for one, like in zip(weight, row, strict=True)) for row in alike]
    clusters = _clusters(alike, weight, support)
    cluster_of = {place: number for number, cluster in enumerate(clusters) for place in cluster.members}
    most = max(value for value, one in zip(support, weight, strict=True) if one)
    best = [place for place, value in enumerate(support) if value == most and weight[place]]
    agreement = mean_pairwise(places, weights, lambda one, other: alike[one][other])
    reason = "tie" if len({cluster_of[place] for place in best}) > 1 else gate(agreement, min_agreement)
    decided = reason is None
    own = cluster_of[best[0]]
    counts = [sum(cluster_of[place] == number for place in places) for number in range(len(clusters))]
    return Aggregate(
        label=_spelling(distinct[best[0]], texts, votes) if decided else None,
        confidence=share(clusters[own].weight, total) if decided else None,
        vote_share=share(counts[own], len(votes)) if reason != "tie" else None,
        agreement=share(agreement, FIXED),
        distribution={str(number): share(cluster.weight, total) for number, cluster in enumerate(clusters, 1)},
        effective_votes=effective_votes(weights),
        reason=reason,
        details={
            "clusters": [
                {
                    "text": _spelling(distinct[cluster.heart], texts, votes)[:SHOWN],
                    "votes": count,
                    "share": share(cluster.weight, total),
                }
                for cluster, count in zip(clusters, counts, strict=True)
            ]
        },
    )


def score(answer: str, reference: str) -> int:
    """Return how alike two texts are, fixed-point.

    ``2 LCS / (length + length)`` with the longest common subsequence of the normalised texts (a survey: Bergroth
    and others (2000), doi:10.1109/SPIRE.2000.878178); of texts above 2,000 characters, of their ends.

    >>> score("A red  fox", "a red fox"), score("fox", "cat")
    (1000000, 0)
    """
    return _similarity(_ends(normal(answer)), _ends(normal(reference)))


def normal(text: str) -> str:
    r"""Return a text in composed Unicode, case folded, each run of white space one space.

    >>> normal("  A Red\n\tFOX ")
    'a red fox'
    """
    return " ".join(normalize("NFC", text).casefold().split())


def _ends(text: str) -> str:
    return text if len(text) <= COMPARED else text[: COMPARED // 2] + text[-COMPARED // 2 :]


def _similarity(one: str, other: str) -> int:
    length = len(one) + len(other)
    return FIXED - round(FIXED * Indel.distance(one, other) / length) if length else FIXED


def _similarities(distinct: Sequence[str]) -> list[list[int]]:
    ends = [_ends(text) for text in distinct]
    alike = [[FIXED] * len(ends) for _ in ends]
    for place, text in enumerate(ends):
        for other in range(place):
            alike[place][other] = alike[other][place] = _similarity(text, ends[other])
    return alike


def _clusters(alike: Sequence[Sequence[int]], weight: Sequence[int], support: Sequence[int]) -> list[_Cluster]:
    left = list(range(len(alike)))
    clusters = []
    while left:
        members, left = [left[0]], left[1:]
        for place in members:
            members += [other for other in left if alike[place][other] >= NEAR]
            left = [other for other in left if alike[place][other] < NEAR]
        heart = max(sorted(members), key=lambda place: (weight[place] > 0, support[place]))
        clusters.append(_Cluster(members, heart, sum(weight[place] for place in members)))
    return sorted(clusters, key=lambda cluster: (-cluster.weight, cluster.heart))


def _spelling(text: str, texts: Sequence[str], votes: Sequence[Vote]) -> str:
    """Return the heaviest of the answers that are `text` once normalised; of equals the first by code points."""
    spellings: defaultdict[str, int] = defaultdict(int)
    for one, vote in zip(texts, votes, strict=True):
        if one == text:
            spellings[vote.answer] += vote.weight
    return min(spellings, key=lambda answer: (-spellings[answer], answer))

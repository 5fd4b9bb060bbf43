"""Rankings: the order that keeps most of the annotators' pairwise preferences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from schemas import RankingSpace
from streams.quality.aggregation.kemeny import MOST_ITEMS, Order, kemeny
from streams.quality.aggregation.votes import NOTHING, Aggregate, Vote, effective_votes, gate, share
from streams.quality.keys import FIXED


def aggregate(space: RankingSpace, votes: Sequence[Vote], min_agreement: int, *, plain: bool = False) -> Aggregate:
    """Return Kemeny's order of at most 8 items, else Borda's.

    Borda's count of an item is the weighted number of items it was placed above: ``sum of w (m - 1 - place)``
    (Borda (1781); Black (1958)). Items with equal counts are ordered by the weight that prefers one to the
    others of them. Where several orders still do equally well, the first as the items are declared is taken; but
    when they differ in the item that comes first, the reason is ``tie``.

    ``agreement`` is the share of the weighted pairwise preferences that the order keeps, one less Kendall's
    distance. ``distribution`` has each item's share of first places. ``details``: ``rule`` (``kemeny`` or
    ``borda``); ``orders``, how many orders do equally well by it; ``borda``, each item's share of the greatest
    count; ``kendall_w``.

    Parameters
    ----------
    plain : bool
        Borda's order whatever the number of items.

    Examples
    --------
    >>> space = RankingSpace(type="preference_ranking", items=["a", "b", "c"])
    >>> votes = [Vote(["b", "a", "c"]), Vote(["b", "c", "a"]), Vote(["a", "b", "c"])]
    >>> result = aggregate(space, votes, 600_000)
    >>> result.label, result.agreement, result.details["rule"]
    (['b', 'a', 'c'], 0.777778, 'kemeny')
    """
    weights = [vote.weight for vote in votes]
    total = sum(weights)
    if not total:
        return NOTHING
    items = space.items
    m = len(items)
    place = {item: at for at, item in enumerate(items)}
    orders = [[place[item] for item in vote.answer] for vote in votes]
    counts = borda(orders, weights, m)
    prefer = preferences(orders, weights, m)
    exact = m <= MOST_ITEMS and not plain
    order = kemeny(prefer, counts) if exact else _by_count(prefer, counts)
    kept = sum(prefer[one][other] for one, other in combinations(order.places, 2))
    whole = total * m * (m - 1) // 2
    agreement = kept * FIXED // whole
    reason = "tie" if order.heads > 1 else gate(agreement, min_agreement)
    label = [items[at] for at in order.places]
    return Aggregate(
        label=label if reason is None else None,
        vote_share=share(sum(vote.answer == label for vote in votes), len(votes)) if order.heads == 1 else None,
        agreement=share(kept, whole),
        distribution={
            item: share(sum(vote.weight for vote in votes if vote.answer[0] == item), total) for item in items
        },
        effective_votes=effective_votes(weights),
        reason=reason,
        details={
            "rule": "kemeny" if exact else "borda",
            "orders": order.orders,
            "borda": {item: share(count, total * (m - 1)) for item, count in zip(items, counts, strict=True)},
            "kendall_w": kendall_w(counts, total),
        },
    )


def score(answer: Sequence[str], reference: Sequence[str]) -> int:
    """Return the share of item pairs in the same order, fixed-point: ``(1 + tau) / 2``.

    Kendall (1938), doi:10.1093/biomet/30.1-2.81.

    >>> score(["a", "b", "c"], ["b", "a", "c"])
    666667
    """
    place = {item: at for at, item in enumerate(reference)}
    pairs = [(place[one], place[other]) for one, other in combinations(answer, 2)]
    return round(FIXED * sum(one < other for one, other in pairs) / len(pairs))


def borda(orders: Sequence[Sequence[int]], weights: Sequence[int], m: int) -> list[int]:
    """Return the Borda count of each of `m` items from orders of their places, best first.

    >>> borda([[1, 0, 2], [0, 1, 2]], [2, 1], 3)
    [4, 5, 0]
    """
    counts = [0] * m
    for order, weight in zip(orders, weights, strict=True):
        for above, item in enumerate(reversed(order)):
            counts[item] += weight * above
    return counts


def preferences(orders: Sequence[Sequence[int]], weights: Sequence[int], m: int) -> list[list[int]]:
    """Return the weight that prefers the row's item to the column's.

    >>> preferences([[1, 0], [0, 1]], [2, 1], 2)
    [[0, 1], [2, 0]]
    """
    prefer = [[0] * m for _ in range(m)]
    for order, weight in zip(orders, weights, strict=True):
        for one, other in combinations(order, 2):
            prefer[one][other] += weight
    return prefer


def kendall_w(counts: Sequence[int], total: int) -> float:
    """Return Kendall's coefficient of concordance from Borda counts and the raters' total weight.

    ``W = 12 sum_i (R_i - mean R)^2 / (n^2 (m^3 - m))`` without ties, R_i the sum of an item's ranks (a Borda
    count differs from it by sign and a constant) and n the number of raters, here their weight: Kendall and
    Babington Smith (1939), doi:10.1214/aoms/1177732186. 1 when all agree; of raters at random 1 / n is expected.

    >>> kendall_w([2, 1, 0], 1), kendall_w([2, 2, 2], 2)
    (1.0, 0.0)
    """
    m = len(counts)
    deviation = m * sum(count * count for count in counts) - sum(counts) ** 2
    return share(12 * deviation, m * total * total * (m**3 - m))


def _by_count(prefer: Sequence[Sequence[int]], counts: Sequence[int]) -> Order:
    """Return the items by Borda count, equal ones by the weight that prefers them to the others of them."""
    among = [
        sum(prefer[item][other] for other in range(len(counts)) if counts[other] == count)
        for item, count in enumerate(counts)
    ]
    keys = [(-count, -weight) for count, weight in zip(counts, among, strict=True)]
    places = sorted(range(len(counts)), key=keys.__getitem__)
    orders = 1
    for key in set(keys):
        for several in range(2, keys.count(key) + 1):
            orders *= several
    return Order(places, orders, keys.count(keys[places[0]]))

"""The names in a label space, and in an answer: which mappings are allowed, and what they make of an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from schemas import (
    ClassificationSpace,
    ClassMapping,
    DialogSpace,
    LabelSpace,
    LikertSpace,
    PairwiseSpace,
    SimpleSpace,
    SpanSpace,
)
from streams.events import Rejected
from streams.quality.aggregation.leaves import Leaf, leaves

REASON: Final = "label_space_changed"
SPACE_CHARS: Final = 40_000
"""Bound on a label space that has taken the place of another, as JSON text: tasks keep up to fifty of them."""

Turn = Callable[[str], str | None]
"""Returns what takes the place of a name, or None where nothing does; raises `Gone` where the answer cannot stay."""


class Gone(Exception):
    """An answer names a class that no single one has taken the place of.

    Parameters
    ----------
    name : str
        The class.
    targets : sequence of str
        What it was split into; none where it was retired.
    """

    def __init__(self, name: str, targets: Sequence[str]) -> None:
        super().__init__(name)
        self.name = name
        self.targets = tuple(targets)


def names(space: SimpleSpace) -> tuple[str, ...]:
    """Return the names that answers are made of, in their order; none where a mapping has no meaning.

    >>> names(PairwiseSpace(type="pairwise_comparison", options=["A", "B"]))
    ('A', 'B', 'tie')
    """
    match space:
        case ClassificationSpace():
            return tuple(space.classes)
        case LikertSpace():
            return tuple(map(str, range(space.min, space.max + 1)))
        case PairwiseSpace():
            return (*space.options, *["tie"] * space.allow_tie, *["both_bad"] * space.allow_both_bad)
        case SpanSpace():
            return tuple(space.labels)
        case _:
            return ()


def all_names(space: LabelSpace) -> frozenset[str]:
    """Return the names in all leaves of a label space."""
    return frozenset(name for leaf in leaves(space) for name in names(leaf.space))


def check(name: str, before: LabelSpace, after: LabelSpace, mapping: ClassMapping) -> None:
    """Raise `Rejected`, ``label_space_changed``, unless `mapping` leads from one label space to the other.

    A class that both have is the same one: it maps to nothing else. So an answer always tells which classes it means,
    however late it comes.
    """
    field = f"mappings.{name}"
    old, new = leaves(before), leaves(after)
    if before.type != after.type or [leaf.path for leaf in old] != [leaf.path for leaf in new]:
        raise Rejected(REASON, f"label_spaces.{name}: another type, or other turns; add it under a new name")
    known = all_names(before)
    for one in mapping:
        if one not in known:
            raise Rejected(REASON, f"{field}: {one!r} is no class of the label space as it was")
    if before == after:
        raise Rejected(REASON, f"{field}: label_spaces.{name} is as it was; state it as it is to be, or leave this out")
    for was, now in zip(old, new, strict=True):
        _check_leaf(name, was, now, mapping)


def _check_leaf(name: str, was: Leaf, now: Leaf, mapping: ClassMapping) -> None:
    place = ".".join(filter(None, (f"label_spaces.{name}", was.path)))
    old, new = names(was.space), names(now.space)
    if was.space == now.space and not set(mapping).intersection(old):
        return
    if not old or _frame(was.space) != _frame(now.space):
        raise Rejected(REASON, f"{place}: only its classes, options, steps or labels can be mapped; add a new one")
    for one in old:
        targets = mapping.get(one)
        if targets is None and one not in new:
            raise Rejected(REASON, f"mappings.{name}: what becomes of {one!r}? It is no longer in {place}")
        if targets is not None and one in new and targets != [one]:
            raise Rejected(REASON, f"mappings.{name}.{one}: is still in {place}, so it cannot be mapped to another")
        for target in targets or ():
            if target not in new:
                raise Rejected(REASON, f"mappings.{name}.{one}: {target!r} is not in {place}")
            if len(targets or ()) > 1 and target in old:
                raise Rejected(REASON, f"mappings.{name}.{one}: it is split into new classes, {target!r} is an old one")


def _frame(space: SimpleSpace) -> Any:
    """Return what of a label space is no name."""
    match space:
        case ClassificationSpace():
            return (space.type, space.multi)
        case SpanSpace():
            return (space.type, space.text_length)
        case _:
            return space.type


def turned(mapping: Mapping[str, Sequence[str]]) -> Turn:
    """Return what a mapping does to a name."""

    def turn(name: str) -> str | None:
        targets = mapping.get(name)
        if targets is None:
            return name
        if len(targets) > 1:
            raise Gone(name, targets)
        return targets[0] if targets else None

    return turn


def carried(space: LabelSpace, answer: Any, turn: Turn) -> Any:  # noqa: PLR0911 - a line for each task type
    """Return an answer with other names; of one that lists several, what is retired goes and the rest stands.

    What is no answer in `space` comes back as it is, as far as it is none.

    Raises
    ------
    Gone
        The answer cannot be carried over.
    """
    match space:
        case DialogSpace() if isinstance(answer, dict) and isinstance(answer.get("turns"), dict):
            return _carried_dialog(space, answer, turn)
        case ClassificationSpace(multi=True) if isinstance(answer, list) and _are_names(answer):
            kept = [name for one in answer if (name := turn(one)) is not None]
            if answer and not kept:
                raise Gone(answer[0], ())
            return list(dict.fromkeys(kept))
        case ClassificationSpace(multi=False) if isinstance(answer, str):
            return _single(answer, turn)
        case LikertSpace() if type(answer) is int:
            return int(_single(str(answer), turn))
        case PairwiseSpace() if isinstance(answer, dict) and isinstance(answer.get("winner"), str):
            return {**answer, "winner": _single(answer["winner"], turn)}
        case SpanSpace() if isinstance(answer, list):
            return list(_spans(answer, turn))
        case _:
            return answer


def used(space: LabelSpace, answer: Any) -> frozenset[str]:
    """Return the names in an answer."""
    found: set[str] = set()

    def note(name: str) -> str:
        found.add(name)
        return name

    carried(space, answer, note)
    return frozenset(found)


def _carried_dialog(space: DialogSpace, answer: dict[str, Any], turn: Turn) -> dict[str, Any]:
    turns = {
        name: carried(space.turns[name], one, turn) if name in space.turns else one
        for name, one in answer["turns"].items()
    }
    whole = {**answer, "turns": turns}
    if space.overall is not None and "overall" in answer:
        whole["overall"] = carried(space.overall, answer["overall"], turn)
    return whole


def _spans(spans: Sequence[Any], turn: Turn) -> Iterator[Any]:
    """Yield spans with other labels; where two that differed in their labels alone become one, the first of them."""
    seen: dict[tuple[str, str, str], str] = {}
    for span in spans:
        if not isinstance(span, dict) or not isinstance(span.get("label"), str):
            yield span
            continue
        before = span["label"]
        label = turn(before)
        if label is None:
            continue
        place = (str(span.get("start")), str(span.get("end")), label)
        if seen.setdefault(place, before) == before:
            yield {**span, "label": label}


def _single(name: str, turn: Turn) -> str:
    found = turn(name)
    if found is None:
        raise Gone(name, ())
    return found


def _are_names(answer: list[Any]) -> bool:
    return all(isinstance(one, str) for one in answer) and len(set(answer)) == len(answer)

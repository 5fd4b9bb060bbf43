"""Hypothesis strategies: label spaces, answers within them, and answers that are wrong at a known place."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from pydantic import TypeAdapter

from schemas import (
    ClassificationSpace,
    DialogSpace,
    FreeTextSpace,
    LabelSpace,
    LikertSpace,
    PairwiseSpace,
    RankingSpace,
    SpanSpace,
)

Space = ClassificationSpace | LikertSpace | PairwiseSpace | RankingSpace | SpanSpace | FreeTextSpace | DialogSpace
Wrong = tuple[Any, str]
Values = SearchStrategy[Any]

SPACE: TypeAdapter[Any] = TypeAdapter(LabelSpace)
STRANGER = "a name that no space has"
NO_NAME: Values = st.sampled_from([STRANGER, "", 0, True, None, ["wren"], {}])
NO_INTEGER: Values = st.sampled_from([True, False, 1.0, "1", None, [], {}])
NO_LIST: Values = st.sampled_from(["wren", 1, None, {}])
NO_OBJECT: Values = st.sampled_from(["wren", 1, None, []])

names = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12).filter(
    lambda name: name not in ("tie", "both_bad", STRANGER)
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def _names(least: int, most: int) -> SearchStrategy[list[str]]:
    return st.lists(names, min_size=least, max_size=most, unique=True)


def _space(type_: str, **fields: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(type_), **fields})


simple = st.one_of(
    _space("classification", classes=_names(2, 6), multi=st.booleans()),
    st.tuples(st.integers(-50, 50), st.integers(1, 100)).map(
        lambda ends: {"type": "likert_scale", "min": ends[0], "max": ends[0] + ends[1]}
    ),
    _space("pairwise_comparison", options=_names(2, 2), allow_tie=st.booleans(), allow_both_bad=st.booleans()),
    _space("preference_ranking", items=_names(2, 6)),
    _space("span_annotation", labels=_names(1, 4), text_length=st.none() | st.integers(1, 60)),
    _space("free_text", max_chars=st.integers(1, 40)),
)
dialogs = _space(
    "multi_turn_dialog",
    turns=st.dictionaries(names, simple, min_size=1, max_size=3),
    overall=st.none() | simple,
)
spaces: SearchStrategy[Space] = (simple | dialogs).map(SPACE.validate_python)


def answers(space: Space) -> Values:
    """Return the answers within `space`."""
    strategy: Values
    match space:
        case ClassificationSpace(classes=classes, multi=multi):
            one = st.sampled_from(classes)
            strategy = st.lists(one, min_size=1, unique=True) if multi else one
        case LikertSpace():
            strategy = st.integers(space.min, space.max)
        case PairwiseSpace():
            winners = [*space.options, *["tie"] * space.allow_tie, *["both_bad"] * space.allow_both_bad]
            strength = st.sampled_from([1, 2, 3, None])
            strategy = st.fixed_dictionaries({"winner": st.sampled_from(winners)}, optional={"strength": strength})
        case RankingSpace():
            strategy = st.permutations(space.items)
        case SpanSpace():
            strategy = st.lists(_spans(space), max_size=4)
        case FreeTextSpace():
            texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=space.max_chars)
            strategy = texts.filter(lambda text: bool(text.strip()))
        case DialogSpace():
            parts = {"turns": st.fixed_dictionaries({turn: answers(part) for turn, part in space.turns.items()})}
            if space.overall is not None:
                parts["overall"] = answers(space.overall)
            strategy = st.fixed_dictionaries(parts)
    return strategy


@st.composite
def _spans(draw: DrawFn, space: SpanSpace) -> dict[str, Any]:
    length = space.text_length or 100
    start = draw(st.integers(0, length - 1))
    end = draw(st.integers(start + 1, length))
    return {"start": start, "end": end, "label": draw(st.sampled_from(space.labels))}


@st.composite
def wrong(draw: DrawFn, space: Space) -> Wrong:
    """Draw an answer that is outside `space` at one place, and that place."""
    answer = draw(answers(space))
    strategy: SearchStrategy[Wrong]
    match space:
        case ClassificationSpace(multi=True):
            strategy = _no_name_in(answer) | _twice_in(answer) | _whole(NO_LIST | st.just([]))
        case ClassificationSpace():
            strategy = _whole(NO_NAME)
        case LikertSpace():
            strategy = _whole(NO_INTEGER | st.sampled_from([space.min - 1, space.max + 1]))
        case PairwiseSpace():
            strength = NO_INTEGER.filter(lambda value: value is not None) | st.sampled_from([0, 4, -1])
            strategy = _field(answer, "winner", NO_NAME) | _field(answer, "strength", strength) | _whole(NO_OBJECT)
        case RankingSpace():
            strategy = _no_name_in(answer) | _twice_in(answer) | _whole(NO_LIST | st.just(answer[:-1]))
        case SpanSpace():
            strategy = _wrong_span(space, [*answer, draw(_spans(space))]) | _whole(NO_LIST)
        case FreeTextSpace():
            strategy = _whole(st.sampled_from(["", " \n", "x" * (space.max_chars + 1), 1, None, ["text"]]))
        case DialogSpace():
            strategy = _wrong_dialog(space, answer) | _whole(NO_OBJECT)
    return draw(strategy)


def _whole(values: Values) -> SearchStrategy[Wrong]:
    return values.map(lambda value: (value, ""))


def _field(answer: dict[str, Any], name: str, values: Values) -> SearchStrategy[Wrong]:
    return values.map(lambda value: ({**answer, name: value}, name))


def _no_name_in(answer: list[Any]) -> SearchStrategy[Wrong]:
    """Replace an entry by something that is none of the names."""
    return st.tuples(st.integers(0, len(answer) - 1), NO_NAME).map(
        lambda at: ([*answer[: at[0]], at[1], *answer[at[0] + 1 :]], f"[{at[0]}]")
    )


def _twice_in(answer: list[Any]) -> SearchStrategy[Wrong]:
    return st.sampled_from(answer).map(lambda entry: ([*answer, entry], f"[{len(answer)}]"))


@st.composite
def _wrong_span(draw: DrawFn, space: SpanSpace, spans: list[Any]) -> Wrong:
    place = draw(st.integers(0, len(spans) - 1))
    span = spans[place]
    ends = [span["start"], span["start"] - 1, *([space.text_length + 1] if space.text_length else [])]
    wrongs = {
        "start": NO_INTEGER | st.just(-1),
        "end": NO_INTEGER | st.sampled_from(ends),
        "label": NO_NAME,
        "": NO_OBJECT,
    }
    name = draw(st.sampled_from(sorted(wrongs)))
    value = draw(wrongs[name])
    spans[place] = {**span, name: value} if name else value
    return spans, f"[{place}].{name}" if name else f"[{place}]"


@st.composite
def _wrong_dialog(draw: DrawFn, space: DialogSpace, answer: dict[str, Any]) -> Wrong:
    turn = draw(st.sampled_from(sorted(space.turns)))
    turns = answer["turns"]
    case = draw(st.sampled_from(["turn", "no turn", "other turn", "no turns", "overall"]))
    if case == "turn":
        value, path = draw(wrong(space.turns[turn]))
        return {**answer, "turns": {**turns, turn: value}}, _joined(f"turns.{turn}", path)
    if case == "no turn":
        return {**answer, "turns": {key: turns[key] for key in turns if key != turn}}, f"turns.{turn}"
    if case == "other turn":
        return {**answer, "turns": {**turns, STRANGER: turns[turn]}}, f"turns.{STRANGER}"
    if case == "no turns":
        return {**answer, "turns": draw(NO_OBJECT)}, "turns"
    if space.overall is None:
        return {**answer, "overall": "not asked for"}, "overall"
    value, path = draw(wrong(space.overall))
    return {**answer, "overall": value}, _joined("overall", path)


def _joined(prefix: str, path: str) -> str:
    return prefix + path if not path or path.startswith("[") else f"{prefix}.{path}"

"""What holds for every task type."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streams.quality.aggregation.by_type import score
from streams.quality.aggregation.free_text import normal
from streams.quality.aggregation.leaves import leaves
from streams.quality.aggregation.published import within
from streams.quality.aggregation.spans import typed
from streams.quality.aggregation.votes import Aggregate, Vote, effective_votes
from streams.quality.keys import FIXED
from tests.quality.aggregation.made import POSITIVE, WEIGHT, ballots, decided, made, renamed
from tests.schemas.answers import SPACE, Space, answers, simple, spaces

PLAIN = st.booleans()
FIELDS = {"classes", "options", "items", "labels"}
OURS = {
    *Aggregate.__struct_fields__,
    *("winner", "strength", "start", "end", "votes", "borda", "kemeny", "rule", "orders", "kendall_w"),
    *("exact_f1", "pieces", "pieces_left_out", "zero_weight", "tie", "low_agreement"),
}
"""Words that labels have of themselves: a name that is one of them would be renamed there too."""
named = simple.filter(lambda fields: bool(FIELDS.intersection(fields)))


@given(st.data(), spaces, PLAIN)
def test_the_order_of_the_votes_does_not_show(data: st.DataObject, space: Space, plain: bool) -> None:
    votes = data.draw(ballots(space))
    shuffled = data.draw(st.permutations(votes))
    one, other = decided(space, votes, plain=plain), decided(space, shuffled, plain=plain)
    assert msgspec.json.encode(one) == msgspec.json.encode(other)


@given(st.data(), spaces, st.integers(2, 1_000), PLAIN)
def test_only_ratios_of_weights_matter(data: st.DataObject, space: Space, times: int, plain: bool) -> None:
    votes = data.draw(ballots(space))
    heavier = [msgspec.structs.replace(vote, weight=vote.weight * times) for vote in votes]
    assert decided(space, votes, plain=plain) == decided(space, heavier, plain=plain)


@given(st.data(), spaces, PLAIN)
def test_what_all_say_is_the_label_and_fully_agreed(data: st.DataObject, space: Space, plain: bool) -> None:
    answer = data.draw(answers(space))
    weights = data.draw(st.lists(POSITIVE, min_size=1, max_size=6))
    result = decided(space, [Vote(answer, weight) for weight in weights], FIXED, plain=plain)
    assert result.reason is None
    assert result.agreement == 1
    assert result.vote_share == 1
    assert result.effective_votes == effective_votes(weights)
    for leaf in leaves(space):
        assert _plain(leaf.space, leaf.answer(result.label)) == _plain(leaf.space, leaf.answer(answer))


def _plain(space: Any, answer: Any) -> Any:
    """Return an answer without what a label does not keep."""
    match space.type:
        case "classification" if space.multi:
            return set(answer)
        case "span_annotation":
            return typed(answer)
        case "free_text":
            return normal(answer)
        case "pairwise_comparison":
            strength = answer.get("strength") if answer["winner"] in space.options else None
            return {"winner": answer["winner"], "strength": strength}
        case _:
            return answer


@given(st.data(), spaces, PLAIN)
def test_without_weight_there_is_no_label(data: st.DataObject, space: Space, plain: bool) -> None:
    result = decided(space, data.draw(ballots(space, st.just(0))), plain=plain)
    assert result.label is None
    assert result.reason is not None
    assert result.reason.endswith("zero_weight")
    assert result.agreement is None
    assert result.effective_votes == 0
    assert decided(space, []).reason == result.reason


@given(st.data(), spaces, st.integers(0, FIXED), PLAIN)
def test_a_label_is_an_answer_or_has_a_reason(
    data: st.DataObject, space: Space, min_agreement: int, plain: bool
) -> None:
    result = decided(space, data.draw(ballots(space)), min_agreement, plain=plain)
    assert (result.label is None) == (result.reason is not None)
    if result.label is not None:
        space.check(result.label)
        assert result.agreement is not None
        assert result.agreement >= min_agreement / FIXED - 1e-6
    for share in (result.confidence, result.vote_share, result.agreement, *result.distribution.values()):
        assert share is None or 0 <= share <= 1
    assert msgspec.json.decode(msgspec.json.encode(result), type=type(result)) == result


@given(st.data(), spaces, PLAIN)
def test_one_more_vote_for_the_label_keeps_it(data: st.DataObject, space: Space, plain: bool) -> None:
    # What is marked more often is expected more often elsewhere too: the model of spans promises no such thing.
    plain |= any(leaf.space.type == "span_annotation" for leaf in leaves(space))
    votes = data.draw(ballots(space))
    before = decided(space, votes, plain=plain)
    assume(before.label is not None)
    after = decided(space, [*votes, Vote(before.label, data.draw(WEIGHT))], plain=plain)
    for leaf in leaves(space):
        kept, label = leaf.answer(after.label), leaf.answer(before.label)
        if leaf.space.type == "pairwise_comparison":
            kept, label = kept["winner"], label["winner"]
        assert kept == label


@given(st.data(), named, PLAIN)
def test_names_do_not_decide(data: st.DataObject, fields: dict[str, Any], plain: bool) -> None:
    field = next(iter(FIELDS.intersection(fields)))
    names = {name: f"renamed {99 - place}" for place, name in enumerate(fields[field])}
    assume(names.keys().isdisjoint(OURS))
    votes = data.draw(ballots(SPACE.validate_python(fields)))
    other = SPACE.validate_python({**fields, field: list(names.values())})
    result = decided(other, [Vote(renamed(vote.answer, names), vote.weight) for vote in votes], plain=plain)
    expected = decided(SPACE.validate_python(fields), votes, plain=plain)
    assert msgspec.to_builtins(result) == renamed(msgspec.to_builtins(expected), names)


@given(st.data(), st.integers(2, 6), st.booleans())
def test_nor_does_the_order_of_classes(data: st.DataObject, n: int, multi: bool) -> None:
    classes = [f"class {number}" for number in range(n)]
    space = made(type="classification", classes=classes, multi=multi)
    other = made(type="classification", classes=data.draw(st.permutations(classes)), multi=multi)
    votes = data.draw(ballots(space))
    one, two = decided(space, votes), decided(other, votes)
    if multi and one.label is not None:
        assert sorted(one.label) == sorted(two.label)
        one, two = (msgspec.structs.replace(result, label=None) for result in (one, two))
    assert one == two


@given(st.data(), spaces)
def test_an_answer_scores_one_beside_itself_and_as_much_either_way(data: st.DataObject, space: Space) -> None:
    one, other = data.draw(answers(space)), data.draw(answers(space))
    assert score(space, one, one) == FIXED
    assert 0 <= score(space, one, other) <= FIXED
    assert score(space, one, other) == score(space, other, one)


@pytest.mark.parametrize(
    ("weights", "votes"), [([], 0), ([0, 0], 0), ([7], 1), ([5, 5, 5, 0], 3), ([3, 1], 1.6), ([1, 10**30], 1)]
)
def test_votes_count_by_their_weight(weights: list[int], votes: float) -> None:
    assert effective_votes(weights) == votes


@given(st.data(), st.lists(spaces, min_size=1, max_size=4), st.integers(0, 2_000))
def test_what_is_published_beside_labels_is_bounded(data: st.DataObject, asked: list[Space], most: int) -> None:
    found = tuple(decided(space, data.draw(ballots(space))) for space in asked)
    kept = within(found, most)
    size = sum(len(msgspec.json.encode(part)) for one in found for part in (one.distribution, one.details))
    if size <= most:
        assert kept == found
    soft = [part for one in kept for part in (one.distribution, one.details) if part and "left_out_bytes" not in part]
    assert sum(len(msgspec.json.encode(part)) for part in soft) <= most
    for one, whole in zip(kept, found, strict=True):
        assert (one.label, one.reason, one.agreement) == (whole.label, whole.reason, whole.agreement)

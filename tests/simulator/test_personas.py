"""The simulated annotators are who they are said to be."""

from __future__ import annotations

from collections import Counter
from random import Random
from statistics import mean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import Annotator as Contract
from streams.simulator.personas import Annotator, Persona, cast

SIXTY = cast(60, 4, Random(7))


def of(persona: Persona) -> list[Annotator]:
    return [annotator for annotator in SIXTY if annotator.persona is persona]


def test_sixty_annotators_are_mostly_honest_with_every_persona_among_them() -> None:
    assert Counter(annotator.persona for annotator in SIXTY) == {
        Persona.HONEST: 51,
        Persona.RANDOM_SPAMMER: 3,
        Persona.CONSTANT_SPAMMER: 2,
        Persona.SPEED_CLICKER: 3,
        Persona.ADVERSARY: 1,
    }


@given(st.integers(8, 300), st.integers(2, 8), st.integers())
def test_any_cast_is_distinct_and_its_confusions_are_distributions(count: int, classes: int, seed: int) -> None:
    people = cast(count, classes, Random(seed))
    assert len(people) == count
    assert len({annotator.annotator_id for annotator in people}) == count
    assert len({annotator.pseudonym for annotator in people}) == count
    assert {annotator.persona for annotator in people} == set(Persona)
    for annotator in people:
        assert len(annotator.confusion) == classes
        for row in annotator.confusion:
            assert len(row) == classes
            assert min(row) >= 0
            assert sum(row) == pytest.approx(1)


def test_too_few_annotators_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 8"):
        cast(7, 4, Random(1))


def test_honest_accuracies_are_spread_over_their_range() -> None:
    accuracies = [annotator.accuracy for annotator in of(Persona.HONEST)]
    assert min(accuracies) >= 0.65
    assert max(accuracies) <= 0.95
    assert max(accuracies) - min(accuracies) > 0.2
    assert len(set(accuracies)) == len(accuracies)


@pytest.mark.parametrize(
    ("persona", "accuracy"),
    [
        (Persona.RANDOM_SPAMMER, 0.25),
        (Persona.CONSTANT_SPAMMER, 0.25),
        (Persona.SPEED_CLICKER, 0.25),
        (Persona.ADVERSARY, 0.1),
    ],
)
def test_the_others_know_nothing_or_worse(persona: Persona, accuracy: float) -> None:
    for annotator in of(persona):
        assert annotator.accuracy == pytest.approx(accuracy)


def test_answers_follow_the_confusion() -> None:
    random = Random(3)
    for annotator in SIXTY:
        right = mean(annotator.answer(n % 4, random) == n % 4 for n in range(8_000))
        assert right == pytest.approx(annotator.accuracy, abs=0.03)


def test_a_constant_spammer_gives_one_answer() -> None:
    random = Random(3)
    for annotator in of(Persona.CONSTANT_SPAMMER):
        assert len({annotator.answer(n % 4, random) for n in range(100)}) == 1


def test_the_adversary_is_wrong_the_same_way_each_time() -> None:
    (adversary,) = of(Persona.ADVERSARY)
    random = Random(3)
    wrong = [adversary.answer(2, random) for _ in range(1_000)]
    assert Counter(wrong).most_common(1)[0][0] == 3
    assert set(wrong) == {2, 3}


def test_times_are_those_of_their_persona() -> None:
    random = Random(3)
    for annotator in SIXTY:
        times = [annotator.seconds(random) for _ in range(1_000)]
        if annotator.persona is Persona.SPEED_CLICKER:
            assert 1 <= min(times) <= max(times) <= 3
        else:
            assert median(times) == pytest.approx(annotator.median_s, rel=0.1)
            assert mean(times) > median(times)
            assert sum(time < 5 for time in times) < 30


def test_introductions_satisfy_the_contract_and_do_not_tell_the_persona() -> None:
    for annotator in SIXTY:
        message = annotator.message()
        Contract.model_validate(message)
        assert annotator.persona.value not in repr(message)

"""What the demo counts: labels and events once each, gold apart, and who is flagged beside who ought to be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas import Label, LabelStatus, QualityEvent
from streams.demo.campaign import CLASSES, PROJECT, Campaign
from streams.demo.standing import Standing
from streams.simulator.personas import Annotator, Persona

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def campaign() -> Campaign:
    return Campaign(3, tasks=20)


def ordinary(campaign: Campaign) -> list[str]:
    return [task["task_id"] for task in campaign.tasks if not campaign.is_gold(task["task_id"])]


def somebody(campaign: Campaign, *, honest: bool) -> Annotator:
    return next(person for person in campaign.annotators if (person.persona is Persona.HONEST) == honest)


def label(task_id: str, answer: str | None, version: int = 1, status: str = "settled") -> Label:
    fields: dict[str, Any] = {
        "task_id": task_id,
        "project": PROJECT,
        "task_type": "classification",
        "version": version,
        "status": status,
        "reason": "agreed",
        "answers": {"species": {"label": answer}},
        "votes": 3,
        "non_answers": 0,
        "policy_version": 1,
        "at": AT,
    }
    return Label.model_validate(fields)


def event(annotator: Annotator, kind: str, number: int = 1) -> QualityEvent:
    return QualityEvent.model_validate(
        {
            "event_id": f"event-{number}",
            "annotator_id": annotator.annotator_id,
            "project": PROJECT,
            "kind": kind,
            "value": 0.4,
            "n": 10,
            "policy_version": 1,
            "at": AT,
        }
    )


def wrong(campaign: Campaign, task_id: str) -> str:
    return next(name for name in CLASSES if name != campaign.truth(task_id))


def test_both_accuracies_are_of_the_settled_tasks(campaign: Campaign) -> None:
    standing = Standing(campaign)
    right, wronged, undecided, *_ = ordinary(campaign)
    for task_id in (right, wronged, undecided):
        for answer in [campaign.truth(task_id)] * 2 + [wrong(campaign, task_id)] * 3:
            standing.sent(task_id, answer)
    standing.arrived(label(right, campaign.truth(right)))
    standing.arrived(label(wronged, wrong(campaign, wronged)))
    standing.arrived(label(undecided, None, status="undecided"))
    accuracy = standing.accuracy()
    assert (accuracy.tasks, accuracy.goldstream, accuracy.majority) == (2, 0.5, 0.0)
    assert standing.accuracy_of_first_votes() == 1.0
    assert standing.undecided_right() == 0
    assert standing.statuses() == {LabelStatus.settled: 2, LabelStatus.undecided: 1}
    assert campaign.unlabelled == 17


def test_an_older_version_of_a_label_changes_nothing(campaign: Campaign) -> None:
    standing = Standing(campaign)
    task_id = ordinary(campaign)[0]
    standing.arrived(label(task_id, campaign.truth(task_id), version=2))
    standing.arrived(label(task_id, wrong(campaign, task_id), version=1))
    assert standing.accuracy().goldstream == 1.0
    standing.arrived(label(task_id, None, version=3, status="undecided"))
    assert standing.accuracy().tasks == 0


def test_gold_is_counted_apart(campaign: Campaign) -> None:
    standing = Standing(campaign)
    task_id = campaign.gold[0]["task_id"]
    standing.sent(task_id, CLASSES[0])
    standing.arrived(label(task_id, campaign.truth(task_id)))
    assert standing.gold_sent == 1
    assert not standing.statuses()
    assert standing.accuracy().tasks == 0


def test_flagged_annotators_are_caught_or_wronged_and_the_others_missed(campaign: Campaign) -> None:
    standing = Standing(campaign)
    spammer, honest = somebody(campaign, honest=False), somebody(campaign, honest=True)
    wanted = standing.verdicts().wanted
    standing.arrived(event(spammer, "below_gold_threshold", 1))
    standing.arrived(event(honest, "below_gold_threshold", 2))
    standing.arrived(event(honest, "too_fast", 3))
    verdicts = standing.verdicts()
    assert [flagged.annotator for flagged in verdicts.caught] == [spammer]
    assert [(flagged.annotator, flagged.share, flagged.gold) for flagged in verdicts.wronged] == [(honest, 0.4, 10)]
    assert len(verdicts.missed) == wanted - 1
    assert spammer not in verdicts.missed


def test_who_recovers_is_flagged_no_more_and_no_event_counts_twice(campaign: Campaign) -> None:
    standing = Standing(campaign)
    honest = somebody(campaign, honest=True)
    standing.arrived(event(honest, "below_gold_threshold", 1))
    standing.arrived(event(honest, "gold_threshold_recovered", 2))
    standing.arrived(event(honest, "below_gold_threshold", 1))
    assert standing.verdicts().wronged == []

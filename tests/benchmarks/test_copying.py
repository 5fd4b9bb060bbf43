"""Why tasks may be copied: their state does not depend on their id."""

from __future__ import annotations

import msgspec

from benchmarks.copying import counted_anew
from streams.quality.task_state import Totals
from tests.quality.campaign import Campaign


def test_a_task_of_another_id_with_the_same_content_and_votes_has_the_same_bytes() -> None:
    campaign = Campaign(redundancy=5, max_redundancy=5)
    for task_id in ("one", "another"):
        campaign.publish(task_id)
        for annotator, label in (("a", "cat"), ("b", "dog"), ("c", "cat")):
            campaign.vote(annotator, label, task_id, annotation_id=f"vote-of-{annotator}")
    first, second = (campaign.task(task_id) for task_id in ("one", "another"))
    for one, other in zip(first.entries, second.entries, strict=True):
        other.at = one.at  # the votes came at different times
    assert msgspec.json.encode(first) == msgspec.json.encode(second)
    assert campaign.task("one").phase == "open"
    assert len(campaign.task("one").entries) == 3


def test_totals_count_the_copies_too() -> None:
    encode = msgspec.json.encode
    some, whole = (b"\x01" + encode(each) for each in (Totals(open=3, votes=9), Totals(open=10, votes=30)))
    assert counted_anew(some, whole, 2) == b"\x01" + encode(Totals(open=23, votes=69))

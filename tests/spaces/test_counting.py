"""What is counted on a copy of a partition's table is what comes of the change, also while another one is under way."""

from __future__ import annotations

from schemas import Globals
from streams.engine.changelog import Changelog
from streams.quality.tasks import TaskSide
from streams.spaces.counting import tried
from tests.quality.campaign import AT, Campaign
from tests.quality.test_mapping import AFTER, BEFORE, LATER, MAPPING, ask, change, named, told


def copied(campaign: Campaign) -> Changelog:
    log = Changelog(campaign.side)
    log.absorb({key: b"\x01" + value for key, value in campaign.state.committed.items()})
    return log


def counted(campaign: Campaign, **changed: object) -> list[dict[str, object]]:
    """Return the counts, without what is nought, as `told` has them."""
    body = {"number": 1, "space": "animals", "before": BEFORE, "after": AFTER, "mapping": MAPPING}
    body |= {"change_id": "dry-run", "actor": "mara", "reason": "alike"}
    sent = Globals.model_validate({"project": "p", "version": 1, "policy_version": 2, "change": body | changed})
    sums = tried(campaign.side, copied(campaign), 0, sent, AT).sums()
    return [{"space": "animals", **{name: value for name, value in sums.items() if value}}]


def answered(campaign: Campaign) -> None:
    labels = ("cat", "fox", "wolf", "bird", "dog")
    ask(campaign, *(f"t{number}" for number in range(10)))
    for number in range(10):
        campaign.vote("a0", labels[number % 5], f"t{number}")
        campaign.vote("a1", labels[number // 2], f"t{number}")
    campaign.gold("bird", "t0")


def test_it_is_what_comes() -> None:
    campaign = named(TaskSide(batch=100))
    answered(campaign)
    before = dict(campaign.state.committed)
    expected = counted(campaign)
    assert campaign.state.committed == before
    assert expected == told(change(campaign))


def test_what_is_pending_is_done_before() -> None:
    campaign = named(TaskSide(batch=1))
    answered(campaign)
    change(campaign)
    after = AFTER | {"classes": ["feline", "dog", "duck", "goose"]}
    expected = counted(campaign, before=AFTER, after=after, mapping={"canine": []})
    events = told(change(campaign, after, {"canine": []}, number=2, before=AFTER))
    for second in range(25):
        events += told(campaign.tick(LATER + second))
    first, last = events
    assert ([last], first["tasks"]) == (expected, 10)

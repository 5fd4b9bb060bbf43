"""A task that names a redundancy of its own."""

from __future__ import annotations

import pytest

from tests.quality.campaign import Campaign, labels


def closing(campaign: Campaign, votes: int) -> list[int]:
    """Return after which of `votes` equal votes a label came."""
    return [place for place in range(1, votes + 1) if labels(campaign.vote(f"a{place}", "cat"))]


@pytest.mark.parametrize("own", [1, 2, 4, 7])
def test_it_closes_with_its_own_number_of_votes(own: int) -> None:
    campaign = Campaign(redundancy=3, max_redundancy=5)
    campaign.publish(redundancy=own)
    assert closing(campaign, 8) == [own]
    (label,) = labels(campaign.outputs)
    assert (label["status"], label["closed_by"], label["votes"]) == ("settled", "redundancy", own)


def test_without_one_the_projects_holds() -> None:
    campaign = Campaign(redundancy=3)
    campaign.publish(redundancy=None)
    assert closing(campaign, 4) == [3]


def test_below_the_projects_maximum_it_is_extended_to_it() -> None:
    campaign = Campaign(redundancy=1, max_redundancy=3)
    campaign.publish(redundancy=2)
    out = [labels(campaign.vote(who, label)) for who, label in (("a", "cat"), ("b", "dog"), ("c", "cat"))]
    assert [len(each) for each in out] == [0, 0, 1]
    assert out[2][0]["closed_by"] in {"extended", "max_redundancy"}


def test_above_the_projects_maximum_it_is_the_maximum() -> None:
    campaign = Campaign(redundancy=1, max_redundancy=1)
    campaign.publish(redundancy=2)
    campaign.vote("a", "cat")
    (label,) = labels(campaign.vote("b", "dog"))
    assert (label["status"], label["reason"], label["closed_by"]) == ("undecided", "tie", "max_redundancy")


def test_published_again_with_another_it_holds_from_the_next_vote_on() -> None:
    campaign = Campaign(redundancy=3)
    campaign.publish(redundancy=5)
    assert closing(campaign, 2) == []
    assert labels(campaign.publish(redundancy=1)) == []
    # The votes that are there are enough, so the new one is benched.
    assert labels(campaign.vote("a9", "cat"))[0]["votes"] == 2
    assert (campaign.task().counted, len(campaign.task().entries)) == (2, 3)

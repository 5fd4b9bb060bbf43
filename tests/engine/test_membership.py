"""A member that is told once that another has its name joins again; one that is told for good ends."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import UnknownMemberIdError
from aiokafka.protocol.group import HeartbeatRequest

from streams.engine import membership
from streams.engine.errors import NameTaken
from streams.engine.membership import FENCED_INSTANCE_ID, TOLD, WITHIN_S, NamedHeartbeat, speak_by_name

HEARTBEAT = HeartbeatRequest("group", 1, "member")


class Group:
    """Answers with the next of its codes, the last one again and again."""

    def __init__(self, *codes: int) -> None:
        self._codes = list(codes)
        self.asked: list[Any] = []
        self.member_id = "member-1"

    async def _send_req(self, request: Any) -> SimpleNamespace:
        self.asked.append(request)
        return SimpleNamespace(error_code=self._codes.pop(0) if len(self._codes) > 1 else self._codes[0])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(membership, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


async def test_heartbeats_and_nothing_else_get_the_name() -> None:
    group = Group(0)
    send = group._send_req
    speak_by_name(group, "name")
    await group._send_req(HEARTBEAT)
    await group._send_req("a join")
    assert isinstance(group.asked[0], NamedHeartbeat)
    assert group.asked[1] == "a join"
    assert group._send_req is not send


async def test_told_once_it_joins_again_as_one_the_group_has_forgotten() -> None:
    group = Group(FENCED_INSTANCE_ID, 0)
    speak_by_name(group, "name")
    assert (await group._send_req(HEARTBEAT)).error_code == UnknownMemberIdError.errno
    assert (await group._send_req(HEARTBEAT)).error_code == 0


async def test_told_again_and_again_it_ends_with_a_line_that_names_the_setting(clock: SimpleNamespace) -> None:
    group = Group(FENCED_INSTANCE_ID)
    speak_by_name(group, "name")
    for joined in range(TOLD - 1):
        group.member_id = f"member-{joined}"
        await group._send_req(HEARTBEAT)
        await group._send_req(HEARTBEAT)  # also under way
        clock.now += WITHIN_S / TOLD
    group.member_id = "member-once-more"
    with pytest.raises(NameTaken, match=r"instance_id 'name'.*--instance-id"):
        await group._send_req(HEARTBEAT)


async def test_told_now_and_then_it_goes_on(clock: SimpleNamespace) -> None:
    group = Group(FENCED_INSTANCE_ID)
    speak_by_name(group, "name")
    for joined in range(5 * TOLD):
        group.member_id = f"member-{joined}"
        await group._send_req(HEARTBEAT)
        clock.now += WITHIN_S / (TOLD - 1)

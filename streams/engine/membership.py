"""A static member of the group says its name with every heartbeat, and so hears when another has taken it.

aiokafka's heartbeats have no name. The group then answers the one whose name was taken like one it has forgotten: it
joins again, takes the name back, and the two drive each other out for ever, unless one of them ends.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import Any

from aiokafka.errors import UnknownMemberIdError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.group import HeartbeatRequest, HeartbeatRequest_v0, HeartbeatRequest_v1
from aiokafka.protocol.types import Int16, Int32, Schema, String

from streams.engine.errors import NameTaken

FENCED_INSTANCE_ID = 82
"""Kafka's code, which aiokafka does not know."""

TOLD, WITHIN_S = 4, 30.0
"""Who is told so often, within so many seconds, that another has its name believes it."""

log = logging.getLogger(__name__)


class NamedHeartbeatResponse_v3(Response):  # type: ignore[misc]  # noqa: N801  # no types; named as aiokafka names them
    """What the group says to it."""

    API_KEY = 12
    API_VERSION = 3
    SCHEMA = Schema(("throttle_time_ms", Int32), ("error_code", Int16))


class NamedHeartbeatRequest_v3(RequestStruct):  # type: ignore[misc]  # noqa: N801  # as above
    """The first version that has a name."""

    API_KEY = 12
    API_VERSION = 3
    RESPONSE_TYPE = NamedHeartbeatResponse_v3
    SCHEMA = Schema(
        ("group", String("utf-8")),
        ("generation_id", Int32),
        ("member_id", String("utf-8")),
        ("group_instance_id", String("utf-8")),
    )


class NamedHeartbeat(Request[HeartbeatRequest_v0 | HeartbeatRequest_v1 | NamedHeartbeatRequest_v3]):  # type: ignore[misc]  # as above
    """A heartbeat with a name, where the broker takes one.

    Parameters
    ----------
    unnamed : HeartbeatRequest
        What aiokafka would send.
    """

    API_KEY = 12

    def __init__(self, unnamed: HeartbeatRequest, instance_id: str) -> None:
        self._unnamed = unnamed
        self._instance_id = instance_id

    def build(self, request_struct_class: type[RequestStruct]) -> RequestStruct:
        """Return it in the version that was agreed upon."""
        unnamed = self._unnamed.build(HeartbeatRequest_v0)
        fields = [unnamed.group, unnamed.generation_id, unnamed.member_id]
        if request_struct_class is NamedHeartbeatRequest_v3:
            fields.append(self._instance_id)
        return request_struct_class(*fields)


def speak_by_name(coordinator: Any, instance_id: str) -> None:
    """Let a consumer's `coordinator` say its name, and raise `NameTaken` when another member has it for good."""
    coordinator._send_req = _Speaker(coordinator, instance_id)


class _Speaker:
    """Sends requests to the group by name.

    A broker that was killed may come back with members that it had replaced, and so call one an impostor that is none:
    whoever is told so joins again. With a living twin it is told again and again, and ends: the elder, who was told
    first, before the younger.
    """

    def __init__(self, coordinator: Any, instance_id: str) -> None:
        self._coordinator = coordinator
        self._send = coordinator._send_req
        self._instance_id = instance_id
        self._told: deque[float] = deque(maxlen=TOLD)
        # Several requests may be under way: each time it has joined it is told once.
        self._told_as = ""

    async def __call__(self, request: Any) -> Any:
        if isinstance(request, HeartbeatRequest):
            request = NamedHeartbeat(request, self._instance_id)
        member_id = self._coordinator.member_id
        response = await self._send(request)
        if getattr(response, "error_code", 0) == FENCED_INSTANCE_ID:
            if member_id != self._told_as:
                self._told_as = member_id
                self._note()
            response.error_code = UnknownMemberIdError.errno
        return response

    def _note(self) -> None:
        self._told.append(time.monotonic())
        if len(self._told) == TOLD and self._told[-1] - self._told[0] < WITHIN_S:
            raise NameTaken(
                f"instance_id {self._instance_id!r}: another worker has it, so this one ends: "
                "give each worker its own with --instance-id"
            )
        log.warning("the group knows another member as %r: joining again", self._instance_id)

"""A static member of the group says its name with every heartbeat, and so hears when another has taken it.

aiokafka's heartbeats have no name. The group then answers the one whose name was taken like one it has forgotten: it
joins again, takes the name back, and the two drive each other out for ever.
"""

from __future__ import annotations

from typing import Any

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.group import HeartbeatRequest, HeartbeatRequest_v0, HeartbeatRequest_v1
from aiokafka.protocol.types import Int16, Int32, Schema, String

from streams.engine.errors import NameTaken

FENCED_INSTANCE_ID = 82
"""Kafka's code, which aiokafka does not know."""


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
    """Let a consumer's `coordinator` say its name, and raise `NameTaken` once another member has it."""
    send = coordinator._send_req

    async def send_by_name(request: Any) -> Any:
        if isinstance(request, HeartbeatRequest):
            request = NamedHeartbeat(request, instance_id)
        response = await send(request)
        if getattr(response, "error_code", 0) == FENCED_INSTANCE_ID:
            raise NameTaken(
                f"instance_id {instance_id!r}: another worker has it, so this one ends: "
                "give each worker its own with --instance-id"
            )
        return response

    coordinator._send_req = send_by_name

"""Create and compare access control lists on the brokers.

aiokafka knows the requests, but its administration client has no methods for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from aiokafka import errors as kafka
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest_v1, DescribeAclsRequest
from aiokafka.protocol.api import Request

from streams.acls import Operation, Pattern, Resource, Right, reaches, rights
from streams.brokers import REQUEST_SECONDS, NotAllowed, connected
from streams.failures import Failure
from streams.refusals import not_allowed
from streams.security import client_security
from streams.settings import Settings
from streams.topics import Role

ANY_HOST = "*"
EVERYBODY = "User:*"
_ANY, _ALLOW = 1, 3
_HIDDEN = (kafka.ClusterAuthorizationFailedError.errno,)

Grants = Mapping[str, frozenset[Right]]
"""Principal to what it may do."""


class _CreateAcls(Request[CreateAclsRequest_v1]):  # type: ignore[misc]  # aiokafka has no types
    """All rights in one request, which aiokafka's own takes one by one."""

    API_KEY = CreateAclsRequest_v1.API_KEY

    def __init__(self, grants: Grants) -> None:
        self._creations = [
            (each.resource, each.name, each.pattern, principal, ANY_HOST, each.operation, _ALLOW)
            for principal, granted in grants.items()
            for each in sorted(granted)
        ]

    def build(self, request_struct_class: type[CreateAclsRequest_v1]) -> CreateAclsRequest_v1:
        return request_struct_class(self._creations)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A principal's rights in a namespace against the plan."""

    principal: str
    missing: frozenset[Right]
    superfluous: frozenset[Right]


def grants(namespace: str, principals: Mapping[Role, tuple[str, ...]]) -> Grants:
    """Return what each principal is to be given: the rights of all its roles."""
    wanted: dict[str, frozenset[Right]] = {}
    for role, names in principals.items():
        for name in names:
            wanted[name] = wanted.get(name, frozenset()) | frozenset(rights(namespace, role))
    return wanted


async def compare(settings: Settings, wanted: Grants) -> list[Comparison]:
    """Return for each principal what it lacks and what it has beyond its roles, within the namespace.

    Raises
    ------
    BrokerUnreachable
        No broker answers in time, or none lets us in.
    NotAllowed
        We may not see or change the brokers' lists.
    Failure
        The brokers keep no lists.
    """
    async with connected(settings) as admin:
        return await _compare(admin, settings, wanted)


async def apply(settings: Settings, wanted: Grants) -> list[Comparison]:
    """Create what is missing, wait until the brokers tell of it, and return what was missing; raises as `compare`."""
    async with connected(settings) as admin:
        before = await _compare(admin, settings, wanted)
        missing = {each.principal: each.missing for each in before if each.missing}
        if missing:
            answer = await admin._send_to_controller(_CreateAcls(missing))
            for code, message in answer.creation_responses:
                _require(code, message, settings, "change the access control lists", "Alter on the cluster")
            async with asyncio.timeout(REQUEST_SECONDS):
                while any(each.missing for each in await _compare(admin, settings, wanted)):  # noqa: ASYNC110 - only asking again tells
                    await asyncio.sleep(0.05)
        return before


async def _compare(admin: AIOKafkaAdminClient, settings: Settings, wanted: Grants) -> list[Comparison]:
    compared = []
    for principal, planned in {**wanted, EVERYBODY: wanted.get(EVERYBODY, frozenset[Right]())}.items():
        found = await _found(admin, settings, principal)
        held = {right for right, host in found if host == ANY_HOST}
        ours = {right for right, _ in found if reaches(settings.namespace, right)}
        compared.append(Comparison(principal, planned - held, frozenset(ours - planned)))
    return compared


async def _found(admin: AIOKafkaAdminClient, settings: Settings, principal: str) -> list[tuple[Right, str]]:
    """Return what the principal may do, and from which host."""
    answer = await admin._send_request(DescribeAclsRequest(_ANY, None, _ANY, principal, None, _ANY, _ALLOW))
    _require(
        answer.error_code, answer.error_message, settings, "see the access control lists", "Describe on the cluster"
    )
    return [
        (Right(Resource(resource), name, Pattern(pattern), Operation(operation)), host)
        for resource, name, pattern, entries in answer.resources
        for _, host, operation, _ in entries
    ]


def _require(code: int, message: str | None, settings: Settings, action: str, operation: str) -> None:
    if code == 0:
        return
    if code in _HIDDEN:
        raise NotAllowed(not_allowed(action, operation, client_security(settings)))
    if code == kafka.SecurityDisabled.errno:
        raise Failure(
            f"broker {settings.broker}: keeps no access control lists, everybody may do everything: "
            "set authorizer.class.name in its configuration"
        )
    raise Failure(f"broker {settings.broker}: does not take the lists ({kafka.for_code(code).__name__}: {message})")

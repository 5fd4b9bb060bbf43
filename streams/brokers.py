"""A connection to the brokers for administration, or one line that says why there is none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import errors as kafka
from aiokafka.admin import AIOKafkaAdminClient

from streams.failures import Failure
from streams.refusals import missing_right, refusal
from streams.security import client_security
from streams.settings import Settings

CONNECT_SECONDS = 8.0
REQUEST_SECONDS = 10.0


class BrokerUnreachable(Failure):
    """No broker answers, or none lets us in."""

    exit_code = 3


class NotAllowed(Failure):
    """The brokers know us, and do not allow what was asked."""


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Give an administration client for the length of an ``async with`` block.

    Raises
    ------
    BrokerUnreachable
        No broker answers in time, or none lets us in.
    NotAllowed
        In the block, something was asked that we have no right to.
    """
    security = client_security(settings)
    admin = AIOKafkaAdminClient(
        bootstrap_servers=settings.broker,
        client_id=f"{settings.namespace}-topics",
        request_timeout_ms=int(REQUEST_SECONDS * 1000),
        **security,
    )
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await admin.start()
        yield admin
    except (kafka.KafkaError, OSError, TimeoutError) as error:
        forbidden = missing_right(error, security)
        if forbidden is not None:
            raise NotAllowed(forbidden) from None
        heard_of = [(node.host, node.port) for node in admin._client.cluster.brokers()]
        refused = await refusal(settings.broker, security, *heard_of)
        raise BrokerUnreachable(refused or _unreachable(settings, error)) from None
    finally:
        await admin.close()


def _unreachable(settings: Settings, error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"broker {settings.broker}: does not answer in time"
    if isinstance(error, kafka.KafkaConnectionError):
        how = f"security_protocol is {settings.security_protocol}"
        return f"broker {settings.broker}: cannot be reached; is it running? ({how})"
    reason = " ".join(str(error).split()) or type(error).__name__
    return f"broker {settings.broker}: cannot be used ({reason})"

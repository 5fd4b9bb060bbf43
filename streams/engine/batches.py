"""How batches reach agents: a schema that passes them through untouched."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import faust
from faust.types import AppT, EventT, Message


class BatchSchema(faust.Schema):  # type: ignore[type-arg]  # no key or value is decoded
    """Delivers a message's `Batch` as the event's value; records are decoded by their processor."""

    def compile(self, app: AppT, **_: Any) -> Callable[..., Awaitable[EventT[Any]]]:
        """Return the decoder that Faust calls for every message; nothing is decoded, so nothing can fail to."""

        async def decode(message: Message, **_: Any) -> EventT[Any]:
            return app.create_event(None, message.value, headers={}, message=message)

        return decode

"""How batches reach agents: a schema that passes them through untouched."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import faust
from faust.types import AppT, EventT, Message


class BatchSchema(faust.Schema):  # type: ignore[type-arg]  # no key or value is decoded
    """Delivers a message's `Batch` as the event's value; records are decoded by their processor."""

    def compile(
        self, app: AppT, *, on_key_decode_error: Any = None, on_value_decode_error: Any = None, **kwargs: Any
    ) -> Callable[..., Awaitable[EventT]]:
        """Return the decoder that Faust calls for every message."""

        async def decode(message: Message, *, propagate: bool = False) -> EventT:
            return app.create_event(None, message.value, headers={}, message=message)

        return decode

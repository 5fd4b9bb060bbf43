"""The worker's event loops: uvloop's, which close TLS connections in a moment."""

from __future__ import annotations

from typing import Any, Final

import uvloop

TLS_CLOSE_S: Final = 0.5


class Loop(uvloop.Loop):
    """A loop whose TLS connections do not wait long for the other side's goodbye.

    uvloop 0.23 may miss it, and would then wait its default of 30 s, which keeps a partition from being opened. What
    is closed has nothing to say any more.
    """

    async def create_connection(self, *args: Any, **kwargs: Any) -> Any:
        """See `asyncio.loop.create_connection`."""
        if kwargs.get("ssl"):
            kwargs.setdefault("ssl_shutdown_timeout", TLS_CLOSE_S)
        return await super().create_connection(*args, **kwargs)


class LoopPolicy(uvloop.EventLoopPolicy):  # type: ignore[misc]  # deprecated, hence without a type
    """Makes them, for Faust's consumer thread as well."""

    def _loop_factory(self) -> Loop:
        return Loop()

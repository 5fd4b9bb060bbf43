"""The project side's agent."""

from __future__ import annotations

import faust
from faust.types import ChannelT, StreamT

from streams.engine.table import Table
from streams.engine.transport import Batch


def publish_settings(app: faust.App, arrivals: ChannelT[Batch], projects: Table) -> None:
    """Declare the agent that hands project settings to the other sides."""

    @app.agent(arrivals, name="publish-settings")
    async def publish(batches: StreamT[Batch]) -> None:
        """Send every change of a project's settings to each partition of the other sides."""
        async for batch in batches:
            await projects.feed(batch)

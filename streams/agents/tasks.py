"""The task side's agent."""

from __future__ import annotations

import faust
from faust.types import ChannelT, StreamT

from streams.engine.table import Table
from streams.engine.transport import Batch


def label_tasks(app: faust.App, arrivals: ChannelT[Batch], tasks: Table) -> None:
    """Declare the agent that gathers votes and emits labels."""

    @app.agent(arrivals, name="label-tasks")
    async def label(batches: StreamT[Batch]) -> None:
        """Count every scored annotation towards its task, and label the task as soon as it has enough."""
        async for batch in batches:
            await tasks.feed(batch)

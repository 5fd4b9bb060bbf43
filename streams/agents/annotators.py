"""The annotator side's agent."""

from __future__ import annotations

import faust
from faust.types import ChannelT, StreamT

from streams.engine.table import Table
from streams.engine.transport import Batch


def score_annotations(app: faust.App, arrivals: ChannelT[Batch], annotators: Table) -> None:
    """Declare the agent that scores annotations and learns from their outcomes."""

    @app.agent(arrivals, name="score-annotations")
    async def score(batches: StreamT[Batch]) -> None:
        """Score every annotation as it is submitted, and learn from every outcome as it comes back."""
        async for batch in batches:
            await annotators.feed(batch)

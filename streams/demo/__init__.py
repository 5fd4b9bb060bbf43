"""A simulated annotation campaign in real messages, with a live view, and the embedded broker it runs on.

What a worker does is not here: the demo starts one and talks to it through the broker only.
"""

from streams.demo.session import run

__all__ = ["run"]

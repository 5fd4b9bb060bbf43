"""Ctrl-C and SIGTERM: the first one ends what runs, and nothing disturbs the clearing up after it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")
Handler = Callable[[int, FrameType | None], Any] | int | None

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """For the length of a ``with`` block, turns the first SIGINT or SIGTERM into `KeyboardInterrupt`.

    Attributes
    ----------
    came : bool
        Whether one came; those that follow are ignored.
    """

    def __init__(self) -> None:
        self.came = False
        self._task: asyncio.Task[Any] | None = None
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        for number in SIGNALS:
            self._undo.callback(signal.signal, number, signal.signal(number, self._signalled))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.came:
            self._undo.close()
            return
        # The process is ending: a signal on its way out must not end it otherwise.
        self._undo.pop_all()
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in an event loop of its own; it is cancelled by a signal, and may clear up."""

        async def followed() -> T:
            self._task = asyncio.current_task()
            try:
                return await coroutine
            finally:
                self._task = None

        try:
            return asyncio.run(followed())
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None

    def _signalled(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - how handlers are called
        if self.came:
            return
        self.came = True
        if self._task is None:
            raise KeyboardInterrupt
        # The handler runs between two bytecodes of whatever the loop is at; the loop may as well be asleep.
        self._task.get_loop().call_soon_threadsafe(self._task.cancel)
